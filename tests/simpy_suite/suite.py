"""Runs SimPy's tests and examples in a subprocess with an Environment of choice, and reads the results."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .left_out import LEFT_OUT

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
OURS = "simulator:Environment"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteRun:
    """What came of SimPy's tests: the outcome of each by its node id, and the text of each failure."""

    simpy_version: str
    outcomes: dict[str, str]
    failures: dict[str, str]
    environment_count: int
    foreign_environments: list[str]


def run_simpy_tests(
    sources: Path, report: Path, *, tests: str = "tests", environment_class: str = OURS
) -> SuiteRun:
    """Run SimPy's tests but those left out, with SimPy's own options, in a process of their own.

    `sources` is the unpacked distribution, `report` the file to write, `tests` a path in it,
    `environment_class` the `module:class` to put in place. Raises RuntimeError with pytest's output if there
    is no report.
    """
    # No doctests: those in SimPy's documents have an environment of their own, of which they show the inside.
    options = ["-p", "in_place", "-p", "no:cacheprovider", "--import-mode=prepend", "--doctest-glob="]
    options += [f"--deselect={entry}" for entry in LEFT_OUT]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            *options,
            "--rootdir",
            str(sources),
            "-c",
            "pyproject.toml",
            tests,
        ],
        cwd=sources,
        env=_variables(environment_class, REPORT=str(report)),
        capture_output=True,
        text=True,
        check=False,
    )
    if not report.exists():
        raise RuntimeError(f"SimPy's tests did not run:\n{done.stdout}{done.stderr}")
    return SuiteRun(**json.loads(report.read_text()))


def run_simpy_example(script: Path, *, environment_class: str = OURS) -> str:
    """Run one example of SimPy and return what it printed; raises RuntimeError if it fails."""
    done = subprocess.run(
        [sys.executable, str(HERE / "in_place.py"), str(script)],
        env=_variables(environment_class),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{script.name} failed:\n{done.stderr}")
    return done.stdout


def _variables(environment_class: str, **more: str) -> dict[str, str]:
    """The process environment: this checkout's packages first, and nothing of an outer pytest's options."""
    outer = ("PYTEST_", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(outer)}
    return (
        kept
        | {
            "PYTHONPATH": os.pathsep.join([str(HERE), str(CHECKOUT)]),
            "ENVIRONMENT_CLASS": environment_class,
        }
        | more
    )
