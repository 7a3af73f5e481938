"""One download and one run of SimPy's tests for the whole session."""

from __future__ import annotations

from pathlib import Path

import pytest

from .source_distribution import IndexUnreachable, fetch_simpy
from .suite import SuiteRun, run_simpy_tests


@pytest.fixture(scope="session")
def simpy_sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SimPy's unpacked source distribution; the one place that may skip."""
    try:
        return fetch_simpy(tmp_path_factory.mktemp("simpy-sources"))
    except IndexUnreachable as unreachable:
        pytest.skip(f"SimPy's own tests were NOT run: pip reaches no package index ({unreachable})")


@pytest.fixture(scope="session")
def simpy_run(simpy_sources: Path, tmp_path_factory: pytest.TempPathFactory) -> SuiteRun:
    """What came of SimPy's whole test suite on our Environment."""
    return run_simpy_tests(simpy_sources, tmp_path_factory.mktemp("simpy-report") / "report.json")
