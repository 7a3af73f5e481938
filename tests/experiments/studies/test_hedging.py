"""The study of hedging: the tail of a fan-out, and what a second copy costs."""

from __future__ import annotations

from functools import lru_cache

import pytest

from experiments import Run
from experiments.studies.hedging import hedging

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
    assert ran(20, 50.0).measures["extra_load"] == pytest.approx(0.5, abs=0.05)
    assert ran(20, 99.0).measures["extra_load"] == pytest.approx(0.01, abs=0.006)


def test_budget_bounds_the_cost() -> None:
    assert ran(20, 50.0, 0.1).measures["extra_load"] <= 0.1
