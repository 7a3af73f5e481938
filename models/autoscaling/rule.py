"""The contract of scaling rules: a rule is a frozen value, and each autoscaler gets a controller from it.

The controller holds what must be remembered (recommendations, alarms, cooldowns) in the memory of whoever
runs it, and is made anew when that starts again. At each `interval` it is shown an `Observation`, and answers
with how many instances there should be, and why. What was then done it is told by `scaled`: a rule whose word
was not followed must not count a change that never was.

All members keep within [`count_min`, `count_max`]: a number outside is brought to the nearest bound first,
without a look at any metric, as Kubernetes and AWS both do. Siblings, each after one source: `kubernetes`,
`target_tracking`, `step_scaling`, `scheduled`, `backlog`; `largest` stands around several.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import ceil

from ..validation import require_count, require_finite_duration
from .observation import Observation

_ROUNDING = 1e-9  # relative; 0.9 / 0.75 * 50 is 60.00000000000001 and means 60


@dataclass(frozen=True, slots=True)
class Decision:
    """How many instances there should be, and why."""

    count: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingRule(ABC):
    """Decides each `interval` seconds (> 0) on a count from `count_min` (>= 0) to `count_max` (>= 1)."""

    count_min: int = 1
    count_max: int = 10
    interval: float = 15.0

    def __post_init__(self) -> None:
        """Check the fields."""
        require_count("count_min", self.count_min, lowest=0)
        require_count("count_max", self.count_max)
        if self.count_max < self.count_min:
            raise ValueError(f"count_max must be >= count_min ({self.count_min}), got {self.count_max}")
        require_finite_duration("interval", self.interval)

    @abstractmethod
    def controller(self) -> ScalingController:
        """Return a new controller, which remembers nothing."""


class ScalingController(ABC):
    """What decides by one rule, with the memory of one process."""

    def __init__(self, rule: ScalingRule) -> None:
        self._count_min = rule.count_min
        self._count_max = rule.count_max

    def decide(self, observation: Observation) -> Decision:
        """Return how many instances there should be now."""
        current = observation.current
        if current > self._count_max:
            return Decision(self._count_max, "above the maximum")
        if current < self._count_min:
            return Decision(self._count_min, "below the minimum")
        return self._decide(observation)

    @abstractmethod
    def _decide(self, observation: Observation) -> Decision:
        """Decide where the present count is within bounds."""

    def scaled(self, now: float, before: int, after: int) -> None:  # noqa: B027 - most rules need not know
        """Hear that at `now` the wanted number was changed from `before` to `after`."""

    def _within(self, count: int) -> int:
        return max(self._count_min, min(self._count_max, count))


def rounded_up(count: float) -> int:
    """Return the next whole number, where `count` is not one but for a rounding of floats."""
    return ceil(count * (1.0 - _ROUNDING))
