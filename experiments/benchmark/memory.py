"""Memory: how much a process holds at the most that has recorded a million requests."""

from __future__ import annotations

from .benchmark import Benchmark, Effort, Measurement, Skipped
from .own_process import measure_in_own_process

REQUEST_COUNT = 1_000_000


def _measure(effort: Effort) -> Measurement | Skipped:
    found = measure_in_own_process("memory_probe", REQUEST_COUNT)
    if isinstance(found, str):
        return Skipped(found)
    return Measurement(
        value=found["peak_mib"],
        detail={"peak_mib": found["peak_mib"], "rows": found["rows"]},
        text=f"peak of a process that has recorded {found['rows']:,} requests, Python and NumPy included",
    )


MEMORY = Benchmark(
    name="memory",
    question=f"peak memory of a process that has recorded {REQUEST_COUNT:,} requests on the reference path",
    target=400.0,
    unit="MiB",
    measure=_measure,
    is_floor=False,
    is_timed=False,
)
"""The benchmark."""
