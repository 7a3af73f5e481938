"""Scheduled scaling: so many instances from this time of day, so many from that.

For load that comes when it always does: the instances are there before it is. It looks at no metric, so what
was not foreseen it does not see; with another rule beside it (`largest`) the schedule is a floor. From each
time of a period (a day) until the next the number is what was set; before the first one, it is what the
last one of the period before has set.

Leaves out: days of the week, calendars; bounds that a schedule moves. Sources: EC2 Auto Scaling user guide,
"Scheduled scaling"; KEDA, cron scaler.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from ..validation import require_count, require_each, require_finite_duration, require_number
from .observation import Observation
from .rule import Decision, ScalingController, ScalingRule

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class ScheduledCount:
    """From `time` (s after the period's beginning) on: `count` instances."""

    time: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledScaling(ScalingRule):
    """Wants what `times` (one or more, in order, each in [0, `period`)) say.

    `period` (> 0 s) is a day unless a shorter one makes a shorter run; periods begin at time 0. Example::

        ScheduledScaling(
            count_max=20, times=(ScheduledCount(8 * 3600.0, 20), ScheduledCount(20 * 3600.0, 4))
        )
    """

    times: tuple[ScheduledCount, ...]
    period: float = DAY

    def __post_init__(self) -> None:
        """Check the fields."""
        ScalingRule.__post_init__(self)
        require_finite_duration("period", self.period)
        object.__setattr__(self, "times", require_each("times", self.times, ScheduledCount))
        if not self.times:
            raise ValueError(f"times must be one or more, got {self.times!r}")
        for each in self.times:
            require_count("count of a time", each.count, lowest=0)
            if not 0.0 <= require_number("time", each.time) < self.period:
                raise ValueError(f"time must lie in [0, {self.period:g}) s, got {each.time!r}")
        if any(not earlier.time < later.time for earlier, later in pairwise(self.times)):
            raise ValueError(f"times must be in order, got {self.times!r}")

    def controller(self) -> ScheduleController:
        """Return a controller; it has nothing to remember."""
        return ScheduleController(self)

    def count_at(self, now: float) -> int:
        """Return what the schedule says at `now` (s)."""
        of_period = now % self.period
        counts = [each.count for each in self.times if each.time <= of_period]
        return counts[-1] if counts else self.times[-1].count


class ScheduleController(ScalingController):
    """Reads the clock."""

    def __init__(self, rule: ScheduledScaling) -> None:
        super().__init__(rule)
        self._rule = rule

    def _decide(self, observation: Observation) -> Decision:
        return Decision(self._within(self._rule.count_at(observation.now)), "scheduled")
