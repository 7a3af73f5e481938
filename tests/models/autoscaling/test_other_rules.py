"""Schedules, backlogs, and the largest of several rules."""

from __future__ import annotations

import pytest

from models.autoscaling import (
    BacklogPerInstance,
    Largest,
    ScheduledCount,
    ScheduledScaling,
    TargetTracking,
    acceptable_backlog,
)
from models.autoscaling.rule import Decision, ScalingController

from .observing import observed

HOUR = 3_600.0


# -- by the time of day


def test_the_schedule_says_what_is_wanted_at_each_time_of_each_day() -> None:
    rule = ScheduledScaling(count_max=20, times=(ScheduledCount(8 * HOUR, 20), ScheduledCount(20 * HOUR, 4)))
    times = [0.0, 8 * HOUR - 1, 8 * HOUR, 19.99 * HOUR, 20 * HOUR, 24 * HOUR, 32 * HOUR, 45 * HOUR]
    assert [rule.count_at(time) for time in times] == [4, 4, 20, 20, 4, 4, 20, 4]


def test_the_schedule_keeps_to_its_bounds_and_needs_no_metric() -> None:
    rule = ScheduledScaling(count_max=20, times=(ScheduledCount(0.0, 50),))
    assert rule.controller().decide(observed([None] * 3)) == Decision(20, "scheduled")


@pytest.mark.parametrize(
    ("times", "text"),
    [
        ((), "times must be one or more"),
        ((ScheduledCount(60.0, 1),), r"time must lie in \[0, 60\) s, got 60.0"),
        ((ScheduledCount(5.0, 1), ScheduledCount(5.0, 2)), "times must be in order"),
        ((ScheduledCount(5.0, -1),), "count of a time must be a whole number >= 0, got -1"),
    ],
)
def test_misuse_of_a_schedule(times: tuple[ScheduledCount, ...], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        ScheduledScaling(period=60.0, times=times)


# -- by what waits


def backlog(**settings: object) -> BacklogPerInstance:
    return BacklogPerInstance(**{"count_max": 100, "acceptable": 100.0, **settings})  # type: ignore[arg-type]


def count_of(controller: ScalingController, waiting: float, count: int, now: float = 15.0) -> int:
    return controller.decide(observed([None] * count, now=now, backlog=waiting)).count


def test_the_documentations_example_of_a_queue() -> None:
    """A message takes 0.1 s and may wait for 10 s: 100 for each instance, 1,500 ask for 15."""
    assert acceptable_backlog(latency=10.0, service=0.1) == pytest.approx(100.0)
    assert count_of(backlog().controller(), 1_500.0, 10) == 15
    assert count_of(backlog().controller(), 1_501.0, 10) == 16
    assert count_of(backlog(acceptable=10.0 / 0.1).controller(), 1_500.0, 10) == 15


def test_shrinks_to_the_highest_number_of_the_last_minutes() -> None:
    controller = backlog().controller()
    assert count_of(controller, 800.0, 8, now=0.0) == 8
    assert count_of(controller, 200.0, 8, now=100.0) == 8
    assert count_of(controller, 150.0, 8, now=299.0) == 8
    assert count_of(controller, 150.0, 8, now=300.0) == 2


def test_zero_only_after_it_was_idle_for_long_and_from_zero_at_once() -> None:
    controller = backlog(count_min=0, stabilisation_window=0.0).controller()
    assert count_of(controller, 0.0, 5, now=0.0) == 1
    assert count_of(controller, 0.0, 1, now=299.0) == 1
    assert count_of(controller, 0.0, 1, now=300.0) == 0
    assert count_of(controller, 0.0, 0, now=315.0) == 0
    assert count_of(controller, 1.0, 0, now=330.0) == 1
    assert count_of(controller, 0.0, 1, now=345.0) == 1  # idle anew


def test_who_has_none_and_nothing_to_do_starts_none() -> None:
    assert count_of(backlog(count_min=0).controller(), 0.0, 0) == 0


def test_what_was_asked_for_lately_keeps_what_is_there_and_adds_nothing() -> None:
    controller = backlog().controller()
    assert count_of(controller, 800.0, 3, now=0.0) == 8
    assert count_of(controller, 200.0, 3, now=15.0) == 3  # somebody else has set it back


def test_little_enough_is_as_good_as_nothing() -> None:
    controller = backlog(count_min=0, activation=5.0, idle_time=0.0, stabilisation_window=0.0).controller()
    assert count_of(controller, 5.0, 0) == 0
    assert count_of(controller, 6.0, 0) == 1


def test_a_backlog_that_is_missing_changes_nothing() -> None:
    assert backlog().controller().decide(observed([None] * 4)) == Decision(4, "backlog is missing")


def test_misuse_of_a_backlog() -> None:
    with pytest.raises(ValueError, match=r"acceptable must be finite and > 0, got 0.0"):
        backlog(acceptable=0.0)
    with pytest.raises(ValueError, match=r"service must be finite and > 0 s, got 0.0"):
        acceptable_backlog(latency=1.0, service=0.0)


# -- the largest


def test_a_schedule_is_a_floor_for_what_follows_a_metric() -> None:
    schedule = ScheduledScaling(
        count_max=20, interval=60.0, period=1_200.0, times=(ScheduledCount(0.0, 2), ScheduledCount(600.0, 8))
    )
    tracking = TargetTracking(count_max=20, metric="load", target=0.5, out_datapoints=1, in_datapoints=1)
    controller = Largest(count_max=20, interval=60.0, rules=(tracking, schedule)).controller()
    assert controller.decide(observed([0.9] * 4, now=60.0)) == Decision(8, "load above target")
    assert controller.decide(observed([0.1] * 4, now=660.0)) == Decision(8, "scheduled")
    controller.scaled(660.0, 4, 8)
    assert controller.decide(observed([0.1] * 8, now=1_260.0)).count == 2


def test_the_whole_keeps_to_its_own_bounds() -> None:
    tracking = TargetTracking(count_max=20, metric="load", target=0.5, out_datapoints=1)
    controller = Largest(count_max=6, interval=60.0, rules=(tracking, tracking)).controller()
    assert controller.decide(observed([0.9] * 4)).count == 6


def test_each_rule_hears_of_what_was_done_whichever_asked_for_it() -> None:
    """Those on their way are part of the next step: 4 at 0.9 ask for 8 again, and 8 would ask for 15."""
    tracking = TargetTracking(count_max=20, metric="load", target=0.5, out_datapoints=1)
    controller = Largest(count_max=20, interval=60.0, rules=(tracking, tracking)).controller()
    assert controller.decide(observed([0.9] * 4, now=60.0)).count == 8
    controller.scaled(60.0, 4, 8)
    assert controller.decide(observed([0.9] * 4, now=120.0, pending=4)).count == 8


def test_misuse_of_the_largest() -> None:
    rule = backlog()
    with pytest.raises(ValueError, match="rules must be two or more"):
        Largest(rules=(rule,))
    with pytest.raises(ValueError, match="interval of each rule must be 60 s, got 15"):
        Largest(interval=60.0, rules=(rule, rule))
