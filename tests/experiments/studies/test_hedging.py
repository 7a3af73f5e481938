"""The study of hedging: the tail of a fan-out, and what a second copy costs."""

from __future__ import annotations

from functools import lru_cache

import pytest

from experiments import Misuse, Run
from experiments.studies.hedging import hedging

from .what_is_said import means, percent, what_to_see

pytestmark = pytest.mark.slow


@lru_cache
def ran(leaves: int, after: float | None, budget: float | None = None) -> Run:
    return hedging(seed=1, leaves=leaves, after=after, budget=budget)


@pytest.mark.parametrize("leaves", [1, 20, 50])
def test_share_of_late_requests_follows_the_law(leaves: int) -> None:
    measures = ran(leaves, None).measures
    spread = (measures["law"] * (1.0 - measures["law"]) / 400) ** 0.5
    assert measures["late"] == pytest.approx(measures["law"], abs=3.5 * spread)


def test_copy_after_a_high_percentile_brings_the_tail_back() -> None:
    without, hedged = ran(20, None).measures, ran(20, 95.0).measures
    assert hedged["late"] < 0.1 * without["late"]
    assert hedged["p99"] < 0.3 * without["p99"]
    assert hedged["extra_load"] == pytest.approx(0.05, abs=0.015)


def test_shorter_delay_costs_more() -> None:
    assert ran(20, 50.0).measures["extra_load"] == pytest.approx(0.5, abs=0.03)
    assert ran(20, 99.0).measures["extra_load"] == pytest.approx(0.01, abs=0.006)


def test_budget_bounds_the_cost() -> None:
    assert ran(20, 50.0, 0.1).measures["extra_load"] == pytest.approx(0.1, abs=0.01)


def test_both_copies_late_are_what_hedging_leaves() -> None:
    # One request in a hundred: more than the 99th percentile forgives, less than the 95th does.
    measures = ran(100, 90.0).measures
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
