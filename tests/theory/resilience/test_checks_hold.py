"""Every check holds at reduced effort; at full effort that is what `gameday validate` is for."""

from __future__ import annotations

import pickle

import pytest

from experiments.validation.experiment import TheoryCheck
from experiments.validation.resilience import CHECKS

from .replicating import verdicts

_QUICK = [check for check in CHECKS if check.group in ("retries", "breaker") and "0.5" not in check.name]
_EFFORT = {"tail": 0.1, "retries": 0.25, "backoff": 0.2, "collapse": 0.1, "breaker": 0.25}
_THOROUGH = [check for check in CHECKS if check not in _QUICK]


def test_names_are_distinct() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)


def test_every_simulation_can_be_sent_to_another_process() -> None:
    assert [pickle.loads(pickle.dumps(check)).claims for check in CHECKS] == [
        check.claims for check in CHECKS
    ]


@pytest.mark.slow
@pytest.mark.parametrize("check", _QUICK, ids=lambda check: check.name)
def test_theory_and_simulation_agree(check: TheoryCheck) -> None:
    assert set(verdicts(check, 0.1)) == {"holds"}


@pytest.mark.slow
@pytest.mark.parametrize("check", _THOROUGH, ids=lambda check: check.name)
def test_theory_or_plain_program_and_simulation_agree(check: TheoryCheck) -> None:
    assert set(verdicts(check, _EFFORT[check.group])) == {"holds"}


@pytest.mark.parametrize("group", ["retries", "backoff", "breaker"])
def test_same_seed_gives_the_same_values(group: str) -> None:
    check = next(check for check in CHECKS if check.group == group)
    assert check.simulate(3, 0.1) == check.simulate(3, 0.1) != check.simulate(4, 0.1)
