"""Every check holds at reduced effort; at full effort that is what `gameday validate` is for."""

from __future__ import annotations

import pickle
from functools import partial

import pytest

from experiments.validation import CHECKS as ALL_CHECKS
from experiments.validation import TheoryCheck
from experiments.validation.availability import CHECKS, detection, redundancy, replication_lag
from simulator.randomness import Constant

from .running import the, verdicts


def test_the_checks_are_among_those_of_validate_and_can_be_sent_to_another_process() -> None:
    assert set(CHECKS) <= set(ALL_CHECKS)
    assert {check.group for check in CHECKS} == {"availability"}
    assert [pickle.loads(pickle.dumps(check)).claims for check in CHECKS] == [
        check.claims for check in CHECKS
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("beginning", "effort"), [("one repairer", 0.05), ("at most two down", 0.05), ("data loss, mirror", 0.1)]
)
def test_theory_and_simulation_agree(beginning: str, effort: float) -> None:
    assert set(verdicts(the(beginning), effort).values()) == {"holds"}


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_theory_and_simulation_agree_at_greater_length(check: TheoryCheck) -> None:
    """As long as test_checks_can_fail needs to tell a slightly other system, and no longer."""
    assert set(verdicts(check, 0.2).values()) == {"holds"}


def test_shares_of_time_are_exact_where_nothing_is_random() -> None:
    """Two hosts, down for 1 s after 3 s up: both together, for a quarter of the time."""
    system = {"hosts_count": 2, "between": Constant(3.0), "repair": Constant(1.0), "duration": 400.0}
    assert redundancy(1, needed_count=1, **system) == (pytest.approx(0.25),)
    assert redundancy(1, needed_count=2, **system) == (pytest.approx(0.25),)


def test_same_seed_gives_the_same_values() -> None:
    check = the("data loss, mirror")
    assert check.simulate(3, 0.1) == check.simulate(3, 0.1) != check.simulate(4, 0.1)


def test_detection_lies_between_that_of_the_best_and_of_the_worst_moment() -> None:
    """From k - 1 intervals and a timeout, where a probe is sent at the crash, to one interval more."""
    times = [detection(seed, interval=5.0, strikes=3, timeout=1.0, crashes_count=1)[0] for seed in range(200)]
    assert 11.0 <= min(times) < 11.3
    assert 15.7 < max(times) <= 16.0


def test_what_a_crash_takes_is_poisson() -> None:
    """Mean and variance are alike, and the share of crashes that lose none is that of the law."""
    once = partial(replication_lag, rate=2.0, lag=Constant(0.5), crashes_count=1, lags=2.0)
    losses = [once(seed)[0] for seed in range(1_000)]
    mean = sum(losses) / 1_000
    variance = sum((loss - mean) ** 2 for loss in losses) / 999
    assert mean == pytest.approx(1.0, abs=0.1)
    assert variance == pytest.approx(1.0, abs=0.15)
    assert losses.count(0.0) / 1_000 == pytest.approx(0.368, abs=0.05)
