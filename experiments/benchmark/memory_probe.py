"""A process that records requests on the reference path, and then says how much memory it ever held.

Run as `python -m experiments.benchmark.memory_probe COUNT`: prints {"rows", "peak_mib", "p99"} as JSON. The
peak is that of the whole process, interpreter and libraries included, and it asks for a percentile before it
looks, as whoever records a million requests will.
"""

from __future__ import annotations

from .own_process import measure_here, peak_mib
from .reference_path import RATE, reference_path_in_gameday

_SURPLUS = 1.01  # requests come at random: so many more are planned than must be recorded


def record_and_measure(count: int) -> dict[str, float]:
    """Record at least about `count` requests; return how many, the peak in MiB, and a percentile in s."""
    table = reference_path_in_gameday(_SURPLUS * count / RATE, seed=0)
    p99 = float(table.percentiles([99.0])[0])
    return {"rows": len(table), "peak_mib": peak_mib(), "p99": p99}


if __name__ == "__main__":
    measure_here(record_and_measure)
