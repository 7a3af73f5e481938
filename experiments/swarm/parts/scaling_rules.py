"""By which rules groups are scaled, and the autoscaler that scales one by calls in flight."""

from __future__ import annotations

from typing import Any

from models import Host
from models.autoscaling import (
    Autoscaler,
    InFlight,
    MetricPipeline,
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
    CountLimit,
    HorizontalPodAutoscaler,
    InstanceMetric,
    PercentLimit,
)
from models.instance_groups import InstanceGroup
from simulator import Environment

from ..part_kind import end_processes

RULES = ("kubernetes", "target_tracking", "steps", "schedule")
"""The simplest first."""

PERIOD = 2.0
"""Of the limit on growth (s)."""

_METRIC = "in_flight"
_INTERVAL = 0.5  # between two looks, and two scrapes (s)
_EXPIRY = 2.0  # of what was measured (s)


def scaling_rule(
    kind: str, count_max: int, window: float = 0.0, growth_max: int | None = None
) -> ScalingRule:
    """Return a rule of one of the `RULES`, for 1 to `count_max` instances.

    That of Kubernetes shrinks after a stabilisation `window` (s), and grows by `growth_max` in a period.
    """
    bounds: dict[str, Any] = {"count_min": 1, "count_max": count_max, "interval": _INTERVAL}
    match kind:
        case "target_tracking":
            return TargetTracking(
                **bounds,
                metric=_METRIC,
                target=1.0,
                out_datapoints=1,
                in_datapoints=2,
                pace=warming(0.2),
            )
        case "steps":
            return StepScaling(
                **bounds,
                metric=_METRIC,
                high=2.0,
                low=0.5,
                steps_out=(Step(0.0, 1), Step(3.0, 2)),
                steps_in=(Step(0.0, -1),),
                out_datapoints=1,
                in_datapoints=2,
                pace=warming(0.2),
            )
        case "schedule":
            times = (ScheduledCount(0.0, 1), ScheduledCount(1.0, count_max), ScheduledCount(3.0, 1))
            return ScheduledScaling(**bounds, times=times)
    fast = PercentLimit(100.0, PERIOD), CountLimit(4, PERIOD)
    return HorizontalPodAutoscaler(
        **bounds,
        metrics=(InstanceMetric(name=_METRIC, target=1.0),),
        up=Behaviour(limits=fast if growth_max is None else (CountLimit(growth_max, PERIOD),)),
        down=Behaviour(limits=(PercentLimit(100.0, PERIOD),), stabilisation_window=window),
    )


def autoscaler_of(
    env: Environment,
    part: str,
    group: InstanceGroup,
    rule: ScalingRule,
    *,
    delay: float = 0.0,
    host: Host | None = None,
) -> Autoscaler:
    """Return what scales the `group` of a part by `rule`; what it is told is `delay` seconds old."""
    pipeline = MetricPipeline(
        env,
        group=group,
        meters=[InFlight()],
        scrape_interval=_INTERVAL,
        delay=delay,
        expiry=_EXPIRY,
        name=f"metrics of {part}",
    )
    return Autoscaler(env, group, rule, pipeline, host=host, name=f"autoscaler of {part}")


def end_scaling(env: Environment, part: str, group: InstanceGroup) -> None:
    """Scale the `group` of a part no more, and replace nobody in it."""
    end_processes(env, f"autoscaler of {part}", f"metrics of {part}", f"watching {group.name}")
