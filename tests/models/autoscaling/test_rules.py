"""What holds for every scaling rule: bounds, monotony, no memory but the controller's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import FrozenInstanceError
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.autoscaling import (
    BacklogPerInstance,
    Largest,
    ScalingRule,
    ScheduledCount,
    ScheduledScaling,
    Step,
    StepScaling,
    TargetTracking,
    warming,
)
from models.autoscaling.kubernetes import (
    Behaviour,
    CpuMetric,
    HorizontalPodAutoscaler,
    InstanceMetric,
    PercentLimit,
)
from models.autoscaling.rule import rounded_up

from .observing import observed

LOW, HIGH = 2, 9
BOUNDS = {"count_min": LOW, "count_max": HIGH}
TRACKING = TargetTracking(**BOUNDS, metric="load", target=0.5)
SCHEDULE = ScheduledScaling(
    **BOUNDS, interval=60.0, period=600.0, times=(ScheduledCount(60.0, 5), ScheduledCount(300.0, 3))
)
RULES: dict[str, ScalingRule] = {
    "kubernetes": HorizontalPodAutoscaler(**BOUNDS, metrics=(InstanceMetric(name="load", target=0.5),)),
    "kubernetes, at once": HorizontalPodAutoscaler(
        **BOUNDS,
        metrics=(CpuMetric(name="load", target=0.5),),
        down=Behaviour(limits=(PercentLimit(100.0, 15.0),)),
    ),
    "target tracking": TRACKING,
    "target tracking with a warm-up": TargetTracking(
        **BOUNDS, metric="load", target=0.5, pace=warming(120.0)
    ),
    "step scaling": StepScaling(
        **BOUNDS,
        metric="load",
        high=0.6,
        low=0.4,
        steps_out=(Step(0.0, 1), Step(0.2, 4)),
        steps_in=(Step(0.0, -1), Step(0.2, -4)),
    ),
    "scheduled": SCHEDULE,
    "backlog": BacklogPerInstance(**BOUNDS, acceptable=10.0),
    "largest": Largest(**BOUNDS, interval=60.0, rules=(TRACKING, SCHEDULE)),
}
every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())

levels = st.one_of(st.none(), st.floats(0.0, 3.0))
histories = st.lists(st.tuples(levels, st.one_of(st.none(), st.floats(0.0, 500.0))), min_size=1, max_size=40)


def counts_of(
    rule: ScalingRule, start: int, history: Sequence[tuple[float | None, float | None]]
) -> list[int]:
    """The numbers that a controller asks for, each followed at once."""
    controller, count, counts = rule.controller(), start, []
    for step, (level, backlog) in enumerate(history):
        now, before = rule.interval * (step + 1), count
        totals = {} if backlog is None else {"backlog": backlog}
        count = controller.decide(observed([level] * count, now=now, **totals)).count
        if count != before:
            controller.scaled(now, before, count)
        counts.append(count)
    return counts


def test_a_number_is_rounded_up_but_for_a_rounding_of_floats() -> None:
    assert 1.1 * 50 > 55.0
    assert [rounded_up(count) for count in (0.0, 1.1 * 50, 55.001, 1e-6)] == [0, 55, 56, 1]


@pytest.mark.slow
@every_rule
@settings(max_examples=20)
@given(start=st.integers(1, 15), history=histories)
def test_never_outside_its_bounds(
    rule: ScalingRule, start: int, history: list[tuple[float | None, float | None]]
) -> None:
    assert all(LOW <= count <= HIGH for count in counts_of(rule, start, history))


@pytest.mark.slow
@every_rule
@settings(max_examples=20)
@given(history=histories)
def test_the_same_observations_are_answered_alike_by_every_new_controller(
    rule: ScalingRule, history: list[tuple[float | None, float | None]]
) -> None:
    assert counts_of(rule, 3, history) == counts_of(rule, 3, history)


@pytest.mark.slow
@every_rule
@settings(max_examples=20)
@given(first=st.floats(0.0, 3.0), second=st.floats(0.0, 3.0), count=st.integers(LOW, HIGH))
def test_more_load_never_asks_for_fewer(rule: ScalingRule, first: float, second: float, count: int) -> None:
    less, more = sorted((first, second))
    after = [
        counts_of(rule, count, [(level, 100.0 * level)] * 16)[-1 if rule.interval == 60.0 else 0]
        for level in (less, more)
    ]
    assert after[0] <= after[1]


@every_rule
def test_without_any_metric_nothing_changes_but_by_the_clock(rule: ScalingRule) -> None:
    counts = counts_of(rule, 5, [(None, None)] * 4)
    assert counts == [5] * 4


@every_rule
def test_a_number_outside_the_bounds_goes_to_the_nearest_without_any_metric(rule: ScalingRule) -> None:
    assert rule.controller().decide(observed([None] * 12)).count == HIGH
    assert rule.controller().decide(observed([None])).count == LOW


@every_rule
def test_full_load_is_met_with_more_and_none_with_fewer(rule: ScalingRule) -> None:
    if rule is SCHEDULE:
        return
    assert counts_of(rule, 6, [(1.0, 80.0)] * 10)[-1] > 6
    assert counts_of(rule, 6, [(0.0, 0.0)] * 200)[-1] < 6


@every_rule
def test_is_a_value(rule: ScalingRule) -> None:
    with pytest.raises(FrozenInstanceError):
        rule.count_max = 3  # type: ignore[misc]


@every_rule
def test_every_change_has_a_reason(rule: ScalingRule) -> None:
    controller = rule.controller()
    assert all(
        controller.decide(observed([0.9] * 3, now=60.0 * step, backlog=40.0)).reason for step in range(9)
    )


@pytest.mark.slow
@given(demand=st.floats(0.5, 8.0), start=st.integers(LOW, HIGH))
def test_kubernetes_finds_its_number_and_stays(demand: float, start: int) -> None:
    """Steady demand, seen at once: no oscillation, and the mean within tolerance or at a bound."""
    rule = RULES["kubernetes, at once"]
    controller, count, counts = rule.controller(), start, []
    for step in range(30):
        now, before = 15.0 * (step + 1), count
        count = controller.decide(observed([demand / count] * count, now=now)).count
        if count != before:
            controller.scaled(now, before, count)
        counts.append(count)
    assert len(set(counts[5:])) == 1
    assert demand / counts[-1] <= 0.55 + 1e-9 or counts[-1] == HIGH
    changes = [after - before for before, after in pairwise([start, *counts]) if after != before]
    assert all(change > 0 for change in changes) or all(change < 0 for change in changes)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"count_min": -1}, "count_min must be a whole number >= 0, got -1"),
        ({"count_max": 0}, "count_max must be a whole number >= 1, got 0"),
        ({"count_max": 2.5}, "count_max must be a whole number >= 1, got 2.5"),
        ({"interval": 0.0}, "interval must be finite and > 0 s, got 0.0"),
    ],
)
def test_misuse(wrong: dict[str, object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        BacklogPerInstance(acceptable=1.0, **wrong)  # type: ignore[arg-type]
