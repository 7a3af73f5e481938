"""The checks of read models hold, and each differs where theory or simulation is changed a little."""

from __future__ import annotations

import pytest

from experiments.validation import TheoryCheck
from experiments.validation.cqrs import CHECKS
from tests.theory import running
from tests.theory.running import changed, is_found_out, verdicts


def the(beginning: str) -> TheoryCheck:
    return running.the(beginning, CHECKS)


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_check_holds(check: TheoryCheck) -> None:
    assert set(verdicts(check, 0.1).values()) == {"holds"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("beginning", "setup", "by"),
    [
        ("read model that reads every 0.2 s", {"interval": 0.25}, "mean time until a commit is shown"),
        ("read model that reads every 0.2 s", {"interval": 0.0}, "P(a look lacks something)"),
        ("read model that reads every 0.2 s", {"rate": 13.0}, "mean number of commits missing"),
        ("read model that waits", {"interval": 0.02}, "mean time until a commit is shown"),
        ("read model that waits", {"rate": 40.0}, "P(a look lacks something)"),
        ("read model that can do 45.5", {"batch": 5}, ""),
        ("read model that can do 45.5", {"event_work": 0.022}, ""),
        ("read model that was away", {"event_work": 0.007}, "time until none is missing"),
        ("read model that was away", {"away": 3.5}, "commits missing when it is back"),
    ],
)
def test_another_system_differs(beginning: str, setup: dict[str, object], by: str) -> None:
    assert is_found_out(changed(the(beginning), **setup), 0.1, by=by)
