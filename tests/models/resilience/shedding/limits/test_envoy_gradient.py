"""Envoy's gradient controller, rule by rule, as in `gradient_controller.cc`; without jitter, mostly."""

from __future__ import annotations

from math import inf
from typing import Any

from models.resilience.shedding import EnvoyGradientLimit

from .fed import Fed

WINDOW = 0.125  # whose multiples are exact
SINCE = 1024.0  # late enough for long calls to have begun after the controller


class Controlled(Fed):
    """An estimator of a controller without jitter."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(EnvoyGradientLimit(**{"jitter": 0.0, "window": WINDOW, **settings}))
        self.request_count = int(settings.get("request_count", 50))
        self.window_start = inf

    def measure(self, min_rtt: float, at: float) -> None:
        """Let it have measured at a time."""
        self.env.run(until=at)
        self.feed(min_rtt, times=self.request_count)
        self.window_start = self.env.now

    def windows(self, *durations: float) -> list[int]:
        """Feed one sample in the middle of each of the windows that follow; return the limits after them."""
        limits = []
        for duration in durations:
            self.env.run(until=self.window_start + WINDOW / 2)
            self.feed(duration)
            self.window_start += WINDOW
            self.env.run(until=self.window_start + WINDOW / 128)
            limits.append(self.limit)
        return limits


def adapting(min_rtt: float = 0.1, **settings: Any) -> Controlled:
    """One that has just measured."""
    fed = Controlled(**settings)
    fed.measure(min_rtt, SINCE)
    return fed


def test_it_begins_by_measuring_at_its_least_and_learns_nothing_else_meanwhile() -> None:
    fed = Controlled()
    fed.env.run(until=10.0)
    fed.feed(0.1, times=49)
    fed.env.run(until=20.0)
    assert (fed.limit, fed.changes, fed.next_at()) == (3, [], inf)


def test_while_calls_take_what_was_measured_the_limit_grows_by_a_quarter_and_a_root() -> None:
    # 1.25 x 3 + sqrt(3.75) = 5.69; 6.25 + 2.5 = 8.75; 10 + 3.16; 16.25 + 4.03; 25 + 5; 37.5 + 6.12
    assert adapting().windows(*[0.1] * 6) == [5, 8, 13, 20, 30, 43]


def test_longer_calls_lower_it_in_proportion_down_to_a_half_at_a_time() -> None:
    fed = adapting()
    fed.windows(*[0.1] * 6)
    # 43 x 0.125 / 0.2 = 26.9, + 5.18; half of 32 + 4; half of 20 + 3.16
    assert fed.windows(0.2, 1.0, 100.0) == [32, 20, 13]


def test_shorter_calls_raise_it_to_twice_at_the_most() -> None:
    assert adapting().windows(0.001, 0.0) == [8, 20]  # 6 + 2.45; 16 + 4


def test_it_stays_within_its_bounds() -> None:
    fed = adapting(limit_min=4, limit_max=10)
    assert fed.windows(*[0.1] * 4, *[9.0] * 3) == [7, 10, 10, 10, 7, 5, 4]


def test_the_percentile_sums_up_both() -> None:
    fed = Controlled(request_count=100, percentile=0.07)  # 7.000000000000001 of 100
    fed.env.run(until=1.0)
    for number in range(1, 101):
        fed.feed(number / 100)
    assert fed.estimator._min_rtt == 0.07  # type: ignore[attr-defined]
    fed = Controlled(request_count=10)
    fed.env.run(until=1.0)
    for number in range(1, 11):
        fed.feed(number / 100)
    assert fed.estimator._min_rtt == 0.05  # type: ignore[attr-defined]


def test_the_buffer_is_what_calls_may_take_longer() -> None:
    assert adapting(buffer=1.0).windows(0.2) == [4]  # gradient 1: 3 + 1.73
    assert adapting(buffer=0.0).windows(0.1) == [4]


def test_a_window_without_a_call_changes_nothing_and_keeps_no_run_alive() -> None:
    fed = adapting(interval=5.0)
    fed.windows(0.1)
    fed.env.run(until=SINCE + 4.0)
    assert fed.limit == 5
    assert fed.next_at() == SINCE + 5.0  # the next measurement, and nothing before


def test_windows_follow_each_other_without_gaps_from_the_end_of_the_measurement() -> None:
    fed = adapting(window=0.25)
    fed.env.run(until=SINCE + 0.6)
    fed.feed(0.1)
    assert fed.next_at() == SINCE + 0.75
    fed.env.run(until=SINCE + 0.8)
    assert fed.changes == [5]


def test_it_measures_again_after_the_interval_and_returns_to_what_it_had() -> None:
    fed = adapting(interval=5.0, request_count=2)
    assert fed.windows(0.1, 0.1) == [5, 8]
    fed.env.run(until=SINCE + 5.001)
    assert fed.limit == 3
    fed.measure(0.4, SINCE + 6.0)
    assert (fed.limit, fed.changes) == (8, [5, 8, 3, 8])
    # 0.4 s are normal now: 8 x 1.25 + sqrt(10).
    assert fed.windows(0.4) == [13]


def test_calls_from_before_the_measurement_are_not_counted() -> None:
    fed = Controlled(request_count=2)
    fed.env.run(until=1.0)
    fed.feed(1.5, times=9)
    assert not fed.estimator._min_rtt  # type: ignore[attr-defined]
    fed.feed(1.0, times=2)
    assert fed.estimator._min_rtt == 1.0  # type: ignore[attr-defined]


def test_a_window_that_a_measurement_interrupts_is_forgotten() -> None:
    fed = adapting(interval=0.55, request_count=2)
    fed.env.run(until=SINCE + 0.54)
    fed.feed(0.01)
    fed.env.run(until=SINCE + 0.7)
    assert (fed.limit, fed.changes) == (3, [])
    fed.measure(0.1, SINCE + 1.0)
    assert fed.windows(0.1) == [5]


def test_five_windows_at_the_least_make_it_measure_again() -> None:
    fed = adapting(request_count=2)
    assert fed.windows(*[9.0] * 4) == [3] * 4
    assert fed.estimator._limit_before is None  # type: ignore[attr-defined]
    fed.windows(9.0)
    assert fed.estimator._limit_before == 3  # type: ignore[attr-defined]
    # It does not count on where it stopped.
    fed.measure(9.0, SINCE + 20.0)
    assert fed.next_at() == SINCE + 80.0
    assert fed.windows(15.0, 19.0) == [3, 3]
    assert fed.estimator._limit_before is None  # type: ignore[attr-defined]


def test_jitter_delays_the_next_measurement_by_up_to_its_share() -> None:
    def next_measurement(uniform: float) -> float:
        fed = Fed(EnvoyGradientLimit(interval=10.0, jitter=0.2, request_count=1), uniform=lambda: uniform)
        fed.env.run(until=1.0)
        fed.feed(0.1)
        return fed.next_at()

    assert [next_measurement(uniform) for uniform in (0.0, 0.5, 1.0)] == [11.0, 12.0, 13.0]


def test_without_jitter_no_seed_is_needed() -> None:
    assert EnvoyGradientLimit().is_random
    assert not EnvoyGradientLimit(jitter=0.0).is_random


def test_drops_count_by_their_duration() -> None:
    fed = adapting()
    fed.env.run(until=SINCE + 0.05)
    fed.feed(0.1, drop=True)
    fed.env.run(until=SINCE + 0.2)
    assert fed.limit == 5


def test_windows_that_do_not_fit_into_floats_end_in_time_all_the_same() -> None:
    fed = Controlled(request_count=1, window=0.1)
    fed.measure(0.1, 1.0)
    for step in range(1, 200):
        fed.env.run(until=1.0 + step * 0.1)
        fed.next_at()  # the window that ends now has ended
        fed.feed(0.1)
        assert fed.env.now < fed.next_at() < fed.env.now + 0.1 + 1e-9
