"""AIMD, rule by rule, as in Netflix's `AIMDLimit.java`."""

from __future__ import annotations

from models.resilience.shedding import AimdLimit

from .fed import Fed


def test_a_good_call_at_the_limit_adds_one() -> None:
    fed = Fed(AimdLimit(limit_initial=10, limit_min=1))
    assert fed.feed(0.1, in_flight=10) == 11


def test_a_good_call_adds_one_from_half_of_the_limit_on() -> None:
    fed = Fed(AimdLimit(limit_initial=10, limit_min=1))
    assert fed.feed(0.1, in_flight=4) == 10
    assert fed.feed(0.1, in_flight=5) == 11
    assert fed.feed(0.1, in_flight=5) == 11


def test_a_drop_takes_a_tenth_rounded_down() -> None:
    fed = Fed(AimdLimit(limit_initial=10, limit_min=1))
    assert [fed.feed(0.1, drop=True) for _ in range(10)] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 1]


def test_a_drop_counts_however_little_the_limit_is_used() -> None:
    assert Fed(AimdLimit(limit_initial=10, limit_min=1)).feed(0.1, in_flight=1, drop=True) == 9


def test_a_call_longer_than_the_timeout_is_a_drop_and_one_as_long_is_not() -> None:
    fed = Fed(AimdLimit(limit_initial=10, limit_min=1, timeout=0.5))
    assert fed.feed(0.5) == 11
    assert fed.feed(0.5000001) == 9


def test_the_backoff_ratio_says_what_is_left() -> None:
    assert Fed(AimdLimit(limit_initial=100, limit_min=1, backoff_ratio=0.5)).feed(0.1, drop=True) == 50


def test_it_stays_within_its_bounds() -> None:
    fed = Fed(AimdLimit(limit_initial=20, limit_min=18, limit_max=22))
    assert fed.feed(0.1, times=9) == 22
    assert fed.feed(0.1, drop=True, times=9) == 18
