"""Target tracking: two alarms, fast out and slow in, and what it does not do twice."""

from __future__ import annotations

import pytest

from models.autoscaling import Pace, TargetTracking, warming
from models.autoscaling.observation import InstanceView, Observation
from models.autoscaling.rule import Decision, ScalingController

from .observing import observed, view

NO_WAIT = Pace(cooldown_out=0.0, cooldown_in=0.0)


def tracking(**settings: object) -> TargetTracking:
    return TargetTracking(**{"count_max": 50, "metric": "load", "target": 0.5, **settings})  # type: ignore[arg-type]


def asks(controller: ScalingController, value: float | None, count: int, minutes: range) -> list[int]:
    return [controller.decide(observed([value] * count, now=60.0 * minute)).count for minute in minutes]


def test_grows_at_the_third_datapoint_above_the_target() -> None:
    assert asks(tracking().controller(), 0.75, 10, range(1, 4)) == [10, 10, 15]


def test_shrinks_at_the_fifteenth_datapoint_well_below_it() -> None:
    assert asks(tracking().controller(), 0.2, 10, range(1, 16)) == [10] * 14 + [4]


def test_nothing_happens_between_the_two() -> None:
    assert asks(tracking().controller(), 0.46, 20, range(1, 40)) == [20] * 39
    assert asks(tracking().controller(), 0.5, 10, range(1, 40)) == [10] * 39


def test_a_datapoint_on_the_right_side_or_none_at_all_begins_the_count_anew() -> None:
    for gap in (0.5, None):
        controller = tracking().controller()
        seen = [0.9, 0.9, gap, 0.9, 0.9, 0.9]
        counts = [controller.decide(observed([each] * 4, now=60.0 * i)).count for i, each in enumerate(seen)]
        assert counts == [4, 4, 4, 4, 4, 8]


def test_says_that_the_metric_is_missing() -> None:
    assert tracking().controller().decide(observed([None] * 4)) == Decision(4, "load is missing")


def test_in_a_cooldown_after_growing_what_is_on_its_way_is_part_of_the_next_step() -> None:
    """AWS's example: two were added, and the alarm asks for three: one more is."""
    controller = tracking(out_datapoints=1).controller()
    assert controller.decide(observed([0.6] * 10, now=60.0)).count == 12
    controller.scaled(60.0, 10, 12)
    still = observed([0.6] * 10, now=120.0, pending=2)
    assert controller.decide(still).count == 12
    better = observed([0.52] * 10, now=150.0, pending=2)
    assert controller.decide(better).count == 12  # 11 would do, and none is taken away above the target
    worse = observed([0.65] * 10, now=180.0, pending=2)
    assert controller.decide(worse).count == 13
    controller.scaled(180.0, 12, 13)
    assert controller.decide(observed([0.65] * 10, now=240.0, pending=3)).count == 13
    assert controller.decide(observed([0.65] * 10, now=479.0, pending=3)).count == 13  # 299 s after the last
    # The cooldown is over, and three are not there yet: what boots longer than it waits is ordered twice.
    assert controller.decide(observed([0.65] * 10, now=480.0, pending=3)).count == 17


def test_instances_that_are_ready_count_in_a_cooldown() -> None:
    controller = tracking(out_datapoints=1).controller()
    controller.decide(observed([0.75] * 10, now=60.0))
    controller.scaled(60.0, 10, 15)
    assert controller.decide(observed([0.55] * 15, now=120.0)).count == 17


def test_a_cooldown_after_shrinking_stops_shrinking_only() -> None:
    controller = tracking(in_datapoints=1, out_datapoints=1).controller()
    controller.scaled(60.0, 20, 10)
    assert controller.decide(observed([0.2] * 10, now=359.0)).count == 10
    assert controller.decide(observed([0.2] * 10, now=360.0)).count == 4
    assert controller.decide(observed([0.9] * 10, now=361.0)).count == 18


def test_growing_ends_the_cooldown_after_shrinking() -> None:
    controller = tracking(in_datapoints=1).controller()
    controller.scaled(60.0, 20, 10)
    controller.scaled(120.0, 10, 12)
    assert controller.decide(observed([0.2] * 12, now=180.0)).count == 5


