"""Alarms and pace: what rules after AWS have in common.

An *alarm* goes off when so many datapoints in a row are on the wrong side of a threshold, one each interval,
and stays on until one is not. A datapoint that is missing begins the count anew (CloudWatch:
INSUFFICIENT_DATA), so that without metrics nothing is scaled.

*Pace* is how a rule waits for what it has done to take effect, before it does more of the same. Two ways:

- A cooldown (Application Auto Scaling). For `cooldown_out` seconds after growing from b, the next growth
  starts from b too: what is on its way is part of it, and only a larger step adds to it. For `cooldown_in`
  seconds after shrinking nothing is taken away; growing ends that.
- A warm-up (EC2 Auto Scaling). An instance that has been ready for less than `warm_up` seconds counts neither
  in the metric nor in what a growth starts from; and while there is one, nothing is taken away.

During a cooldown an instance that is ready counts at once: the metric is a mean over it too, and measured
against b alone it would look like less load than there is.

Sources: Application Auto Scaling API reference, `ScaleOutCooldown`, `ScaleInCooldown`; EC2 Auto Scaling user
guide, "Set the default instance warmup"; CloudWatch user guide, "Using Amazon CloudWatch alarms".
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from ..validation import require_count, require_delay
from .observation import Observation


class Alarm:
    """Goes off after `datapoint_count` (>= 1) breaches in a row."""

    __slots__ = ("_breach_count", "_datapoint_count")

    def __init__(self, datapoint_count: int) -> None:
        self._datapoint_count = datapoint_count
        self._breach_count = 0

    def sees(self, is_breach: bool) -> bool:
        """Take one datapoint (False for one that is missing), and say whether the alarm is on."""
        self._breach_count = self._breach_count + 1 if is_breach else 0
        return self._breach_count >= self._datapoint_count


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long a rule waits: `cooldown_out` and `cooldown_in` (>= 0 s), `warm_up` (>= 0 s, or none)."""

    cooldown_out: float = 300.0
    cooldown_in: float = 300.0
    warm_up: float | None = None

    def __post_init__(self) -> None:
        """Check the fields."""
        require_delay("cooldown_out", self.cooldown_out)
        require_delay("cooldown_in", self.cooldown_in)
        if self.warm_up is not None:
            require_delay("warm_up", self.warm_up)

    @property
    def ready_for(self) -> float:
        """How long an instance must have been ready to count in the metric (s)."""
        return self.warm_up or 0.0


COOLDOWN = Pace()
"""Five minutes each way: the default of Application Auto Scaling for most of what it scales."""


def warming(warm_up: float) -> Pace:
    """Return the pace of EC2 Auto Scaling, with a default instance warm-up of so many seconds."""
    return Pace(cooldown_out=0.0, cooldown_in=0.0, warm_up=warm_up)


class PaceKeeper:
    """When what was last done, by one controller."""

    __slots__ = ("_grown_at", "_grown_from", "_pace", "_shrunk_at")

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._grown_at = self._shrunk_at = -inf
        self._grown_from = 0

    def base(self, observation: Observation) -> int:
        """Return the number that a growth starts from."""
        current, warm_up = observation.current, self._pace.warm_up
        if warm_up is not None:
            return min(current, observation.warm_count(warm_up))
        if observation.now - self._grown_at < self._pace.cooldown_out:
            return min(current, max(self._grown_from, observation.warm_count(0.0)))
        return current

    def may_shrink(self, observation: Observation) -> bool:
        """Whether anything may be taken away now."""
        warm_up = self._pace.warm_up
        if warm_up is not None and observation.warm_count(warm_up) < observation.current:
            return False
        return observation.now - self._shrunk_at >= self._pace.cooldown_in

    def scaled(self, now: float, before: int, after: int) -> None:
        """Begin a cooldown."""
        if after < before:
            self._shrunk_at = now
            return
        self._shrunk_at = -inf
        if now - self._grown_at >= self._pace.cooldown_out:
            # A larger step within a cooldown goes on from where that began.
            self._grown_from = before
        self._grown_at = now


def require_datapoints(out_datapoints: object, in_datapoints: object) -> None:
    """Raise `ValueError` unless both are whole numbers >= 1."""
    require_count("out_datapoints", out_datapoints)
    require_count("in_datapoints", in_datapoints)
