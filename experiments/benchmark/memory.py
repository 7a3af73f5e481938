"""Memory: how much a process holds at the most that has recorded a million requests.

It is measured in a process of its own, so that nothing else that this one has loaded or done counts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from ..provenance import ROOT
from .benchmark import Benchmark, Effort, Measurement, Skipped

REQUEST_COUNT = 1_000_000


def record_in_own_process(count: int) -> dict[str, float] | str:
    """Record `count` requests on the reference path in a new process; returns what `memory_probe` says.

    A text says why it could not. Raises `RuntimeError` with the process's last line if it failed otherwise.
    """
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-m", "experiments.benchmark.memory_probe", str(count)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        found: dict[str, float] = json.loads(done.stdout)
        return found
    said = (done.stderr.strip().splitlines() or ["nothing said"])[-1]
    if "does not tell" in said:
        return said
    raise RuntimeError(f"the process that records {count} requests failed ({done.returncode}): {said}")


def _measure(effort: Effort) -> Measurement | Skipped:
    found = record_in_own_process(REQUEST_COUNT)
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
