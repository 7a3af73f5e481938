"""Leaky bucket as a queue: a fixed pace, a queue of its own, and what it has in common with the meter."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.failures import Rejected
from models.resilience.rate_limits import LeakyBucket, RateLimiter, TokenBucket
from simulator import Environment
from tests.models.resilience.rate_limits.passing import admitted
from tests.models.resilience.scripted import Scripted, Seen, call_at


def pour(limit: LeakyBucket, *times: float) -> tuple[list[Seen], list[float]]:
    """What callers at the times see, and when their calls have left the bucket."""
    env = Environment()
    target = Scripted(env)
    seen = call_at(env, RateLimiter(env, target, limit), *times)
    env.run()
    return seen, target.call_times


def test_a_burst_drips_out_at_the_pace_and_what_it_cannot_hold_is_turned_away() -> None:
    # nginx, rate 4 r/s, burst 3: of six at once one passes, three are delayed, two are turned away.
    seen, left = pour(LeakyBucket(rate=4.0, queue_size_max=3), *[0.0] * 6)
    assert left == [0.0, 0.25, 0.5, 0.75]
    assert seen[4:] == [(0.0, Rejected)] * 2


def test_nothing_is_saved_up_in_a_silence() -> None:
    _, left = pour(LeakyBucket(rate=4.0, queue_size_max=3), 0.0, 100.0, 100.0, 100.0)
    assert left == [0.0, 100.0, 100.25, 100.5]


def test_calls_at_the_pace_do_not_wait_and_no_clock_ticks() -> None:
    _, left = pour(LeakyBucket(rate=4.0, queue_size_max=0), 0.1, 0.35, 0.6, 1.0)
    assert left == [0.1, 0.35, 0.6, 1.0]


def test_without_a_queue_what_comes_too_early_is_turned_away() -> None:
    seen, left = pour(LeakyBucket(rate=4.0, queue_size_max=0), 0.0, 0.2, 0.25, 0.3)
    assert left == [0.0, 0.25]
    assert [each.outcome for each in seen] == ["answer", Rejected, "answer", Rejected]


def test_with_an_endless_queue_nothing_is() -> None:
    _, left = pour(LeakyBucket(rate=4.0, queue_size_max=inf), *[0.0] * 101)
    assert left[-1] == 25.0


@pytest.mark.slow
@given(gaps=st.lists(st.integers(0, 6), max_size=60), size=st.integers(0, 3))
def test_it_turns_the_same_calls_away_as_the_meter_which_is_a_token_bucket(
    gaps: list[int], size: int
) -> None:
    # Odd sixteenths: no call comes at the instant at which another leaves.
    times = [sum(gaps[: n + 1]) / 8 + n / 1024 for n in range(len(gaps))]
    seen, left = pour(LeakyBucket(rate=3.0, queue_size_max=size), *times)
    passed = [time for time, each in zip(times, seen, strict=True) if each.outcome == "answer"]
    assert admitted(TokenBucket(rate=3.0, burst=size + 1).start(Environment()), times) == passed
    assert all(later - earlier > 1 / 3 - 1e-9 for earlier, later in pairwise(left))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rate": 0.0}, "rate must be finite and > 0 per second, got 0.0"),
        ({"queue_size_max": -1}, "queue_size_max must be a whole number >= 0 or infinite, got -1"),
        ({"queue_size_max": nan}, "queue_size_max must be a whole number >= 0 or infinite, got nan"),
        ({"queue_size_max": True}, "queue_size_max must be a whole number >= 0 or infinite, got True"),
        ({"queue_size_max": 2.5}, "queue_size_max must be a whole number >= 0 or infinite, got 2.5"),
    ],
)
def test_misuse_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(LeakyBucket(rate=1.0, queue_size_max=1), **changes)
