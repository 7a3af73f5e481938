"""SimPy's own test suite passes on our Environment, and the harness would notice if it did not."""

from __future__ import annotations

import importlib.metadata
import os
import socket
from pathlib import Path

import pytest

from .left_out import LEFT_OUT, reason_left_out
from .source_distribution import IndexUnreachable, fetch_simpy, unreachable_line
from .suite import SuiteRun, run_simpy_tests

# SimPy 4.1.2 has 132 tests that are not left out, all but one with an environment; far fewer: the harness
# misses some.
TEST_COUNT_MIN = 125

pytestmark = [pytest.mark.slow, pytest.mark.network]


def test_every_simpy_test_passes_on_our_environment(simpy_run: SuiteRun) -> None:
    required = {test for test in simpy_run.outcomes if reason_left_out(test) is None}
    failed = sorted(test for test in required if simpy_run.outcomes[test] != "passed")
    texts = [f"=== {test}\n{simpy_run.failures.get(test, simpy_run.outcomes[test])}" for test in failed]
    headline = f"{len(failed)} of SimPy's {len(required)} tests fail on our Environment"
    assert not failed, "\n\n".join([headline, *failed, *texts])
    assert len(required) >= TEST_COUNT_MIN


def test_simpy_tests_ran_on_our_environment_and_no_other(simpy_run: SuiteRun) -> None:
    assert simpy_run.foreign_environments == []
    assert simpy_run.environment_count >= TEST_COUNT_MIN


def test_simpy_tests_are_those_of_the_installed_version(simpy_run: SuiteRun, simpy_sources: Path) -> None:
    assert simpy_run.simpy_version == importlib.metadata.version("simpy")
    assert simpy_sources.name == f"simpy-{simpy_run.simpy_version}"


def test_every_left_out_entry_names_a_test_that_exists(simpy_run: SuiteRun) -> None:
    modules = {test.partition("::")[0] for test in simpy_run.outcomes}
    functions = {test.partition("[")[0] for test in simpy_run.outcomes}
    assert LEFT_OUT.keys() <= modules | functions


def test_late_environment_fails_where_a_faithful_one_passes(simpy_sources: Path, tmp_path: Path) -> None:
    late, faithful = (
        run_simpy_tests(
            simpy_sources,
            tmp_path / f"{name}.json",
            tests="tests/test_timeout.py",
            environment_class=f"unfaithful:{name}",
        )
        for name in ("LateTimeouts", "FaithfulSubclass")
    )
    assert "tests/test_timeout.py::test_discrete_time_steps" in late.failures
    assert faithful.failures == {}
    assert faithful.environment_count == late.environment_count > 0


def test_only_an_unreachable_index_is_taken_for_one(tmp_path: Path) -> None:
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        port = nobody_listens.getsockname()[1]
        offline = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
        offline |= {"PIP_INDEX_URL": f"http://127.0.0.1:{port}/", "PIP_CONFIG_FILE": os.devnull}
        with pytest.raises(IndexUnreachable):
            fetch_simpy(tmp_path, environment_variables=offline)


def test_an_index_that_answers_no_is_a_failure_not_a_skip() -> None:
    answer = "ERROR: Could not find a version that satisfies simpy==99.0 (from versions: 2.0.1, 4.1.2)"
    assert unreachable_line(answer) is None
    assert unreachable_line(f"WARNING: Retrying after 'Connection refused'\n{answer}") is None
