"""Slow start: a target that is new gets less than its share at first, and more as time goes on.

A process that has just started is cold: caches are empty, code is not compiled, pools hold no connections.
Its weight is multiplied by max(least share, (age / window)^(1/aggression)) while it is younger than the
window: linearly with an aggression of 1, with most of the growth at the beginning above that. The age counts
from the time since when the balancer has taken the target to be healthy: one that was ill starts slowly
again, one that was ejected does not.

A setting of policies that use weights (`Weighted`, `WeightedLeastRequest`): it makes no sense for others.
Where all targets are new, as after a restart of the balancer, all weights are alike and nothing is slow.

Source: Envoy, "Slow start mode" (window in seconds, aggression 1, least share 10 %). Its documentation takes
the age to be a second at least, its code a millisecond; here the least share alone is what a new one has.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..validation import require_finite_duration, require_positive, require_share


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
        require_finite_duration("window", self.window)
        require_positive("aggression", self.aggression)
        require_share("share_min", self.share_min)

    def share(self, age: float) -> float:
        """Return the share of its weight, in (0, 1], that a target has at an age in seconds."""
        if age >= self.window:
            return 1.0
        grown: float = (age / self.window) ** (1.0 / self.aggression)
        return max(self.share_min, grown)


def require_slow_start(slow_start: object) -> None:
    """Raise `TypeError` for what is neither a slow start nor none."""
    if slow_start is not None and not isinstance(slow_start, SlowStart):
        raise TypeError(f"slow_start must be a SlowStart or none, got {slow_start!r}")
