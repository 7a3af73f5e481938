"""Short runs of the storefront studies, shared by the tests: a sixth of the usual length."""

from typing import Any

from experiments import Grid, InProcess, SweepResult, sweep
from experiments.studies.breakers import breakers
from experiments.studies.timeouts import timeouts

DURATION = 15.0

CSV_TRACE = "time,operation,key,size\n" + "".join(
    f"{index * 0.025:.3f},{'post' if index % 4 == 0 else 'get'},/page/{index % 7},100\n"
    for index in range(800)
)
"""Twenty seconds of forty requests per second, of which a fourth write."""


def short_sweep(name: str, grid: dict[str, Any], **fixed: Any) -> SweepResult:
    """Sweep a study over `grid` with two replications, in this process."""
    study = {"breakers": breakers, "timeouts": timeouts}[name]
    return sweep(
        study, Grid(grid), fixed={"duration": DURATION, **fixed}, replications=2, executor=InProcess()
    )
