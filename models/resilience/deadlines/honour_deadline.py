"""Honour deadlines: a server that does not work for callers who have given up.

Rules:

- A request whose deadline has passed when it arrives is not worked on: `TimedOut`, at once.
- With `cancels`, work on a request is cancelled at its deadline, wherever it is: places in queues, threads
  and cores are given back, and the call ends in `TimedOut`. Without it the server looks once, on arrival.
- A request without a deadline is none of its business.

This needs no message from the caller, and so works where that cannot come: across a partition, from a dead
host. It comes no earlier than the deadline, though. A caller that leaves before that (its user has gone,
another copy has won) is heard of only where cancellation is propagated
(`connect(propagate_cancellation=True)`); the two go together well.

`clock` is what the server takes for the time, see `deadline`. Where it goes wrong by some seconds, requests
are given up so much too early or too late. `grace` lets all deadlines pass so much later: for clocks that
differ, or for the time of the way here, which gRPC does not take off.

Leaves out: safeguards against a clock that is very wrong (Finagle rejects one request in five at the most,
and none whose deadline passed more than 170 ms ago: that is then the clock's fault). Sources: gRPC,
"Deadlines" guide (the server cancels the call); Finagle, `DeadlineFilter` (looks on arrival only).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulator import Environment

from ...endpoint import Call, Endpoint
from ...request import Request
from ...validation import require_delay
from .by_the_clock import ByTheClock, time_left


@dataclass(frozen=True, slots=True, kw_only=True)
class HonourDeadlineStatistics:
    """What has become of the calls so far.

    Of `call_count` calls, `expired_on_arrival_count` were not worked on; work on `cancelled_count` was broken
    off at the deadline; the others ended as the target did, or are under way. `without_deadline_count` calls
    carried none.
    """

    call_count: int
    without_deadline_count: int
    expired_on_arrival_count: int
    cancelled_count: int


class HonourDeadline(ByTheClock):
    """Answers as `target` does, but not after a request's deadline: see the rules above.

    `clock` returns what time it is, by default the true one; `grace` (finite, >= 0) in seconds is how
    much later than its deadline a request counts as late. To be put around an instance of a service.

    Example::

        shop = network.connect(web, HonourDeadline(env, instance, clock=instance.host.clock))
    """

    def __init__(
        self,
        env: Environment,
        target: Endpoint,
        *,
        clock: Callable[[], float] | None = None,
        grace: float = 0.0,
        cancels: bool = True,
        name: str = "honour deadline",
    ) -> None:
        """Look at the deadlines of what is asked of `target`."""
        super().__init__(env, target, clock, name=name)
        require_delay("grace", grace)
        self.grace = grace
        self.cancels = cancels
        self._without_deadline_count = 0

    def call(self, request: Request) -> Call:
        """Answer `request`, or raise `TimedOut` if its deadline has passed or, as it may be, when it does."""
        self._call_count += 1
        if request.deadline is None:
            self._without_deadline_count += 1
            return self.target.call(request)
        now = self._env.now if self._clock is None else self._clock()
        time = request.deadline + self.grace
        if time <= now:
            return self._come_too_late()
        if not self.cancels:
            return self.target.call(request)
        return self._answer_within(time_left(time, now), request)

    def statistics(self) -> HonourDeadlineStatistics:
        """Return what has happened so far."""
        return HonourDeadlineStatistics(
            call_count=self._call_count,
            without_deadline_count=self._without_deadline_count,
            expired_on_arrival_count=self._expired_on_arrival_count,
            cancelled_count=self._expired_count,
        )
