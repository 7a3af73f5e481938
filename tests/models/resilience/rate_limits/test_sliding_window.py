"""Sliding window by a log: so many in any window, not one more and not one fewer."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.failures import Rejected
from models.resilience.rate_limits import RateLimiter, SlidingWindow
from simulator import Environment
from tests.models.resilience.rate_limits.passing import admitted
from tests.models.resilience.scripted import Scripted, call_at


def test_a_call_at_exactly_one_window_later_no_longer_sees_the_first() -> None:
    allowance = SlidingWindow(limit=2, window=1.0).start(Environment())
    assert admitted(allowance, [0.25, 0.5, 0.75, 1.2499, 1.25, 1.3, 1.5]) == [0.25, 0.5, 1.25, 1.5]


def test_no_burst_at_an_edge_gets_more_than_the_limit() -> None:
    allowance = SlidingWindow(limit=3, window=1.0).start(Environment())
    assert admitted(allowance, [0.99] * 4 + [1.01] * 4 + [1.99] * 4) == [0.99] * 3 + [1.99] * 3


def test_a_longer_line_than_the_window_holds_goes_window_by_window() -> None:
    env = Environment()
    limiter = RateLimiter(env, Scripted(env), SlidingWindow(limit=2, window=1.0), wait_max=2.5)
    seen = call_at(env, limiter, 0.0, 0.5, *[0.75] * 6)
    env.run()
    turns = [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
    assert seen == [*((turn, "answer") for turn in turns), (0.75, Rejected)]


@pytest.mark.slow
@given(
    gaps=st.lists(st.integers(0, 6), min_size=1, max_size=40),
    limit=st.integers(1, 4),
    patience=st.sampled_from([0.0, 0.5, 1.0, 2.0, inf]),
)
def test_it_lets_pass_what_the_definition_says(gaps: list[int], limit: int, patience: float) -> None:
    times = [sum(gaps[: n + 1]) / 8 for n in range(len(gaps))]
    env = Environment()
    limiter = RateLimiter(env, Scripted(env), SlidingWindow(limit, 1.0), wait_max=patience)
    seen = call_at(env, limiter, *times)
    env.run()
    turns: list[float] = []
    wanted = []
    for time in times:
        turn = max([time, *turns[-1:]])
        while sum(turn - 1.0 < other <= turn for other in turns) >= limit:
            turn += 1 / 8
        if turn - time <= patience:
            turns.append(turn)
            wanted.append((turn, "answer"))
        else:
            wanted.append((time, Rejected))
    assert seen == wanted


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"limit": 0}, "limit must be a whole number >= 1, got 0"),
        ({"limit": 2.5}, "limit must be a whole number >= 1, got 2.5"),
        ({"window": 0.0}, "window must be finite and > 0 s, got 0.0"),
        ({"window": inf}, "window must be finite and > 0 s, got inf"),
    ],
)
def test_misuse_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SlidingWindow(limit=1, window=1.0), **changes)
