"""The study of hedging: the tail of a fan-out, and what a second copy costs."""

from __future__ import annotations

import pytest

from experiments import Misuse
from experiments.studies.hedging import hedging

from .what_is_said import means, percent, runs_of, what_to_see


@pytest.mark.parametrize("leaves", [1, 10, 100])
def test_share_of_late_requests_follows_the_law(leaves: int) -> None:
    """In each run of the default sweep."""
    for measures in runs_of(hedging, leaves=leaves, after=None):
        spread = (measures["law"] * (1.0 - measures["law"]) / 400) ** 0.5
        assert measures["late"] == pytest.approx(measures["law"], abs=3.5 * spread)


@pytest.mark.slow
def test_law_is_that_of_the_share_that_is_late() -> None:
    measures = hedging(seed=1, leaves=5, after=None, late_share=0.1).measures
    assert measures["law"] == pytest.approx(1.0 - 0.9**5)
    assert measures["late"] == pytest.approx(measures["law"], abs=3.5 * (0.41 * 0.59 / 400) ** 0.5)


def test_copy_after_a_high_percentile_brings_the_tail_back() -> None:
    for leaves, tail in ((10, "p99"), (100, "p95")):
        without, hedged = (means(hedging, leaves=leaves, after=after) for after in (None, 95.0))
        assert hedged["late"] < 0.1 * without["late"]
        assert hedged[tail] < 0.3 * without[tail]
        assert hedged["extra_load"] == pytest.approx(0.05, abs=0.015)


def test_shorter_delay_costs_more() -> None:
    for after, copied, bound in ((50.0, 0.5, 0.03), (99.0, 0.01, 0.006)):
        for measures in runs_of(hedging, leaves=100, after=after):
            assert measures["extra_load"] == pytest.approx(copied, abs=bound)


@pytest.mark.slow
def test_budget_bounds_the_cost() -> None:
    measures = hedging(seed=1, leaves=10, after=50.0, budget=0.1).measures
    assert measures["extra_load"] == pytest.approx(0.1, abs=0.01)


def test_both_copies_late_are_what_hedging_leaves() -> None:
    # One request in a hundred: more than the 99th percentile forgives, less than the 95th does.
    for measures in runs_of(hedging, leaves=100, after=90.0):
        assert measures["late"] == pytest.approx(0.01, abs=0.015)
        assert measures["p95"] < 0.03


def test_budget_without_copies_is_refused() -> None:
    with pytest.raises(Misuse, match=r"budget must be none with after none, .*, got 0\.1"):
        hedging(after=None, budget=0.1)


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(hedging)
    without, median, p95, p99 = (
        means(hedging, leaves=100, after=after) for after in (None, 50.0, 95.0, 99.0)
    )
    assert f"{percent(without['late'])} of the requests wait for a late one" in said
    assert f"percentile {percent(p95['late'], 1)}, for {percent(p95['extra_load'], 1)} more calls" in said
    assert f"from {1000 * without['p95']:.0f} ms to {1000 * p95['p95']:.0f} ms" in said
    assert f"{percent(median['extra_load'])} more calls and makes that {1000 * median['p95']:.0f} ms" in said
    assert f"99th percentile {percent(p99['late'])} of the requests" in said
