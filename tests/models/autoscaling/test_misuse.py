"""What is no rule, no metric and nothing to scale is told at once, and not when it is first used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from models import Host
from models.autoscaling import (
    Autoscaler,
    BacklogPerInstance,
    Largest,
    MetricPipeline,
    ScheduledCount,
    ScheduledScaling,
    Step,
    StepScaling,
    TargetTracking,
    Utilisation,
)
from models.autoscaling.kubernetes import Behaviour, CountLimit, CpuMetric, HorizontalPodAutoscaler
from models.instance_groups import ExistingHosts, InstanceGroup
from models.services import Pause, Service
from simulator import Environment
from simulator.randomness import Constant

CPU = CpuMetric(target=0.5)
ALWAYS_ONE = ScheduledScaling(times=(ScheduledCount(0.0, 1),))
LIMIT = CountLimit(1, 60.0)


def steps(**settings: Any) -> StepScaling:
    one: dict[str, Any] = {"steps_out": (Step(0.0, 1),), "steps_in": (Step(0.0, -1),)}
    return StepScaling(**{"metric": "load", "high": 2.0, "low": 1.0, **one, **settings})


class World:
    """A group to be scaled, and a pipeline."""

    def __init__(self) -> None:
        self.env = Environment(seed=1)
        self.service = Service(self.env, "shop", [], lambda host: Pause(Constant(1.0)))
        self.group = InstanceGroup(self.env, self.service, ExistingHosts([Host(self.env, "a")]), 1)
        self.pipeline = MetricPipeline(self.env)

    def measure(self, **settings: Any) -> MetricPipeline:
        return MetricPipeline(self.env, group=self.group, **settings)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (
            lambda: HorizontalPodAutoscaler(metrics=CPU),  # type: ignore[arg-type]
            TypeError,
            r"metrics must be a list, each a MetricTarget, got CpuMetric\(.*\) alone",
        ),
        (
            lambda: HorizontalPodAutoscaler(metrics=("cpu",)),  # type: ignore[arg-type]
            TypeError,
            "each of metrics must be a MetricTarget, got 'cpu'",
        ),
        (
            lambda: HorizontalPodAutoscaler(metrics=(CPU,), up=LIMIT),  # type: ignore[arg-type]
            TypeError,
            r"up must be a Behaviour, got CountLimit\(count=1, period=60.0\)",
        ),
        (
            lambda: HorizontalPodAutoscaler(metrics=(CPU,), down=LIMIT),  # type: ignore[arg-type]
            TypeError,
            "down must be a Behaviour, got CountLimit",
        ),
        (lambda: Behaviour(limits=LIMIT), TypeError, "limits must be a list, each a ChangeLimit"),  # type: ignore[arg-type]
        (lambda: ScheduledScaling(times=((0.0, 1),)), TypeError, "each of times must be a ScheduledCount"),  # type: ignore[arg-type]
        (lambda: steps(steps_out=Step(0.0, 1)), TypeError, "steps_out must be a list, each a Step"),
        (lambda: steps(steps_in=(-1,)), TypeError, "each of steps_in must be a Step, got -1"),
        (lambda: steps(metric=""), ValueError, "metric must not be empty, got ''"),
        (lambda: steps(pace=300.0), TypeError, "pace must be a Pace, got 300.0"),
        (lambda: TargetTracking(metric="", target=1.0), ValueError, "metric must not be empty"),
        (lambda: TargetTracking(metric="load", target=1.0, pace=60.0), TypeError, "pace must be a Pace"),  # type: ignore[arg-type]
        (lambda: BacklogPerInstance(acceptable=1.0, metric=""), ValueError, "metric must not be empty"),
        (lambda: Largest(rules=(ALWAYS_ONE, 4)), TypeError, "each of rules must be a ScalingRule, got 4"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_rule_is_told(make: Callable[[], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda world: world.measure(meters=Utilisation()), TypeError, "meters must be a list, each a Meter"),
        (lambda world: world.measure(meters=["cpu"]), TypeError, "each of meters must be a Meter, got 'cpu'"),
        (
            lambda world: world.measure(meters=[Utilisation(), Utilisation()]),
            ValueError,
            r"meters must have a name each, got \['utilisation', 'utilisation'\]",
        ),
        (lambda world: world.measure(totals={"load": 5.0}), TypeError, "total 'load' must be a function"),
        (
            lambda world: Autoscaler(world.env, world.service, ALWAYS_ONE, world.pipeline),
            TypeError,
            r"scaled must be something to scale, such as an InstanceGroup, got Service\('shop'\)",
        ),
        (
            lambda world: Autoscaler(world.env, world.group, ALWAYS_ONE, None),
            TypeError,
            "pipeline must be a MetricPipeline, got None",
        ),
    ],
)
def test_what_cannot_be_measured_or_scaled_is_told(
    make: Callable[[World], object], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        make(World())


def test_lists_do_as_well_as_tuples_and_a_rule_stays_a_value() -> None:
    rule = HorizontalPodAutoscaler(metrics=[CPU], up=Behaviour(limits=[LIMIT]))  # type: ignore[arg-type]
    assert rule == HorizontalPodAutoscaler(metrics=(CPU,), up=Behaviour(limits=(LIMIT,)))
    assert hash(rule) == hash(HorizontalPodAutoscaler(metrics=(CPU,), up=Behaviour(limits=(LIMIT,))))
    assert steps(steps_out=[Step(0.0, 1)]) == steps()
