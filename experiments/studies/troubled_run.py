"""A run with trouble in the middle: healthy before, in trouble for a while, recovered afterwards or not."""

import math
from dataclasses import dataclass

from simulator import EventLog, RequestTable
from simulator.measurement import RequestSample

from ..recovery import time_to_recover

_WINDOWS = 45


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubledRun:
    """A run that is over: what users saw, and when there was trouble.

    `requests` are the users' and `log` is the environment's; users came for `duration` seconds; the trouble
    lasted from `start` to `end`. A request belongs to the part of the run in which it was sent.
    """

    requests: RequestTable
    log: EventLog
    start: float
    end: float
    duration: float

    @property
    def window(self) -> float:
        """The width in seconds of the windows in which things are followed over time."""
        return self.duration / _WINDOWS

    def before(self, operation: str | None = None) -> RequestSample:
        """Return the requests that were sent before the trouble."""
        return self.requests.sample(0.0, self.start, operation=operation, by="start")

    def during(self, operation: str | None = None) -> RequestSample:
        """Return the requests that were sent during the trouble."""
        return self.requests.sample(self.start, self.end, operation=operation, by="start")

    def after(self, operation: str | None = None) -> RequestSample:
        """Return the requests that were sent after it."""
        return self.requests.sample(self.end, math.inf, operation=operation, by="start")

    @property
    def time_to_recover(self) -> float:
        """Seconds from the heal until users were served again; infinity if that was not seen."""
        return time_to_recover(
            self.requests,
            healed_at=self.end,
            until=self.duration,
            healthy=self.before().availability(),
            width=self.window,
        )
