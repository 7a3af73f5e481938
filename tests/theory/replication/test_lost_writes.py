"""Failovers of an asynchronous replica lose what theory says, and a check of it can fail."""

from __future__ import annotations

from functools import partial
from math import sqrt

import pytest
from scipy.stats import t as student

from experiments.validation import TheoryCheck
from experiments.validation.replication.lost_writes import CHECKS, lost_between_syncs, lost_on_a_busy_link
from experiments.validation.verdict import confidence_per_claim
from tests.theory.running import changed, expecting, is_found_out, remembered, the, verdicts

BUSY, SYNCS = (the(f"failover of an asynchronous replica{which}", CHECKS) for which in (", link", " between"))


def test_an_idle_link_loses_nothing_and_a_link_that_stands_still_everything() -> None:
    assert lost_on_a_busy_link(1, sending_time=1e-9, services=1e8, crashes_count=3) == (0.0, 1.0)
    lost, none = lost_on_a_busy_link(1, sending_time=100.0, services=0.01, crashes_count=3)
    assert lost > 30.0  # of 50 writes in a second
    assert none == 0.0


def test_between_syncs_the_first_write_is_always_lost() -> None:
    assert lost_between_syncs(1, age=1e-9, crashes_count=3) == (1.0, 1.0)


def test_shares_are_counted_often_enough_to_be_judged_among_all_claims_of_validate() -> None:
    """There are some 250, and the more the wider their intervals."""
    for check in CHECKS:
        claim = check.claims[1]
        assert isinstance(check.simulate, partial)
        crashes = check.replications * check.simulate.keywords["crashes_count"]
        spread = sqrt(claim.expected * (1.0 - claim.expected) / crashes)
        quantile = student.ppf(0.5 + confidence_per_claim(300) / 2.0, check.replications - 1)
        assert quantile * spread < claim.precision * claim.expected


@pytest.mark.slow
@pytest.mark.parametrize(
    ("check", "of_a_neighbour"),
    [(BUSY, (1.05, 0.4)), (SYNCS, (1.5, 0.2231))],  # a link 60 % busy; a store that keeps the first write
    ids=["busy link", "between syncs"],
)
def test_the_store_loses_what_theory_says_and_not_what_that_of_a_neighbour_says(
    check: TheoryCheck, of_a_neighbour: tuple[float, float]
) -> None:
    once = remembered(check)
    assert "differs" not in verdicts(once, 0.2).values()
    assert "differs" in verdicts(expecting(once, *of_a_neighbour), 0.2).values()


@pytest.mark.slow
def test_a_busier_link_is_found_out() -> None:
    assert is_found_out(changed(BUSY, sending_time=0.013), 0.2)
