"""The breaker's renewal theory, and the two ways to say "N failures in a row"."""

from __future__ import annotations

import pytest

from experiments.validation.resilience import calls_to_trip, renewal
from experiments.validation.resilience.breaker_renewal import calls_to_trip_mean, rejected_share
from models.resilience import CircuitBreakerSettings, CountBased, consecutive_failures, resilience4j


def share(settings: CircuitBreakerSettings, seed: int, p: float) -> float:
    return renewal(seed, settings=settings, failure_probability=p, rate=10.0, warm_up=0.0, duration=300.0)[0]


def count_window(count: int, trial_count: int) -> CircuitBreakerSettings:
    return resilience4j(
        failure_rate_threshold=1.0,
        window=CountBased(size=count),
        minimum_calls=count,
        open_duration=1.0,
        trial_count=trial_count,
    )


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("seed", range(3))
def test_a_count_window_at_hundred_percent_is_the_same_as_failures_in_a_row(count: int, seed: int) -> None:
    in_a_row = share(consecutive_failures(count, open_duration=1.0), seed, 0.6)
    assert share(count_window(count, trial_count=1), seed, 0.6) == in_a_row > 0.0


@pytest.mark.slow
def test_with_more_trials_it_is_not() -> None:
    # Two trials must both fail for a rate of 100 %, where one did: fewer calls are rejected.
    one, two = (share(count_window(3, trial_count=trials), 1, 0.6) for trials in (1, 2))
    assert two < one


def test_formulas_by_hand() -> None:
    # Fair coin: 2 tosses for one head, 6 for two in a row, 14 for three.
    assert [calls_to_trip_mean(count, 0.5) for count in (1, 2, 3)] == [2.0, 6.0, 14.0]
    assert rejected_share(1, 0.5, 1.0, 10.0) == pytest.approx(20 / 24)


def test_a_certain_failure_trips_after_exactly_that_many_calls() -> None:
    assert calls_to_trip(1, count=4, failure_probability=1.0, trips_count=10) == (4.0,)
