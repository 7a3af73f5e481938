"""Gradient2, rule by rule, as in Netflix's `Gradient2Limit.java`, its known flaws among them."""

from __future__ import annotations

from typing import Any

import pytest

from models.resilience.shedding import Gradient2Limit

from .fed import Fed


def gradient2(limit: int = 100, long: float = 1.0, **settings: Any) -> Fed:
    """One whose long average is `long`, from calls that did not use its limit."""
    fed = Fed(Gradient2Limit(limit_initial=limit, limit_min=1, **settings))
    assert fed.feed(long, in_flight=0, times=200) == limit
    return fed


def test_as_long_as_calls_take_what_they_always_took_the_limit_grows_by_a_fifth_of_the_queue() -> None:
    fed = gradient2()
    assert [fed.feed(1.0) for _ in range(5)] == [100, 101, 102, 103, 104]  # 100.8, 101.6, ...


def test_longer_calls_are_tolerated_up_to_half_as_long_again() -> None:
    # 1.49 is within the tolerance, and 3 gives a gradient of 0.5: 0.8 of 100, and 0.2 of 54.
    assert gradient2().feed(1.49, times=2) == 101
    fed = gradient2(long_window=10**9)
    assert fed.feed(3.0) == 90


def test_the_gradient_is_never_less_than_a_half() -> None:
    assert gradient2(long_window=10**9).feed(1000.0) == 90


def test_the_tolerance_says_how_much_longer_is_all_right() -> None:
    assert gradient2(tolerance=3.0, long_window=10**9).feed(3.0, times=2) == 101
    assert gradient2(tolerance=1.0, long_window=10**9).feed(1.25) == 96  # 80 + 0.2 (80 + 4)


def test_a_limit_that_is_not_half_used_does_not_move() -> None:
    fed = gradient2()
    assert fed.feed(1.0, in_flight=49, times=9) == 100
    assert fed.feed(1.0, in_flight=50) == 100  # and something
    assert fed.feed(1.0, in_flight=51) == 101


def test_drops_are_not_looked_at() -> None:
    assert gradient2().feed(1.0, drop=True, times=2) == 101


def test_the_first_ten_samples_are_averaged_plainly() -> None:
    fed = Fed(Gradient2Limit(limit_initial=20, limit_min=1, long_window=10**9))
    fed.feed(1.0, in_flight=0, times=5)
    fed.feed(3.0, in_flight=0, times=5)
    assert fed.feed(1.0, in_flight=0) == 20
    assert fed.estimator._long == pytest.approx(2.0)  # type: ignore[attr-defined]


def test_later_ones_weigh_two_over_the_window_and_one() -> None:
    fed = Fed(Gradient2Limit(limit_initial=20, limit_min=1, long_window=7))
    fed.feed(1.0, in_flight=0, times=10)
    fed.feed(3.0, in_flight=0)
    assert fed.estimator._long == pytest.approx(1.5)  # type: ignore[attr-defined]


def test_a_long_average_of_more_than_twice_the_present_comes_down_faster() -> None:
    fed = gradient2(long=1.0, long_window=10**9)
    fed.feed(0.5, in_flight=0)
    assert fed.estimator._long == pytest.approx(1.0)  # type: ignore[attr-defined]
    fed.feed(0.49, in_flight=0)
    assert fed.estimator._long == pytest.approx(0.95)  # type: ignore[attr-defined]


def test_known_flaw_under_mild_overload_the_limit_creeps_up_to_where_queue_and_gradient_balance() -> None:
    # A gradient of 0.8 for ever ought to lower the limit; it rises from anywhere below 4 / (1 - 0.8).
    fed = Fed(Gradient2Limit(limit_initial=10, limit_min=1, tolerance=1.0, long_window=10**9))
    fed.feed(1.0, in_flight=0, times=10)
    levels = [fed.feed(1.25) for _ in range(300)]
    assert levels == sorted(levels)
    assert levels[-1] == 19  # 20, but for what is missing to it


def test_known_flaw_an_overload_that_lasts_becomes_normal_and_the_limit_creeps_to_its_maximum() -> None:
    fed = gradient2(long=1.0)
    assert fed.feed(5.0, times=100) < 20
    assert fed.feed(5.0, times=1_000) == 200


def test_calls_that_take_no_time_leave_the_gradient_at_one() -> None:
    fed = Fed(Gradient2Limit(limit_initial=100, limit_min=1))
    assert fed.feed(0.0, times=2) == 101
