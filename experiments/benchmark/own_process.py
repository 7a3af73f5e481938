"""Measurements in a process of their own, so that nothing else that this one has loaded or done counts.

A module that measures is run as `python -m experiments.benchmark.MODULE COUNT`, and prints its numbers as
JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from ..provenance import ROOT

_KIB_PER_MIB = 1024.0


def measure_in_own_process(module: str, count: int) -> dict[str, float] | str:
    """Run `module` of this folder with `count` in a new process; return the numbers that it prints.

    A text says why it could not. Raises `RuntimeError` with the process's last line if it failed otherwise.
    """
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-m", f"experiments.benchmark.{module}", str(count)],
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
    raise RuntimeError(f"the process of {module} {count} failed ({done.returncode}): {said}")


def measure_here(measure: Callable[[int], dict[str, float]]) -> None:
    """Be that process: measure with the number that was given, and print what is found."""
    try:
        sys.stdout.write(json.dumps(measure(int(sys.argv[1]))) + "\n")
    except OSError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


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
