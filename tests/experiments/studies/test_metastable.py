"""The study of metastable failure: what stays down, what does not, and what ends it."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import pytest

from experiments import Misuse, Run
from experiments.studies.metastable import CAPACITY, REMEDIES, TRIGGER_AT, metastable

from .what_is_said import Measures, means, runs_of, what_to_see


@lru_cache
def ran(**parameters: Any) -> Run:
    return metastable(seed=2, **parameters)


def swept(load: float, remedy: str = "none", **relief: str) -> list[Measures]:
    """Return what was measured in each run of a point of the default sweep."""
    return runs_of(metastable, load=load, remedy=remedy, **relief)


def test_overload_without_a_remedy_outlives_its_trigger() -> None:
    for measures in swept(0.6):
        assert measures["goodput_before"] > 0.99
        assert measures["goodput_after"] < 0.01
        assert measures["recovered"] == 0.0
        assert measures["recover_time"] == math.inf
        assert measures["attempts_after"] == pytest.approx(3.0, abs=0.1)
        assert measures["wasted_after"] > 0.99


def test_below_the_vulnerable_load_it_comes_back_by_itself() -> None:
    assert [measures["recovered"] for measures in swept(0.3)] == [1.0, 1.0, 1.0]


@pytest.mark.slow
def test_without_a_trigger_that_is_large_enough_the_same_load_is_carried() -> None:
    measures = ran(load=0.6, size=1.2).measures
    assert measures["goodput_after"] > 0.99
    assert measures["attempts_after"] == pytest.approx(1.0, abs=0.02)


@pytest.mark.slow
def test_slow_server_is_a_trigger_too() -> None:
    assert ran(load=0.6, trigger="slow", size=0.3).measures["recovered"] == 0.0
    assert ran(load=0.6, trigger="slow", size=0.9).measures["recovered"] == 1.0


def test_backoff_alone_is_no_remedy() -> None:
    # It spreads the retries over time, and in the long run there are as many.
    for measures in swept(0.6, "backoff"):
        assert measures["recovered"] == 0.0
        assert measures["attempts_after"] == pytest.approx(3.0, abs=0.2)


@pytest.mark.parametrize("remedy", [name for name in REMEDIES if name not in ("none", "backoff")])
def test_remedy_brings_it_back(remedy: str) -> None:
    for measures in swept(0.6, remedy):
        assert measures["goodput_after"] > 0.98
        assert measures["recover_time"] < 30.0
        assert measures["queue_after"] < 20.0


@pytest.mark.parametrize("remedy", ["budget", "one attempt", "lifo"])
def test_remedy_that_is_slow_near_capacity_is_no_failure(remedy: str) -> None:
    # A queue of a thousand drains at 20/s.
    for measures in swept(0.8, remedy):
        assert measures["goodput_after"] > 0.95
        assert measures["recover_time"] < 70.0


def test_rejections_are_no_work() -> None:
    # Youngest first turns the oldest away, who have long gone, for as long as its queue is full.
    assert max(measures["wasted_after"] for measures in swept(0.8, "lifo")) < 0.1


@pytest.mark.parametrize("relief", ["restart", "fewer users"])
def test_relief_ends_it(relief: str) -> None:
    for measures in swept(0.6, relief=relief):
        assert measures["recovered"] == 1.0
        # It was down until something was done, 20 s after the trigger.
        assert 15.0 < measures["recover_time"] < 45.0


@pytest.mark.slow
def test_goodput_never_exceeds_what_the_server_can_do_for_long() -> None:
    run = ran(load=0.6, remedy="queue age")
    assert run.detail.goodput(10.0).values.max() < 1.1 * CAPACITY
    assert run.detail.goodput(10.0).values[: int(TRIGGER_AT // 10)].mean() == pytest.approx(60.0, rel=0.15)


def test_trigger_that_is_none_is_refused() -> None:
    with pytest.raises(Misuse, match=r"size must be > 1 for a spike, .*, got 0.5"):
        metastable(seed=1, size=0.5)
    with pytest.raises(Misuse, match="size must be < 1 for a slow server"):
        metastable(seed=1, trigger="slow", size=2.5)


def of_sweep(load: float, remedy: str, **relief: str) -> dict[str, float]:
    return means(metastable, load=load, remedy=remedy, **relief)


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(metastable)
    for remedy in ("none", "backoff"):
        assert of_sweep(0.4, remedy)["recovered"] == 1.0
        assert of_sweep(0.5, remedy)["recovered"] == 0.0
    lost = of_sweep(0.6, "none")
    assert f"{lost['attempts_after']:.1f} attempts per request, a queue of {lost['queue_after']:,.0f}" in said
    assert lost["wasted_after"] == 1.0
    slow = {
        (remedy, load): of_sweep(load, remedy) for remedy in ("budget", "one attempt") for load in (0.6, 0.8)
    }
    for (_, load), found in slow.items():
        assert f"in {found['recover_time']:.0f} s at {load:.0%}".replace("%", " %") in said
    assert f"A breaker takes {of_sweep(0.8, 'breaker')['recover_time']:.0f} s at 80 %" in said
    for remedy in ("deadlines", "queue age", "lifo", "adaptive limit"):
        assert of_sweep(0.8, remedy)["recover_time"] <= 3.0
    restart, fewer = (
        of_sweep(0.6, "none", relief=relief)["recover_time"] for relief in ("restart", "fewer users")
    )
    assert f"at once, {restart:.0f} s after the trigger; fewer users in {fewer:.0f} s" in said
