"""Slow start: a target that is new gets less than its share at first, and more as time goes on.

A process that has just started is cold: caches are empty, code is not compiled, pools hold no connections.
Its weight is multiplied by max(least share, (age / window)^(1/aggression)) while it is younger than the
window: linearly with an aggression of 1, with most of the growth at the beginning above that. The age is
taken to be a second at least, as in Envoy, and counts from the time since when the balancer has taken the
target to be healthy: one that was ill starts slowly again.

A setting of policies that use weights (`Weighted`, `WeightedLeastRequest`): it makes no sense for others.
Where all targets are new, as after a restart of the balancer, all weights are alike and nothing is slow.

Source: Envoy, "Slow start mode" (window in seconds, aggression 1, least share 10 %).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

_AGE_MIN = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowStart:
    """What share of its weight a target has at some age.

    `window` in seconds (> 0), `aggression` (> 0), `share_min` in (0, 1].
    """

    window: float
    aggression: float = 1.0
    share_min: float = 0.1

    def __post_init__(self) -> None:
        """Check the settings."""
        for name, value in (("window", self.window), ("aggression", self.aggression)):
            if not 0.0 < value < inf:
                raise ValueError(f"{name} must be finite and > 0, got {value!r}")
        if not 0.0 < self.share_min <= 1.0:
            raise ValueError(f"share_min must be in (0, 1], got {self.share_min!r}")

    def share(self, age: float) -> float:
        """Return the share of its weight, in (0, 1], that a target has at an age in seconds."""
        if age >= self.window:
            return 1.0
        grown: float = (max(age, _AGE_MIN) / self.window) ** (1.0 / self.aggression)
        return min(1.0, max(self.share_min, grown))
