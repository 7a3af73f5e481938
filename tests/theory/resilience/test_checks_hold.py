"""Every check holds at reduced effort; at full effort that is what `gameday validate` is for."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

from experiments.validation.experiment import TheoryCheck
from experiments.validation.resilience import CHECKS

from ..running import remembered
from .replicating import the, verdicts

_QUICK = [check for check in CHECKS if check.group in ("retries", "breaker") and "0.5" not in check.name]
# As long as test_checks_can_fail needs to find a slightly other system out, and no longer.
_EFFORT = {"tail": 0.1, "retries": 0.2, "backoff": 0.1, "collapse": 0.1, "breaker": 0.25}
_SPIKES = [check for check in CHECKS if check.name.startswith("collapse after a spike")]
_THOROUGH = [check for check in CHECKS if check not in (*_QUICK, *_SPIKES)]


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


@pytest.mark.slow
def test_a_spike_is_not_got_over_without_backoff_and_neither_is_taken_for_the_other() -> None:
    """Two lots of runs, each judged by both claims."""
    without, with_jitter = (
        remembered(the(f"collapse after a spike, {backoff}")) for backoff in ("no backoff", "backoff")
    )
    assert [without.name, with_jitter.name] == [check.name for check in _SPIKES]
    for check, other in ((without, with_jitter), (with_jitter, without)):
        assert verdicts(check, _EFFORT["collapse"]) == ["holds"]
        assert verdicts(replace(check, simulate=other.simulate), _EFFORT["collapse"]) == ["differs"]


@pytest.mark.parametrize("group", ["retries", "backoff", "breaker"])
def test_same_seed_gives_the_same_values(group: str) -> None:
    check = next(check for check in CHECKS if check.group == group)
    assert check.simulate(3, 0.1) == check.simulate(3, 0.1) != check.simulate(4, 0.1)
