"""The rules that the study `autoscaling` compares, each set as its source has it or its user would.

All of them want the same: hosts at a target utilisation. The steps and the schedule have to be told what that
takes; whoever sets them knows what a host can do, and the schedule the usual day.
"""

from math import ceil
from typing import Literal

from models.autoscaling import (
    BacklogPerInstance,
    ScalingRule,
    ScheduledCount,
    ScheduledScaling,
    Step,
    StepScaling,
    TargetTracking,
    acceptable_backlog,
)
from models.autoscaling.kubernetes import DOWN, Behaviour, CpuMetric, HorizontalPodAutoscaler
from models.workload import RateShape

from .scaled_service import CAPACITY, IN_TIME, START_TIME, hosts_for

Policy = Literal[
    "small fleet", "large fleet", "kubernetes", "target tracking", "step scaling", "schedule", "queue depth"
]
POLICIES: tuple[Policy, ...] = (
    "small fleet",
    "large fleet",
    "kubernetes",
    "target tracking",
    "step scaling",
    "schedule",
    "queue depth",
)
COUNT_MAX = 20
SCHEDULE_STEPS = 8


def rule_of(
    policy: Policy, *, target: float, stabilisation: float, usual: RateShape, period: float, boot_time: float
) -> ScalingRule | None:
    """Return the rule of a policy, or None for a fleet whose size is fixed.

    `usual` is the load that was expected, over a `period` (s); `stabilisation` (s) is the window in which the
    highest recommendation counts, for the rules that have one.
    """
    if policy == "kubernetes":
        down = Behaviour(limits=DOWN.limits, stabilisation_window=stabilisation)
        # A host that has just booted is as good as any: no five minutes of distrust.
        metric = CpuMetric(target=target, cpu_initialisation_period=0.0)
        return HorizontalPodAutoscaler(count_max=COUNT_MAX, metrics=(metric,), down=down)
    if policy == "target tracking":
        return TargetTracking(count_max=COUNT_MAX, metric="utilisation", target=target)
    if policy == "step scaling":
        return StepScaling(
            count_max=COUNT_MAX,
            metric="utilisation",
            high=target,
            low=0.6 * target,
            steps_out=(
                Step(0.0, 20.0),
                Step(0.25 * (1.0 - target), 50.0),
                Step(0.75 * (1.0 - target), 100.0),
            ),
            steps_in=(Step(0.0, -20.0),),
            adjustment="percent",
        )
    if policy == "schedule":
        return _schedule(usual, period, target, lead=boot_time + START_TIME)
    if policy == "queue depth":
        acceptable = acceptable_backlog(latency=IN_TIME / 2.0, service=1.0 / CAPACITY)
        return BacklogPerInstance(
            count_max=COUNT_MAX, acceptable=acceptable, stabilisation_window=stabilisation
        )
    return None


def _schedule(usual: RateShape, period: float, target: float, *, lead: float) -> ScheduledScaling:
    """Return a schedule that has enough for the highest usual load of each part of the period, in time."""
    width = period / SCHEDULE_STEPS
    times = []
    for part in range(SCHEDULE_STEPS):
        begin = part * width
        seconds = range(ceil(begin), ceil(begin + width + lead) + 1)
        times.append(ScheduledCount(begin, hosts_for(max(usual(float(each)) for each in seconds), target)))
    return ScheduledScaling(count_max=COUNT_MAX, times=tuple(times), period=period)
