"""The largest of several rules: each sees what the others do not.

A schedule knows the day and no surprise, a metric every surprise, and late. Where several rules are in force
for one group, the one that asks for most is followed, growing and shrinking: nothing is taken away while any
of them still needs it. Sources: Application Auto Scaling user guide, "Multiple scaling policies"; KEDA,
several triggers; Kubernetes takes the largest of several metrics.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..validation import require_each
from .observation import Observation
from .rule import Decision, ScalingController, ScalingRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Largest(ScalingRule):
    """Wants what the one of `rules` (two or more, of its own interval) wants that wants most.

    A rule keeps within its own bounds, and the whole within those given here.
    """

    rules: tuple[ScalingRule, ...]

    def __post_init__(self) -> None:
        """Check the fields."""
        ScalingRule.__post_init__(self)
        object.__setattr__(self, "rules", require_each("rules", self.rules, ScalingRule))
        if len(self.rules) < 2:
            raise ValueError(f"rules must be two or more, got {self.rules!r}")
        for rule in self.rules:
            # Alarms count datapoints, one at each interval: at another they would be other alarms.
            if rule.interval != self.interval:
                raise ValueError(f"interval of each rule must be {self.interval:g} s, got {rule.interval:g}")

    def controller(self) -> LargestController:
        """Return a controller of new controllers."""
        return LargestController(self)


class LargestController(ScalingController):
    """Asks all, in order; of equals the first gives the reason."""

    def __init__(self, rule: Largest) -> None:
        super().__init__(rule)
        self._controllers = [each.controller() for each in rule.rules]

    def _decide(self, observation: Observation) -> Decision:
        decisions = [controller.decide(observation) for controller in self._controllers]
        largest = max(decisions, key=lambda decision: decision.count)
        return Decision(self._within(largest.count), largest.reason)

    def scaled(self, now: float, before: int, after: int) -> None:
        """Tell all of them: whoever asked for it, it is what there is."""
        for controller in self._controllers:
            controller.scaled(now, before, after)
