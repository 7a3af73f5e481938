"""Backlog per instance: as many workers as will be through with the queue in time.

A message that arrives behind b others, at a worker that takes s seconds for each, waits about b s. So the
acceptable backlog of one instance is the latency that is wanted over the time that a message takes, and the
number of instances ceil(backlog / acceptable). Average utilisation would not do: a worker with any backlog
at all is always busy, and utilisation does not tell a backlog of ten from one of ten thousand.

Rules, every `interval` (15 s):

1. backlog > `activation` (0): ceil(backlog / acceptable), at least 1. Growing is done at once; shrinking only
   to the highest number asked for in the last `stabilisation_window` (300 s).
2. backlog <= `activation`: `count_min`; where that is 0, only after `idle_time` (300 s) of it, and 1 until
   then: instances that have just been started are worth keeping for a while.
3. Without the backlog's value nothing changes.

Rounding up leaves some idle. What is behind the formula is a queue that only empties: with messages arriving
at a rate a, an instance works off 1/s - a/n a second, and the number must exceed a s to get anywhere. The
backlog grows until it does; so a steady load sits at a backlog near n times the acceptable one, and the
latency near what is wanted.

Sources: EC2 Auto Scaling user guide, "Scaling policy based on Amazon SQS" (1,500 messages, 100 acceptable: 15
instances); KEDA, `ScaledObject` (`cooldownPeriod` 300 s to zero, `activationThreshold`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from ..validation import require_delay, require_finite_duration, require_name, require_positive
from .observation import Observation
from .rule import Decision, ScalingController, ScalingRule, rounded_up


@dataclass(frozen=True, slots=True, kw_only=True)
class BacklogPerInstance(ScalingRule):
    """Keeps the total `metric` at or below `acceptable` (> 0) for each instance; see `acceptable_backlog`.

    Example::

        BacklogPerInstance(count_max=20, acceptable=acceptable_backlog(latency=10.0, service=0.1))
    """

    acceptable: float
    metric: str = "backlog"
    activation: float = 0.0
    stabilisation_window: float = 300.0
    idle_time: float = 300.0

    def __post_init__(self) -> None:
        """Check the fields."""
        ScalingRule.__post_init__(self)
        require_positive("acceptable", self.acceptable)
        require_name("metric", self.metric)
        require_delay("activation", self.activation)
        require_delay("stabilisation_window", self.stabilisation_window)
        require_delay("idle_time", self.idle_time)

    def controller(self) -> BacklogController:
        """Return a controller that has seen no backlog."""
        return BacklogController(self)


class BacklogController(ScalingController):
    """What was asked for lately, and since when nothing is to be done."""

    def __init__(self, rule: BacklogPerInstance) -> None:
        super().__init__(rule)
        self._rule = rule
        self._asked: list[tuple[float, int]] = []
        self._idle_since = inf

    def _decide(self, observation: Observation) -> Decision:
        rule, now, current = self._rule, observation.now, observation.current
        backlog = observation.totals.get(rule.metric)
        if backlog is None:
            return Decision(current, f"{rule.metric} is missing")
        if backlog > rule.activation:
            self._idle_since = inf
            wanted = rounded_up(backlog / rule.acceptable)
            reason = f"{rule.metric} of {backlog:g}"
        else:
            self._idle_since = min(self._idle_since, now)
            is_over = now - self._idle_since >= rule.idle_time
            wanted = 0 if is_over or current == 0 else 1
            reason = "idle"
        wanted = self._within(wanted)
        self._asked = [each for each in self._asked if now - each[0] < rule.stabilisation_window]
        highest = max([wanted, *(count for _, count in self._asked)])
        self._asked.append((now, wanted))
        return Decision(max(wanted, min(current, highest)), reason)


def acceptable_backlog(*, latency: float, service: float) -> float:
    """Return how many messages may wait for one instance: `latency` (> 0 s) over `service` (> 0 s each).

    `service` is the time per message of the whole instance: where it works on k at a time, a kth of it.
    """
    require_finite_duration("latency", latency)
    require_finite_duration("service", service)
    return latency / service