def warm_and_warming(value: float, new_value: float, *, ready_since: float, now: float) -> Observation:
    old = [view(f"i-{number}", value) for number in range(10)]
    new = [view(f"n-{number}", new_value, changed_at=ready_since) for number in range(5)]
    return Observation(now=now, current=15, instances=(*old, *new))


def test_while_instances_warm_up_they_count_neither_in_the_metric_nor_in_the_base() -> None:
    controller = tracking(out_datapoints=1, in_datapoints=1, pace=warming(300.0)).controller()
    assert controller.decide(warm_and_warming(0.75, 1.0, ready_since=100.0, now=160.0)).count == 15
    assert controller.decide(warm_and_warming(0.90, 0.0, ready_since=100.0, now=220.0)).count == 18
    assert controller.decide(warm_and_warming(0.60, 1.0, ready_since=100.0, now=400.0)).count == 22


def test_nothing_is_taken_away_while_any_instance_warms_up() -> None:
    controller = tracking(in_datapoints=1, pace=warming(300.0)).controller()
    assert controller.decide(warm_and_warming(0.2, 0.2, ready_since=100.0, now=399.0)).count == 15
    assert controller.decide(warm_and_warming(0.2, 0.2, ready_since=100.0, now=400.0)).count == 6


def test_a_single_one_that_warms_up_is_enough_to_take_nothing_away() -> None:
    controller = tracking(in_datapoints=1, pace=warming(300.0)).controller()
    views = [*(view(f"i-{number}", 0.1) for number in range(9)), view("new", 0.1, changed_at=100.0)]
    for now, count in ((399.0, 10), (400.0, 2)):
        assert controller.decide(Observation(now=now, current=10, instances=tuple(views))).count == count


def test_who_is_pending_is_not_warm_whatever_else_is_said_of_it() -> None:
    assert (
        Observation(now=9.0, current=1, instances=(InstanceView(name="p", is_pending=True),)).warm_count(0.0)
        == 0
    )


def test_shrinking_may_be_left_to_others() -> None:
    controller = tracking(can_shrink=False, in_datapoints=1).controller()
    assert asks(controller, 0.1, 10, range(1, 40)) == [10] * 39


def test_a_total_is_shared_by_the_number_that_is_wanted() -> None:
    controller = tracking(metric="queue", target=10.0, is_total=True, out_datapoints=1).controller()
    assert controller.decide(observed([None] * 3, queue=90.0)).count == 9
    assert controller.decide(Observation(now=0.0, current=3, instances=(InstanceView(name="i"),))).count == 3


@pytest.mark.parametrize("pace", [Pace(), warming(300.0)])
def test_a_total_asks_for_as_many_while_some_are_on_their_way_as_if_they_were_there(pace: Pace) -> None:
    """They have worked off nothing yet; a total over them too would look like less than there is."""
    controller = tracking(
        metric="queue", target=10.0, is_total=True, out_datapoints=1, pace=pace
    ).controller()
    assert controller.decide(observed([None] * 10, now=60.0, queue=150.0)).count == 15
    controller.scaled(60.0, 10, 15)
    for queue, count in ((150.0, 15), (149.0, 15), (220.0, 22)):
        assert controller.decide(observed([None] * 10, now=120.0, pending=5, queue=queue)).count == count


def test_a_total_over_nobody_says_nothing() -> None:
    controller = tracking(
        count_min=0, metric="queue", target=1.0, is_total=True, out_datapoints=1
    ).controller()
    assert controller.decide(observed([], queue=90.0)) == Decision(0, "queue is missing")


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"target": 0.0}, "target must be finite and > 0, got 0.0"),
        ({"out_datapoints": 0}, "out_datapoints must be a whole number >= 1, got 0"),
        ({"in_margin": 1.0}, r"in_margin must lie in \[0, 1\), got 1.0"),
    ],
)
def test_misuse(wrong: dict[str, object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        tracking(**wrong)
    with pytest.raises(ValueError, match=r"cooldown_out must be finite and >= 0 s, got -1.0"):
        Pace(cooldown_out=-1.0)
