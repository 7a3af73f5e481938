"""Target tracking: keep a metric at a target, fast to grow and slow to shrink.

Rules, every `interval` (60 s, the period of the alarms):

1. The datapoint is the mean of the metric over the instances, or a total over the base: those on their way
   work off nothing of it yet.
2. Above the target for `out_datapoints` (3) in a row: ceil(base x metric / target), never less than now; the
   base and the mean are those of the pace (see `alarm`).
3. Below (1 - `in_margin`) of it for `in_datapoints` (15) in a row: ceil(now x metric / target), if the pace
   lets anything be taken away. Rounding up takes away less, and adds more: the target is not passed on
   purpose.
4. Between the two, and without a datapoint, nothing changes.

The asymmetry is the point: too few instances are felt by users, too many are paid for. Sources: Application
Auto Scaling user guide, "How target tracking scaling works" (rounding, insufficient data, margin "usually
more than 10 % lower"); the two alarms that it makes are of 3 and of 15 one-minute datapoints.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..validation import require_kind, require_margin, require_name, require_positive
from .alarm import COOLDOWN, Alarm, Pace, PaceKeeper, require_datapoints
from .observation import Observation
from .rule import Decision, ScalingController, ScalingRule, rounded_up


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetTracking(ScalingRule):
    """Keeps `metric` at `target` (> 0), as AWS does.

    With `is_total` the metric is one of the whole, and the target that of each instance. `can_shrink` may be
    turned off, for something else to do it. Example::

        TargetTracking(count_max=20, metric="utilisation", target=0.5)
    """

    metric: str
    target: float
    is_total: bool = False
    out_datapoints: int = 3
    in_datapoints: int = 15
    in_margin: float = 0.1
    can_shrink: bool = True
    pace: Pace = COOLDOWN
    interval: float = 60.0

    def __post_init__(self) -> None:
        """Check the fields."""
        ScalingRule.__post_init__(self)
        require_name("metric", self.metric)
        require_positive("target", self.target)
        require_kind("pace", self.pace, Pace)
        require_datapoints(self.out_datapoints, self.in_datapoints)
        require_margin("in_margin", self.in_margin)

    def controller(self) -> TrackingController:
        """Return a controller whose alarms have seen nothing."""
        return TrackingController(self)


class TrackingController(ScalingController):
    """Two alarms and a pace."""

    def __init__(self, rule: TargetTracking) -> None:
        super().__init__(rule)
        self._rule = rule
        self._high, self._low = Alarm(rule.out_datapoints), Alarm(rule.in_datapoints)
        self._pace = PaceKeeper(rule.pace)

    def _decide(self, observation: Observation) -> Decision:
        rule, current = self._rule, observation.current
        base = self._pace.base(observation)
        value = _datapoint(rule, observation, base)
        is_high = self._high.sees(value is not None and value > rule.target)
        is_low = self._low.sees(value is not None and value < rule.target * (1.0 - rule.in_margin))
        if value is None:
            return Decision(current, f"{rule.metric} is missing")
        if is_high:
            wanted = rounded_up(base * value / rule.target)
            return Decision(self._within(max(current, wanted)), f"{rule.metric} above target")
        if is_low and rule.can_shrink and self._pace.may_shrink(observation):
            wanted = rounded_up(current * value / rule.target)
            return Decision(self._within(wanted), f"{rule.metric} below target")
        return Decision(current, "no alarm, or waiting")

    def scaled(self, now: float, before: int, after: int) -> None:
        """Begin a cooldown."""
        self._pace.scaled(now, before, after)


def _datapoint(rule: TargetTracking, observation: Observation, base: int) -> float | None:
    if not rule.is_total:
        return observation.mean(rule.metric, ready_for=rule.pace.ready_for)
    total = observation.totals.get(rule.metric)
    return None if total is None or not base else total / base
