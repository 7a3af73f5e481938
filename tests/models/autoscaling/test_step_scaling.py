"""Step scaling: which step is taken, what it changes, and how it is rounded."""

from __future__ import annotations

import pytest

from models.autoscaling import Observation, Pace, Step, StepScaling, warming

from .observing import observed, view

NO_WAIT = Pace(cooldown_out=0.0, cooldown_in=0.0)


def stepping(**settings: object) -> StepScaling:
    usual = {
        "count_max": 100,
        "metric": "load",
        "high": 60.0,
        "low": 40.0,
        "steps_out": (Step(0.0, 1), Step(10.0, 3), Step(25.0, 8)),
        "steps_in": (Step(0.0, -1), Step(20.0, -3)),
        "out_datapoints": 1,
        "in_datapoints": 1,
        "pace": NO_WAIT,
    }
    return StepScaling(**{**usual, **settings})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (59.9, 20),
        (60.0, 21),
        (69.9, 21),
        (70.0, 23),
        (85.0, 28),
        (500.0, 28),
        (40.0, 19),
        (20.0, 17),
        (41.0, 20),
    ],
)
def test_the_size_of_the_breach_chooses_the_step(value: float, wanted: int) -> None:
    assert stepping().controller().decide(observed([value] * 20)).count == wanted


def test_percentages_are_rounded_as_the_documentation_says() -> None:
    """12.7 is 12, 0.67 is 1, -0.58 is -1, -6.67 is -6."""
    rule = stepping(
        adjustment="percent",
        steps_out=(Step(0.0, 12.7), Step(10.0, 0.67)),
        steps_in=(Step(0.0, -0.58), Step(20.0, -6.67)),
    )
    after = [rule.after(step, 100) - 100 for step in (*rule.steps_out, *rule.steps_in)]
    assert after == [12, 1, -1, -6]


def test_percentages_lose_no_instance_to_a_rounding_of_floats() -> None:
    rule = stepping(adjustment="percent", steps_out=(Step(0.0, 18.4),))
    assert 375 * 18.4 / 100.0 < 69.0
    assert rule.after(rule.steps_out[0], 375) == 375 + 69


def test_shrinking_starts_from_what_is_wanted_also_while_some_of_it_is_on_its_way() -> None:
    controller = stepping(pace=Pace(cooldown_in=0.0)).controller()
    controller.scaled(60.0, 10, 15)
    assert controller.decide(observed([30.0] * 10, now=120.0, pending=5)).count == 14


def test_while_instances_warm_up_they_do_not_count_in_the_metric() -> None:
    controller = stepping(pace=warming(300.0)).controller()
    views = [view("old", 65.0), view("new", 0.0, changed_at=100.0)]
    for now, count in ((399.0, 2), (400.0, 1)):
        decided = controller.decide(Observation(now=now, current=2, instances=tuple(views))).count
        assert decided == count
    views = [view("old", 50.0), view("new", 90.0, changed_at=100.0)]
    for now, count in ((399.0, 2), (400.0, 5)):
        decided = controller.decide(Observation(now=now, current=2, instances=tuple(views))).count
        assert decided == count


def test_percentages_move_so_many_instances_at_least() -> None:
    rule = stepping(
        adjustment="percent", change_min=2, steps_out=(Step(0.0, 25.0),), steps_in=(Step(0.0, -25.0),)
    )
    assert rule.controller().decide(observed([65.0] * 4)).count == 6
    assert rule.controller().decide(observed([30.0] * 4)).count == 2
    assert rule.controller().decide(observed([65.0] * 40)).count == 50


def test_exactly_so_many() -> None:
    rule = stepping(adjustment="exact", steps_out=(Step(0.0, 30), Step(20.0, 60)), steps_in=(Step(0.0, 5),))
    assert rule.controller().decide(observed([65.0] * 10)).count == 30
    assert rule.controller().decide(observed([80.0] * 10)).count == 60
    assert rule.controller().decide(observed([10.0] * 10)).count == 5
    assert rule.controller().decide(observed([65.0] * 40)).count == 40  # growing never takes any away


def test_the_documentations_example_of_a_second_alarm_in_a_cooldown() -> None:
    """Ten percent of 10 were added; at the same step nothing more is, and at thirty percent two more are."""
    rule = stepping(
        adjustment="percent",
        steps_out=(Step(0.0, 10.0), Step(10.0, 30.0)),
        steps_in=(Step(0.0, -10.0),),
        pace=Pace(),
    )
    controller = rule.controller()
    assert controller.decide(observed([60.0] * 10, now=60.0)).count == 11
    controller.scaled(60.0, 10, 11)
    assert controller.decide(observed([60.0] * 10, now=120.0, pending=1)).count == 11
    assert controller.decide(observed([70.0] * 10, now=180.0, pending=1)).count == 13


def test_needs_so_many_datapoints_in_a_row() -> None:
    controller = stepping(out_datapoints=2, in_datapoints=3).controller()
    values = [65.0, 50.0, 65.0, 65.0, 30.0, 30.0, 30.0]
    assert [controller.decide(observed([each] * 10)).count for each in values] == [10, 10, 10, 11, 10, 10, 9]


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"low": 60.0}, "high must be > low"),
        ({"steps_out": ()}, "steps_out must be one or more, the first at a breach of 0"),
        ({"steps_in": (Step(1.0, -1),)}, "steps_in must be one or more, the first at a breach of 0"),
        ({"steps_out": (Step(0.0, 1), Step(0.0, 2))}, "steps_out must be in order of their breach"),
        ({"steps_out": (Step(0.0, -1),)}, "change of steps_out must be > 0, got -1"),
        ({"steps_in": (Step(0.0, 1),)}, "change of steps_in must be < 0, got 1"),
        ({"steps_out": (Step(0.0, 1.5),)}, "change of steps_out must be a whole number, got 1.5"),
        ({"adjustment": "factor"}, "adjustment must be one of count, percent, exact, got 'factor'"),
        ({"adjustment": "exact", "steps_out": (Step(0.0, -2),)}, "must be a whole number >= 0, got -2"),
    ],
)
def test_misuse(wrong: dict[str, object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        stepping(**wrong)
