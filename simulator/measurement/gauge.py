"""A gauge: a level over simulated time, such as queue length, requests in flight, busy cores, replicas.

Its mean weighs each level by how long it lasted: it is an area, not an average of samples, and so sees every
change. Left out: levels that change by themselves between events (a battery, a decaying average).
"""

from array import array
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .step_function import StepFunction


class Clock(Protocol):
    """Whatever knows the simulated time, such as an environment."""

    @property
    def now(self) -> float:
        """Present simulated time in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugeStatistics:
    """What a gauge saw from `since` to `until` (s): its last `value`, time-weighted `mean` and `maximum`."""

    since: float
    until: float
    value: float
    mean: float
    maximum: float


class Gauge:
    """A level that is set or changed at the clock's present time.

    `keep_history` keeps every change (16 bytes each), so that `history` and `mean(since)` can look back;
    without it only the area is kept, and `restart` forgets a warm-up.

    >>> import simpy
    >>> environment = simpy.Environment()
    >>> queue_length = Gauge(environment)
    >>> environment.run(until=1.0)
    >>> queue_length.add(3)
    >>> environment.run(until=4.0)
    >>> queue_length.mean()
    2.25
    """

    __slots__ = ("_area", "_changed_at", "_clock", "_started_at", "_times", "_values", "maximum", "value")
    maximum: float
    _area: float
    _started_at: float
    _changed_at: float

    def __init__(self, clock: Clock, value: float = 0, *, keep_history: bool = False) -> None:
        """Start at `value`, at the clock's present time."""
        self._clock = clock
        self.value = value
        self._times = array("d") if keep_history else None
        self._values = array("d")
        self.restart()

    def set(self, value: float) -> None:
        """Make the level `value` from now on."""
        now = self._clock.now
        self._area += self.value * (now - self._changed_at)
        self._changed_at = now
        self.value = value
        if value > self.maximum:
            self.maximum = value
        if self._times is not None:
            self._times.append(now)
            self._values.append(value)

    def add(self, delta: float) -> None:
        """Raise the level by `delta`, which may be negative."""
        # The body of `set` again: calling it would cost a third more, for every request in every queue.
        now = self._clock.now
        self._area += self.value * (now - self._changed_at)
        self._changed_at = now
        self.value = value = self.value + delta
        if value > self.maximum:
            self.maximum = value
        if self._times is not None:
            self._times.append(now)
            self._values.append(value)

    def restart(self) -> None:
        """Forget everything but the present level: mean, maximum and history begin now."""
        self._started_at = self._changed_at = self._clock.now
        self._area = 0.0
        self.maximum = self.value
        if self._times is not None:
            self._times = array("d", [self._started_at])
            self._values = array("d", [self.value])

    def mean(self, since: float | None = None) -> float:
        """Return the time-weighted mean from `since` (s; default: the start or restart) until now.

        Over no time it is the present value. A later `since` needs the history: ValueError without.
        """
        now = self._clock.now
        if since is not None and since != self._started_at:
            return self.history.mean(since)
        if now == self._started_at:
            return self.value
        return (self._area + self.value * (now - self._changed_at)) / (now - self._started_at)

    @property
    def history(self) -> StepFunction:
        """Every level until now, copied; of changes at one instant the last. ValueError if not kept."""
        if self._times is None:
            raise ValueError("the history of this gauge was not kept: Gauge(..., keep_history=True)")
        times = np.array(self._times)
        is_last_of_instant = np.append(times[1:] != times[:-1], True)
        return StepFunction(
            times=times[is_last_of_instant],
            values=np.array(self._values)[is_last_of_instant],
            until=self._clock.now,
        )

    def statistics(self) -> GaugeStatistics:
        """Return what was seen since the start or restart; `maximum` includes levels that lasted no time."""
        return GaugeStatistics(
            since=self._started_at,
            until=self._clock.now,
            value=self.value,
            mean=self.mean(),
            maximum=self.maximum,
        )
