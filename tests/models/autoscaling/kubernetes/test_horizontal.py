"""The rule of Kubernetes as a whole: order of its parts, stabilisation, limits."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from models.autoscaling.kubernetes import (
    DOWN,
    UP,
    Behaviour,
    CountLimit,
    HorizontalPodAutoscaler,
    InstanceMetric,
    PercentLimit,
    TotalMetric,
)
from models.autoscaling.rule import Decision

from ..observing import observed

LOAD = InstanceMetric(name="load", target=100.0)
QUEUE = TotalMetric(name="queue", target=10.0)
AT_ONCE = Behaviour(limits=DOWN.limits)
ANY_NUMBER = Behaviour(limits=(CountLimit(1_000, 15.0),))


def rule(**settings: object) -> HorizontalPodAutoscaler:
    return HorizontalPodAutoscaler(**{"count_max": 100, "metrics": (LOAD,), **settings})  # type: ignore[arg-type]


def run(made: HorizontalPodAutoscaler, start: int, demands: Sequence[float]) -> list[int]:
    """The numbers over time, each followed at once, for a total demand that instances share, every 15 s."""
    controller, count, counts = made.controller(), start, []
    for step, demand in enumerate(demands):
        now = 15.0 * step
        before = count
        count = controller.decide(observed([demand / count] * count, now=now)).count
        if count != before:
            controller.scaled(now, before, count)
        counts.append(count)
    return counts


def test_shrinks_only_to_the_highest_recommendation_of_five_minutes() -> None:
    demands = [400.0, *[200.0] * 25]
    counts = run(rule(), 4, demands)
    assert counts[:20] == [4] * 20  # that of 0 s counts until 300 s are over
    assert counts[20:] == [2] * 6


def test_a_peak_in_between_begins_the_window_anew() -> None:
    counts = run(rule(), 4, [400.0, *[200.0] * 10, 400.0, *[200.0] * 25])
    assert counts[30] == 4
    assert counts[31:33] == [2, 2]  # 300 s after the peak at 165 s


def test_grows_at_once_and_shrinks_at_once_without_a_window() -> None:
    assert run(rule(down=AT_ONCE), 2, [200.0, 600.0, 200.0]) == [2, 6, 2]


def test_a_window_for_growing_follows_the_lowest_recommendation() -> None:
    up = Behaviour(limits=UP.limits, stabilisation_window=30.0)
    assert run(rule(up=up), 2, [200.0, 600.0, 400.0, 400.0, 400.0]) == [2, 2, 4, 4, 4]
    assert run(rule(up=up), 2, [200.0, 600.0, 600.0]) == [2, 2, 6]


def test_each_direction_has_a_window_of_its_own() -> None:
    """Recommendations are kept as long as the longer one; shrinking looks at its own."""
    up = Behaviour(limits=UP.limits, stabilisation_window=600.0)
    down = Behaviour(limits=DOWN.limits, stabilisation_window=30.0)
    assert run(rule(up=up, down=down), 4, [400.0, *[200.0] * 4]) == [4, 4, 2, 2, 2]


def test_grows_by_no_more_than_four_or_twice_every_fifteen_seconds() -> None:
    assert run(rule(), 1, [5_000.0] * 6) == [5, 10, 20, 40, 50, 50]


def test_limits_and_bounds_hold_after_stabilisation() -> None:
    assert run(rule(count_max=7), 1, [5_000.0] * 3) == [5, 7, 7]
    assert run(rule(count_min=3, down=AT_ONCE), 10, [100.0]) == [3]
    slow = Behaviour(limits=(PercentLimit(10.0, 60.0),))
    assert run(rule(down=slow), 100, [100.0] * 6) == [90, 90, 90, 90, 81, 81]


def test_a_controller_that_has_just_started_shrinks_nothing_for_a_while() -> None:
    controller = rule().controller()
    assert controller.decide(observed([10.0] * 10, now=0.0)) == Decision(10, "stabilised")
    assert controller.decide(observed([10.0] * 10, now=299.0)).count == 10
    assert controller.decide(observed([10.0] * 10, now=300.0)) == Decision(1, "all metrics below target")


def test_the_metric_that_asks_for_most_counts() -> None:
    both = rule(metrics=(LOAD, QUEUE), down=AT_ONCE)
    assert both.controller().decide(observed([100.0] * 4, queue=70.0)) == Decision(7, "queue above target")
    assert both.controller().decide(observed([150.0] * 4, queue=50.0)) == Decision(6, "load above target")
    assert both.controller().decide(observed([50.0] * 4, queue=30.0)).count == 3


def test_a_metric_that_cannot_be_computed_forbids_shrinking_and_not_growing() -> None:
    both = rule(metrics=(LOAD, QUEUE), down=AT_ONCE)
    assert both.controller().decide(observed([50.0] * 4)) == Decision(4, "queue cannot be computed")
    assert both.controller().decide(observed([150.0] * 4)).count == 6
    assert both.controller().decide(observed([None] * 4)) == Decision(4, "load cannot be computed")


def test_what_could_not_be_computed_is_no_recommendation() -> None:
    controller = rule().controller()
    controller.decide(observed([10.0] * 10, now=0.0))
    controller.decide(observed([None] * 10, now=150.0))
    assert controller.decide(observed([10.0] * 10, now=300.0)).count == 1


def test_what_one_metric_asks_for_is_a_recommendation_where_another_is_missing_and_nothing_would_shrink() -> (
    None
):
    controller = rule(metrics=(LOAD, QUEUE)).controller()
    controller.decide(observed([100.0] * 4, now=0.0))
    assert controller.decide(observed([100.0] * 4, now=150.0)) == Decision(4, "within tolerance")
    assert controller.decide(observed([50.0] * 4, now=310.0, queue=10.0)) == Decision(4, "stabilised")
    assert controller.decide(observed([50.0] * 4, now=450.0, queue=10.0)).count == 2


def test_a_window_for_growing_holds_where_there_is_none_for_shrinking() -> None:
    up = Behaviour(limits=UP.limits, stabilisation_window=30.0)
    assert run(rule(up=up, down=AT_ONCE), 2, [200.0, 600.0, 600.0, 200.0]) == [2, 2, 6, 2]


def test_a_limit_for_shrinking_looks_back_longer_than_one_for_growing() -> None:
    down = Behaviour(limits=(CountLimit(2, 60.0),), tolerance=0.0)
    assert run(rule(down=down), 10, [900.0, 900.0, 800.0, 500.0, 500.0, 500.0, 500.0]) == [
        9,
        9,
        8,
        8,
        7,
        7,
        6,
    ]


def test_scaling_is_off_where_none_is_wanted() -> None:
    assert rule().controller().decide(observed([])) == Decision(0, "scaling is off: none is wanted")


def test_to_nothing_and_back_with_a_metric_of_the_whole() -> None:
    made = rule(count_min=0, metrics=(QUEUE,), down=AT_ONCE)
    assert made.controller().decide(observed([None] * 3, queue=0.0)).count == 0
    assert made.controller().decide(observed([], queue=25.0)).count == 3
    assert made.controller().decide(observed([])) == Decision(0, "queue cannot be computed")


def test_from_nothing_no_metric_of_the_instances_is_there() -> None:
    assert rule(count_min=0).controller().decide(observed([])).count == 0


def test_up_and_down_and_up_again_within_the_window() -> None:
    counts = run(rule(up=ANY_NUMBER), 4, [400.0, 800.0, 300.0, 1_000.0, *[100.0] * 22])
    assert counts[:4] == [4, 8, 8, 10]
    assert counts[22:24] == [10, 1]  # the recommendation of 45 s is over at 345 s


def test_misuse() -> None:
    with pytest.raises(ValueError, match="metrics must be one or more, got \\(\\)"):
        rule(metrics=())
    with pytest.raises(ValueError, match=r"count_max must be >= count_min \(5\), got 4"):
        rule(count_min=5, count_max=4)
