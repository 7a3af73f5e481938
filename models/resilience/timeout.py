"""Timeout: wait so long for an answer, and no longer.

What the target was doing for this caller is cancelled as far as the caller's own process reaches; whether a
server stops working for it is the network's and the server's affair. Mostly it does not, and its work is
wasted.

Leaves out: deadlines that travel with the request (`Request.deadline`), and time limits on connecting alone.
Source: Nygard, "Release It!" (2nd ed. 2018), chapter 5, "Timeouts".
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator import Cancelled, Environment, TimedOut

from ..endpoint import Call, Endpoint, Wrapper
from ..request import Request
from ..validation import require_duration


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeoutStatistics:
    """Of `call_count` calls begun, `expired_count` were given up because their time had passed."""

    call_count: int
    expired_count: int


class Timeout(Wrapper):
    """Answers as `target` does, or raises `TimedOut` after `delay` seconds (> 0; infinity: no limit).

    A `TimedOut` that comes from inside (a shorter timeout further in) passes through and does not count as
    expired here. With `log=True` each expiry is written into `env.event_log` as kind "timeout", with the
    delay and the operation; off by default, since under a dependency that is down that is one record a call.

    Example::

        payment = Timeout(env, network.connect(web, payment_service), 0.5)
    """

    def __init__(
        self, env: Environment, target: Endpoint, delay: float, *, log: bool = False, name: str = "timeout"
    ) -> None:
        """Put a limit of `delay` seconds around `target`."""
        super().__init__(target, name=name)
        require_duration("timeout", delay)
        self._env = env
        self.delay = delay
        self._log = log
        self._call_count = 0
        self._expired_count = 0

    def call(self, request: Request) -> Call:
        """Answer `request` in time, or raise `TimedOut`."""
        self._call_count += 1
        # What `with env.fail_after(self.delay)` does, without the calls that a `with` costs: this is every
        # call.
        deadline = self._env.open_deadline(self.delay)
        try:
            return (yield from self.target.call(request))
        except Cancelled as cancelled:
            if cancelled.scope is not deadline:
                raise
        finally:
            deadline.process = None
        self._expired_count += 1
        if self._log:
            self._env.log("timeout", self.name, delay=self.delay, operation=request.operation)
        raise TimedOut(f"{self.name}: no answer within {self.delay} s")

    def statistics(self) -> TimeoutStatistics:
        """Return what has happened so far."""
        return TimeoutStatistics(call_count=self._call_count, expired_count=self._expired_count)
