"""A process that records requests on the reference path, and then says how much memory it ever held.

Run as `python -m experiments.benchmark.memory_probe COUNT`: prints {"rows", "peak_mib", "p99"} as JSON. The
peak is that of the whole process, interpreter and libraries included, and it asks for a percentile before it
looks, as whoever records a million requests will.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .reference_path import RATE, reference_path_in_gameday

_KIB_PER_MIB = 1024.0
_SURPLUS = 1.01  # requests come at random: so many more are planned than must be recorded


def record_and_measure(count: int) -> dict[str, float]:
    """Record at least about `count` requests; return how many, the peak in MiB, and a percentile in s."""
    table = reference_path_in_gameday(_SURPLUS * count / RATE, seed=0)
    p99 = float(table.percentiles([99.0])[0])
    return {"rows": len(table), "peak_mib": peak_mib(), "p99": p99}


def peak_mib() -> float:
    """Return the most memory this process has held at once, in MiB; raises OSError where nobody tells."""
    # Linux's ru_maxrss of a process that another one started is at least what that one held when it did so
    # (it survives `exec`). The kernel's mark in /proc is of this program alone.
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1]) / _KIB_PER_MIB
    try:
        import resource
    except ImportError:
        raise OSError("this platform does not tell a process's peak memory") from None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (
        peak / _KIB_PER_MIB**2 if sys.platform == "darwin" else peak / _KIB_PER_MIB
    )  # bytes there, KiB here


if __name__ == "__main__":
    try:
        sys.stdout.write(json.dumps(record_and_measure(int(sys.argv[1]))) + "\n")
    except OSError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
