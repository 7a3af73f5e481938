"""Step scaling: the worse the breach, the larger the step.

Rules, every `interval` (60 s):

1. The datapoint is the mean of the metric over the instances.
2. At or above `high` for `out_datapoints` in a row: of the steps out, the one with the largest `breach` that
   value - `high` reaches is taken, from the base of the pace (see `alarm`), never to less than there are. At
   or below `low` for `in_datapoints`: the same with `low` - value and the steps in, if the pace lets anything
   be taken away. Without a datapoint nothing changes.
3. A step changes the number by `change`, or by so many percent of it, or makes it exactly that. Percentages
   are rounded towards no change, but for one between 0 and 1 instance, which is 1; of at least
   `change_min` instances.

Unlike target tracking it must be told how much a breach costs, and a step that is too small is taken again
and again, one cooldown apart. Sources: EC2 Auto Scaling user guide, "Step and simple scaling policies" and
"Scaling adjustment types"; API reference, `StepAdjustment`, `MinAdjustmentMagnitude`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import copysign, trunc
from typing import Literal

from ..validation import (
    require_count,
    require_delay,
    require_each,
    require_kind,
    require_name,
    require_number,
)
from .alarm import COOLDOWN, Alarm, Pace, PaceKeeper, require_datapoints
from .observation import Observation
from .rule import Decision, ScalingController, ScalingRule

Adjustment = Literal["count", "percent", "exact"]
_ADJUSTMENTS: tuple[Adjustment, ...] = ("count", "percent", "exact")


@dataclass(frozen=True, slots=True)
class Step:
    """From a `breach` (>= 0) of the threshold on: a `change`, which is how many, or percent, or exactly."""

    breach: float
    change: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StepScaling(ScalingRule):
    """Takes `steps_out` where `metric` >= `high` (> `low`), and `steps_in` where it is <= `low`.

    Steps are one or more on each side, in order of their breach, the first at 0; `adjustment` says what their
    changes mean. Example::

        StepScaling(
            count_max=20,
            metric="utilisation",
            high=0.6,
            low=0.3,
            steps_out=(Step(0.0, 10), Step(0.15, 30)),
            steps_in=(Step(0.0, -10),),
            adjustment="percent",
        )
    """

    metric: str
    high: float
    low: float
    steps_out: tuple[Step, ...]
    steps_in: tuple[Step, ...]
    adjustment: Adjustment = "count"
    change_min: int = 1
    out_datapoints: int = 3
    in_datapoints: int = 15
    pace: Pace = COOLDOWN
    interval: float = 60.0

    def __post_init__(self) -> None:
        """Check the fields."""
        ScalingRule.__post_init__(self)
        if not require_number("low", self.low) < require_number("high", self.high):
            raise ValueError(f"high must be > low ({self.low!r}), got {self.high!r}")
        require_name("metric", self.metric)
        require_kind("pace", self.pace, Pace)
        if self.adjustment not in _ADJUSTMENTS:
            raise ValueError(f"adjustment must be one of {', '.join(_ADJUSTMENTS)}, got {self.adjustment!r}")
        require_count("change_min", self.change_min)
        require_datapoints(self.out_datapoints, self.in_datapoints)
        for name, sign in (("steps_out", 1.0), ("steps_in", -1.0)):
            steps = require_each(name, getattr(self, name), Step)
            _require_steps(name, steps, self.adjustment, sign)
            object.__setattr__(self, name, steps)

    def controller(self) -> StepController:
        """Return a controller whose alarms have seen nothing."""
        return StepController(self)

    def after(self, step: Step, base: int) -> int:
        """Return the number that a step leads to from `base`."""
        if self.adjustment == "exact":
            return int(step.change)
        if self.adjustment == "count":
            return base + int(step.change)
        change = base * step.change / 100.0
        size = max(float(self.change_min), abs(change))
        return base + trunc(copysign(size, step.change) * (1.0 + 1e-9))


class StepController(ScalingController):
    """Two alarms and a pace."""

    def __init__(self, rule: StepScaling) -> None:
        super().__init__(rule)
        self._rule = rule
        self._high, self._low = Alarm(rule.out_datapoints), Alarm(rule.in_datapoints)
        self._pace = PaceKeeper(rule.pace)

    def _decide(self, observation: Observation) -> Decision:
        rule, current = self._rule, observation.current
        value = observation.mean(rule.metric, ready_for=rule.pace.ready_for)
        is_high = self._high.sees(value is not None and value >= rule.high)
        is_low = self._low.sees(value is not None and value <= rule.low)
        if value is None:
            return Decision(current, f"{rule.metric} is missing")
        if is_high:
            wanted = rule.after(_step(rule.steps_out, value - rule.high), self._pace.base(observation))
            return Decision(self._within(max(current, wanted)), f"{rule.metric} too high")
        if is_low and self._pace.may_shrink(observation):
            wanted = rule.after(_step(rule.steps_in, rule.low - value), current)
            return Decision(self._within(min(current, wanted)), f"{rule.metric} too low")
        return Decision(current, "no alarm, or waiting")

    def scaled(self, now: float, before: int, after: int) -> None:
        """Begin a cooldown."""
        self._pace.scaled(now, before, after)


def _step(steps: tuple[Step, ...], breach: float) -> Step:
    return next(step for step in reversed(steps) if breach >= step.breach)


def _require_steps(name: str, steps: tuple[Step, ...], adjustment: Adjustment, sign: float) -> None:
    if not steps or steps[0].breach != 0.0:
        raise ValueError(f"{name} must be one or more, the first at a breach of 0, got {steps!r}")
    for earlier, later in pairwise(steps):
        if not earlier.breach < later.breach:
            raise ValueError(f"{name} must be in order of their breach, got {steps!r}")
    for step in steps:
        require_delay(f"breach of {name}", step.breach)
        change = require_number(f"change of {name}", step.change)
        if adjustment == "exact":
            require_count(f"change of {name}", step.change, lowest=0)
        elif not change * sign > 0:
            raise ValueError(f"change of {name} must be {'>' if sign > 0 else '<'} 0, got {step.change!r}")
        elif adjustment == "count" and change != int(change):
            raise ValueError(f"change of {name} must be a whole number, got {step.change!r}")
