"""Puts our Environment where SimPy, its tests and its examples look for SimPy's; runs in a subprocess.

Loaded in two ways, always as the top-level module `in_place` (SimPy's tests are a package called `tests`
too):

- `python -m pytest -p in_place`: SimPy's tests; writes what came of each, and counts the environments they
  were given;
- `python in_place.py SCRIPT`: one of SimPy's examples, as if it were the main program.

Two variables of the process environment say what to do: ENVIRONMENT_CLASS is `module:class`, REPORT the JSON
file to write.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
import simpy

ORIGINAL = simpy.Environment


def environment_class() -> type[simpy.Environment]:
    """Return the class named by ENVIRONMENT_CLASS."""
    module, _, name = os.environ["ENVIRONMENT_CLASS"].partition(":")
    ours: type[simpy.Environment] = getattr(importlib.import_module(module), name)
    assert issubclass(ours, ORIGINAL), f"{ours} is no simpy.Environment"
    assert ours is not ORIGINAL, "this would test SimPy against itself"
    return ours


def put_in_place(ours: type[simpy.Environment]) -> None:
    """Bind every name of SimPy's modules that means SimPy's Environment to ours.

    All but the one in `simpy.rt`: RealtimeEnvironment, a subclass made before we came, calls its base class
    by it.
    """
    for name, module in list(sys.modules.items()):
        if (name == "simpy" or name.startswith("simpy.")) and name != "simpy.rt":
            for attribute, value in list(vars(module).items()):
                if value is ORIGINAL:
                    setattr(module, attribute, ours)
    assert simpy.Environment is simpy.core.Environment is ours


class SuiteReport:
    """Collects every outcome, and which class each test's environment really had."""

    def __init__(self, ours: type[simpy.Environment]) -> None:
        self.ours = ours
        self.outcomes: dict[str, str] = {}
        self.failures: dict[str, str] = {}
        self.environment_count = 0
        self.foreign_environments: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Look at the environment that SimPy's own fixture has made for this test."""
        env = getattr(item, "funcargs", {}).get("env")
        if type(env) is self.ours:
            self.environment_count += 1
        elif env is not None:
            self.foreign_environments.append(f"{item.nodeid}: {type(env)}")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module that cannot be imported is a failure with the module's name."""
        if report.failed:
            self._note(report.nodeid, "error", report.longreprtext)

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Remember what is left out: by our table or by SimPy's own options."""
        for item in items:
            self.outcomes[item.nodeid] = "deselected"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the call's outcome, and any failure of set-up or tear-down."""
        if report.when == "call" or report.outcome != "passed":
            outcome = report.outcome if report.when == "call" or report.skipped else "error"
            self._note(report.nodeid, outcome, report.longreprtext)

    def pytest_sessionfinish(self) -> None:
        """Write the report."""
        Path(os.environ["REPORT"]).write_text(
            json.dumps(
                {
                    "simpy_version": simpy.__version__,
                    "outcomes": self.outcomes,
                    "failures": self.failures,
                    "environment_count": self.environment_count,
                    "foreign_environments": self.foreign_environments,
                }
            )
        )

    def _note(self, test: str, outcome: str, text: str) -> None:
        self.outcomes[test] = outcome
        if outcome not in ("passed", "skipped"):
            self.failures[test] = text


def pytest_configure(config: Any) -> None:
    """Take effect before SimPy's tests are imported."""
    ours = environment_class()
    put_in_place(ours)
    config.pluginmanager.register(SuiteReport(ours), "gameday-suite-report")


if __name__ == "__main__":
    put_in_place(environment_class())
    runpy.run_path(sys.argv[1], run_name="__main__")
