"""Sliding window by two counters: the published example, and where the estimate is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from models.request import Request
from models.resilience.rate_limits import SlidingWindow, SlidingWindowCounter
from simulator import Environment
from tests.models.resilience.rate_limits.passing import admitted


@pytest.mark.parametrize(("limit", "passes"), [(50, False), (51, True)])
def test_the_published_example(limit: int, passes: bool) -> None:
    # 42 in the minute before, 18 in this one, a quarter of which is over: 42 x 45/60 + 18 = 49.5 by estimate.
    allowance = SlidingWindowCounter(limit=limit, window=60.0).start(Environment())
    times = [n * 1.4 for n in range(42)] + [60.0 + n * 0.85 for n in range(18)]
    assert len(admitted(allowance, times)) == 60
    assert (admitted(allowance, [75.0]) == [75.0]) is passes


def test_the_window_before_counts_less_and_less_and_the_one_before_that_not_at_all() -> None:
    allowance = SlidingWindowCounter(limit=4, window=1.0).start(Environment())
    assert admitted(allowance, [0.5] * 5) == [0.5] * 4
    assert admitted(allowance, [1.0, 1.24, 1.25, 1.25, 1.5, 1.75]) == [1.25, 1.5, 1.75]
    allowance.env.run(until=3.0)
    assert admitted(allowance, [3.0] * 5) == [3.0] * 4


def test_a_call_that_came_early_is_held_against_its_client_for_longer_than_by_a_log() -> None:
    times = [0.0] * 4 + [1.0] * 4
    counter, log = (
        kind(limit=4, window=1.0).start(Environment()) for kind in (SlidingWindowCounter, SlidingWindow)
    )
    assert admitted(counter, times) == [0.0] * 4
    assert admitted(log, times) == times


def test_a_client_that_bursts_late_gets_nearly_twice_the_limit_into_one_window() -> None:
    times = [0.999] * 100 + [1.99] * 100
    counter, log = (
        kind(limit=100, window=1.0).start(Environment()) for kind in (SlidingWindowCounter, SlidingWindow)
    )
    assert len(admitted(counter, times)) == 199
    assert len(admitted(log, times)) == 100


@pytest.mark.slow
def test_an_overload_gets_one_call_per_window_less_than_the_limit() -> None:
    allowance = SlidingWindowCounter(limit=4, window=1.0).start(Environment())
    assert len(admitted(allowance, (n / 100 for n in range(10_000)))) == 4 + 99 * 3


def test_calls_well_below_the_limit_all_pass() -> None:
    allowance = SlidingWindowCounter(limit=4, window=1.0).start(Environment())
    assert len(admitted(allowance, (n / 3 for n in range(1_000)))) == 1_000


def test_windows_are_told_apart_however_the_clock_rounds() -> None:
    # 0.1 + 0.1 + 0.1 is more than 0.3, and 3 x 0.1 / 0.1 less than 3 for some of its multiples.
    allowance = SlidingWindowCounter(limit=1, window=0.1).start(Environment())
    allowance.env.run(until=0.05)
    assert allowance.admit(Request())
    for n in range(2, 2_000, 2):
        allowance.env.run(until=n * 0.1)
        assert allowance.admit(Request())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"limit": 0}, "limit must be a whole number >= 1, got 0"),
        ({"window": -1.0}, "window must be finite and > 0 s, got -1.0"),
    ],
)
def test_misuse_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SlidingWindowCounter(limit=1, window=1.0), **changes)
