"""Deadline: a timeout that travels with the request, so that those who work for it know when to stop.

The request is stamped with the moment at which this caller will give up, or an earlier one that it carries
already: a deadline can only come nearer on its way. At that moment the call ends in `TimedOut`, whatever
becomes of the work; a request whose deadline has passed is not sent at all.

By which clock? By default by the true one, `env.now`. That is what gRPC comes to, which sends the *remaining
time* and so needs no clocks that agree. Its server counts that time from the arrival, and so gives the work
the time of the way there on top; here the deadline is exact (a `HonourDeadline` with `grace` gives that
time). A system that sends the *time of day*, as Finagle does, stamps and reads it by the hosts' own clocks:
`Deadline(..., clock=web.clock)` here, `HonourDeadline(..., clock=server.clock)` there. Where the clocks
differ, the server gives up too early, or works for nobody.

Leaves out: that a timer runs fast or slow with its clock; time limits for connecting alone. Sources: gRPC,
"Deadlines" guide (a timeout on the wire, so that clock skew does not matter; calls past their deadline fail
at once); Finagle's `Deadline` context; "Site Reliability Engineering" (2016), chapter 22, "Deadline
propagation".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulator import Environment

from ...endpoint import Call, Endpoint
from ...request import Request
from ...validation import require_finite_duration
from .by_the_clock import ByTheClock, time_left
from .request_deadline import with_deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineStatistics:
    """What has become of the calls so far.

    Of `call_count` calls, `expired_on_arrival_count` had no time left and went no further; `expired_count`
    were given up when their time had passed; the others ended as the target did, or are under way.
    `inherited_count` calls came with an earlier deadline than this one would set.
    """

    call_count: int
    inherited_count: int
    expired_on_arrival_count: int
    expired_count: int


class Deadline(ByTheClock):
    """Answers as `target` does, or raises `TimedOut` at the request's deadline, which is passed on.

    The deadline is `within` seconds (finite, > 0) from the call, or the request's own if that is earlier.
    `clock` is what the caller takes for the time, the true one by default (see above). A `TimedOut` from
    further in passes through and does not count as expired here. For a limit that nobody else hears of, use
    `Timeout`.

    Example::

        payment = Deadline(env, Retry(env, network.connect(web, server)), within=0.5)
    """

    def __init__(
        self,
        env: Environment,
        target: Endpoint,
        within: float,
        *,
        clock: Callable[[], float] | None = None,
        name: str = "deadline",
    ) -> None:
        """Put a deadline of `within` seconds on the calls of `target`."""
        super().__init__(env, target, clock, name=name)
        require_finite_duration("within", within)
        self.within = within
        self._inherited_count = 0

    def call(self, request: Request) -> Call:
        """Answer `request` before its deadline, or raise `TimedOut`."""
        self._call_count += 1
        now = self._env.now if self._clock is None else self._clock()
        delay = self.within
        inherited = request.deadline
        if inherited is None or inherited > now + delay:
            return self._answer_within(delay, with_deadline(request, now + delay))
        self._inherited_count += 1
        if inherited <= now:
            return self._come_too_late()
        return self._answer_within(time_left(inherited, now), request)

    def statistics(self) -> DeadlineStatistics:
        """Return what has happened so far."""
        return DeadlineStatistics(
            call_count=self._call_count,
            inherited_count=self._inherited_count,
            expired_on_arrival_count=self._expired_on_arrival_count,
            expired_count=self._expired_count,
        )
