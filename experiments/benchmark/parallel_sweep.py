"""A sweep on two cores against the same sweep on one, with everything that two workers cost.

Starting the workers is part of it: whoever types `gameday sweep` waits for that too. Hence the sweep takes
as long as a small real one; a sweep of a second is not faster on two cores. The runs are those of the main
job, the storefront under breakers; the time is that of the clock on the wall, the only one that two processes
share. What the rows are does not depend on the number of workers, and that is checked here too.
"""

from __future__ import annotations

import time

from ..design import Grid
from ..result import SweepResult
from ..runner import sweep
from ..studies.breakers import breakers
from ..workers import cores_count
from .benchmark import Benchmark, Effort, Measurement, Skipped

_DESIGN = Grid({"threshold": [0.2, 0.5, 0.8, None]})
_REPLICATIONS, _QUICK_REPLICATIONS = 36, 16

PAIRS, QUICK_PAIRS = 2, 1
"""How many pairs are timed unless asked otherwise; one takes as long as many of the other benchmarks'."""


def timed_sweep(jobs: int, replications: int) -> tuple[float, SweepResult]:
    """Sweep the breakers on `jobs` processes; return the seconds on the wall, and the result."""
    start = time.perf_counter()
    result = sweep(breakers, _DESIGN, replications=replications, jobs=jobs)
    return time.perf_counter() - start, result


def _measure(effort: Effort) -> Measurement | Skipped:
    if cores_count() < 2:
        return Skipped("this process may use one core only; two are needed")
    pairs = effort.pairs_or(PAIRS, QUICK_PAIRS)
    replications = effort.choose(_REPLICATIONS, _QUICK_REPLICATIONS)
    alone, together = [], []
    for pair in range(pairs):
        if pair % 2 == 0:
            alone.append(timed_sweep(1, replications))
            together.append(timed_sweep(2, replications))
        else:
            together.append(timed_sweep(2, replications))
            alone.append(timed_sweep(1, replications))
    _require_equal_rows(alone[0][1], together[0][1])
    one, two = min(seconds for seconds, _ in alone), min(seconds for seconds, _ in together)
    ratios = [first / second for (first, _), (second, _) in zip(alone, together, strict=True)]
    return Measurement(
        value=one / two,
        detail={
            "ratio_of_minima": one / two,
            "ratio_least": min(ratios),
            "ratio_most": max(ratios),
            "pairs": pairs,
            "runs": len(alone[0][1].rows),
            "seconds_on_one_core": one,
            "seconds_on_two_cores": two,
        },
        text=(
            f"pairs from {min(ratios):.2f} to {max(ratios):.2f} ({pairs}); {len(alone[0][1].rows)} runs in "
            f"{one:.1f} s on one core, {two:.1f} s on two, workers' start included"
        ),
    )


def _require_equal_rows(alone: SweepResult, together: SweepResult) -> None:
    # As texts: a measure may be nan, which does not equal itself.
    one, two = (
        [repr((row.point, row.seed, row.measures)) for row in each.rows] for each in (alone, together)
    )
    if one != two:
        raise AssertionError("a sweep's rows must not depend on the number of workers, but these do")


PARALLEL_SWEEP = Benchmark(
    name="sweep",
    question="a sweep on two cores against the same on one",
    target=1.7,
    unit="x",
    measure=_measure,
)
"""The benchmark."""
