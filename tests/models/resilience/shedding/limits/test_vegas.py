"""Vegas, rule by rule, as in Netflix's `VegasLimit.java`; all jitter 0.5 unless a test says otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from models.resilience.shedding import VegasLimit

from .fed import Fed


def vegas(limit: int = 20, noload: float = 1.0, **settings: Any) -> Fed:
    """One that knows how long a call takes without load."""
    fed = Fed(VegasLimit(limit_initial=limit, **settings))
    assert fed.feed(noload) == limit
    return fed


def test_the_first_sample_only_says_how_long_a_call_takes_without_load() -> None:
    assert Fed(VegasLimit()).feed(5.0) == 20


@pytest.mark.parametrize(
    ("rtt", "limit"),
    [
        (1.0, 26),  # no queue
        (20 / 19, 26),  # 1 = lg queues
        (20 / 18 - 1e-9, 21),  # 2, by a hair
        (20 / 17, 20),  # 3: neither
        (20 / 14 - 1e-9, 20),  # 6: neither
        (20 / 14 + 1e-9, 19),  # 7, by a hair
        (100.0, 19),
    ],
)
def test_the_limit_follows_the_estimated_queue(rtt: float, limit: int) -> None:
    assert vegas().feed(rtt) == limit


def test_from_a_hundred_on_the_steps_are_twice_as_long() -> None:
    assert vegas(99).feed(1.0) == 99 + 6
    assert vegas(100).feed(1.0) == 100 + 12
    assert vegas(100).feed(100 / 97) == 100 + 2  # 3, less than 6
    assert vegas(100).feed(100 / 94) == 100  # 6
    assert vegas(100).feed(100.0) == 100 - 2


def test_a_limit_that_is_not_half_used_does_not_move() -> None:
    fed = vegas()
    assert fed.feed(1.0, in_flight=9) == 20
    assert fed.feed(1.0, in_flight=10) == 26


def test_a_drop_lowers_the_limit_however_little_it_is_used() -> None:
    assert vegas().feed(1.0, in_flight=1, drop=True) == 19


def test_a_shorter_call_becomes_the_one_without_load_and_moves_nothing() -> None:
    fed = vegas()
    assert fed.feed(0.5) == 20
    assert fed.feed(1.0) == 19  # half of it is queueing now


def test_a_quick_rejection_becomes_the_one_without_load_too() -> None:
    # As it is in the source, and a reason to keep it away from what rejects at once.
    fed = vegas()
    assert fed.feed(0.001, drop=True) == 20
    assert fed.feed(1.0) == 19


def test_a_probe_takes_whatever_it_meets_for_a_call_without_load() -> None:
    fed = vegas(10, probe_multiplier=2)  # at every tenth sample, with the jitter of 0.5
    assert fed.feed(20.0, in_flight=1, times=8) == 10  # and the first: nine
    assert fed.feed(20.0) == 10  # the probe: 20 s are normal now
    assert fed.feed(20.0) == 16


def test_probes_are_spread_by_jitter_between_half_and_all_of_the_distance() -> None:
    def samples_until_probed(uniform: float) -> int:
        fed = Fed(VegasLimit(limit_initial=10, probe_multiplier=2), uniform=lambda: uniform)
        fed.feed(1.0)
        for count in range(2, 100):
            fed.feed(20.0, in_flight=1)
            if fed.estimator._rtt_noload == 20.0:  # type: ignore[attr-defined]
                return count
        raise AssertionError("no probe")

    assert [samples_until_probed(uniform) for uniform in (0.0, 0.5, 0.999999)] == [10, 15, 20]


def test_smoothing_goes_a_part_of_the_way() -> None:
    fed = vegas(smoothing=0.5)
    assert fed.feed(1.0) == 23
    assert fed.feed(1.0) == 26


def test_it_stays_within_one_and_its_maximum() -> None:
    fed = vegas(limit_max=24)
    assert fed.feed(1.0, times=3) == 24
    assert fed.feed(1.0, drop=True, times=40) == 1


def test_a_call_that_took_no_time_tells_nothing_of_time_but_a_drop_is_a_drop() -> None:
    fed = Fed(VegasLimit())
    assert fed.feed(0.0, drop=True) == 19
    assert fed.feed(2.0) == 19  # the first that took any
    assert fed.feed(0.0) == 25
