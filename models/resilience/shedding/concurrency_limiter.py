"""The concurrency limiter: so many calls in flight at a time, and an order for those beyond.

Rules, in order:

1. A call that finds fewer in flight than the limit is admitted. Nobody waits while there is room.
2. Another one goes to the waiting room of the `queue` discipline: it waits, or is `Rejected` at once, or
   another one is in its favour. It is `Rejected` as well when it has waited as long as it may.
3. A place that becomes free goes straight to the next who waits, so that nobody can jump the queue at that
   instant. A lower limit takes no place away: it holds once enough calls have ended.
4. How a call ends is told to the limit. A response is a success. A failure in `drops_on` is a drop: by
   default `TimedOut` and `Rejected`, which say that there is more load than something can take. Any other
   failure, and a call that is cancelled or killed, tells nothing: an error in no time would look like spare
   capacity. These are onSuccess, onDropped and onIgnore of the source, by their documentation; its gRPC
   interceptors differ from each other in what they report as which.
5. A call is measured from its admission: who waits here does not make the target slow.

Around an instance it stands in the instance's process, where it sees the whole of the load: the usual place.
When that process, or its host, restarts, it begins anew: nothing in flight, nobody waiting, the limit at its
start. Around a connection it limits what one caller has under way, and begins anew with the caller's host (of
a restart of the calling process alone it does not know).

A timeout *inside* makes late calls drops; one outside only cancels them. Leaves out: partitions of the limit
by kind of request, and calls that pass without counting (both Netflix's). Source: Netflix concurrency-limits,
`AbstractLimiter.java`, `Limiter.java`.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from simulator import PARKED, Cancelled, Environment, Gauge, TimedOut

from ...endpoint import Call, Endpoint, Wrapper
from ...failures import CallFailed, Rejected
from ...request import Request
from ..failure_kinds import require_failures
from ..rejection import rejection
from .limits import ConcurrencyLimit, LimitEstimator, limit_randomness
from .queues import QueueDiscipline, RejectAtOnce, Waiter, WaitingRoom

_NO_QUEUE = RejectAtOnce()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcurrencyLimiterStatistics:
    """What has become of the calls to a limiter so far.

    `call_count` = `admitted_count` + `full_count` (found no place) + `waited_too_long_count` (had waited as
    long as they may) + `displaced_count` (gave way to others) + `left_count` (cancelled or killed while
    they waited) + `waiting_count` (now). `admitted_count` = `succeeded_count` + `dropped_count` +
    `ignored_count` + `in_flight_count` (now). `limit` is what it is now.
    """

    call_count: int
    admitted_count: int
    full_count: int
    waited_too_long_count: int
    displaced_count: int
    left_count: int
    waiting_count: int
    succeeded_count: int
    dropped_count: int
    ignored_count: int
    in_flight_count: int
    limit: int

    @property
    def rejected_count(self) -> int:
        """How many calls were rejected, for whatever reason."""
        return self.full_count + self.waited_too_long_count + self.displaced_count


class ConcurrencyLimiter(Wrapper):
    """Lets at most as many calls into `target` at a time as `limit` says; `queue` says what others do.

    `drops_on` are the failures that count as lost to overload. `limit_gauge` is the limit over time,
    for figures; with `keep_history` it keeps every change. A limit that is random needs an environment with a
    seed, and draws from the stream "limiter/<name>".

    Example::

        limiter = ConcurrencyLimiter(env, instance, VegasLimit(), queue=Fifo(50, age_max=0.5))
        payment = network.connect(web, limiter)
    """

    def __init__(
        self,
        env: Environment,
        target: Endpoint,
        limit: ConcurrencyLimit,
        *,
        queue: QueueDiscipline = _NO_QUEUE,
        drops_on: tuple[type[CallFailed], ...] = (TimedOut, Rejected),
        keep_history: bool = False,
        name: str = "limiter",
    ) -> None:
        """Start with nothing in flight."""
        super().__init__(target, name=name)
        if not isinstance(queue, QueueDiscipline):
            raise TypeError(f"queue must be a QueueDiscipline, such as Fifo(100), got {queue!r}")
        require_failures("drops_on", drops_on)
        self._env = env
        self._uniform = limit_randomness(env, limit, f"limiter/{name}")
        self._limit = limit
        self._queue = queue
        self._drops_on = drops_on
        self._memory = _Memory(self)
        self.limit_gauge = Gauge(env, self._memory.limit, keep_history=keep_history)
        self._call_count = 0
        self._admitted_count = 0
        self._full_count = 0
        self._waited_too_long_count = 0
        self._displaced_count = 0
        self._left_count = 0
        self._succeeded_count = 0
        self._dropped_count = 0
        self._ignored_count = 0
        if self.host is not None:
            self.host.on_restart(self._begin_anew, endpoint=self.serving)

    def call(self, request: Request) -> Call:
        """Answer `request` as the target does, at once or after a wait, or raise `Rejected`."""
        memory = self._memory
        self._call_count += 1
        if memory.in_flight < memory.limit:
            memory.in_flight += 1
            in_flight = memory.in_flight
        else:
            in_flight = yield from self._wait(memory, request)
        self._admitted_count += 1
        start = self._env.now
        try:
            response = yield from self.target.call(request)
        except CallFailed as failure:
            if isinstance(failure, self._drops_on):
                self._dropped_count += 1
                self._end(memory, start, in_flight, True)
            else:
                self._ignored_count += 1
                memory.release()
            raise
        except BaseException:
            self._ignored_count += 1
            memory.release()
            raise
        self._succeeded_count += 1
        self._end(memory, start, in_flight, False)
        return response

    def _end(self, memory: _Memory, start: float, in_flight: int, did_drop: bool) -> None:
        """Learn from a call, and only then let others in: the limit may have changed by it."""
        memory.in_flight -= 1
        if memory is self._memory:
            memory.estimator.sample(start, self._env.now - start, in_flight, did_drop)
        memory.admit()

    def _wait(self, memory: _Memory, request: Request) -> Generator[Any, Any, int]:
        """Wait for a place and take it; return how many are in flight then."""
        env, room = self._env, memory.room
        patience = room.patience(env.now)
        waiter = _Place(env.active_process, request.priority)
        loser: Any = room.enter(waiter, env.now)
        if loser is waiter:
            self._full_count += 1
            raise rejection(self, room.full)
        if loser is not None:
            self._displaced_count += 1
            loser.displace(env)
        waiter.deadline = deadline = env.open_deadline(patience)
        try:
            yield PARKED
        except BaseException as end:
            deadline.process = None
            is_late = isinstance(end, Cancelled) and end.scope is deadline
            self._leave(memory, waiter, is_late=is_late)
            if is_late:
                raise rejection(self, "waited too long") from None
            raise
        if waiter.is_displaced:
            raise rejection(self, "displaced")
        return waiter.in_flight

    def _leave(self, memory: _Memory, waiter: _Place, *, is_late: bool) -> None:
        """Let one go that waits no longer, whatever it was given at this very instant."""
        if waiter.is_displaced:
            return
        if waiter.in_flight:
            memory.release()
        else:
            memory.room.leave(waiter)
        if is_late:
            self._waited_too_long_count += 1
        else:
            self._left_count += 1

    def _begin_anew(self) -> None:
        """Forget everything.

        What was under way in the process is gone. Calls that were not in it (from a process that is bound to
        no host) still hold places, but in a memory that is no more.
        """
        self._memory.estimator.stop()
        self._memory = _Memory(self)
        self.limit_gauge.set(self._memory.limit)

    def statistics(self) -> ConcurrencyLimiterStatistics:
        """Return what has happened so far; calls from before a restart that have not ended are counted in."""
        ended = self._succeeded_count + self._dropped_count + self._ignored_count
        shed = self._full_count + self._waited_too_long_count + self._displaced_count
        return ConcurrencyLimiterStatistics(
            call_count=self._call_count,
            admitted_count=self._admitted_count,
            full_count=self._full_count,
            waited_too_long_count=self._waited_too_long_count,
            displaced_count=self._displaced_count,
            left_count=self._left_count,
            waiting_count=self._call_count - self._admitted_count - shed - self._left_count,
            succeeded_count=self._succeeded_count,
            dropped_count=self._dropped_count,
            ignored_count=self._ignored_count,
            in_flight_count=self._admitted_count - ended,
            limit=self._memory.limit,
        )


class _Place(Waiter):
    """A call that waits for a place; once it has one, so many are `in_flight`, itself included."""

    __slots__ = ("deadline", "in_flight", "is_displaced")

    def __init__(self, process: Any, priority: int) -> None:
        super().__init__(process, priority)
        self.in_flight = 0
        self.is_displaced = False
        self.deadline: Any = None

    def displace(self, env: Environment) -> None:
        self.is_displaced = True
        self.go_on(env)

    def go_on(self, env: Environment) -> None:
        # Its time is not up any more: of a place and a deadline at one instant, the first one counts.
        self.deadline.process = None
        env.wake(self.process)


class _Memory:
    """What a limiter knows from one start of its process to the next.

    Invariant: nobody is in `room` while `in_flight` < `limit`.
    """

    __slots__ = ("_env", "_owner", "estimator", "in_flight", "limit", "room")

    def __init__(self, owner: ConcurrencyLimiter) -> None:
        self._env = owner._env
        self._owner = owner
        self.in_flight = 0
        self.room: WaitingRoom = owner._queue.room()
        self.estimator: LimitEstimator = owner._limit.estimator(owner._env, owner._uniform, self._change)
        self.limit = self.estimator.limit

    def _change(self, limit: int) -> None:
        self.limit = limit
        self._owner.limit_gauge.set(limit)
        self.admit()

    def release(self) -> None:
        """Give a place back."""
        self.in_flight -= 1
        self.admit()

    def admit(self) -> None:
        """Let in who waits, as far as there are places."""
        room = self.room
        while self.in_flight < self.limit and len(room):
            waiter: Any = room.next()
            self.in_flight += 1
            waiter.in_flight = self.in_flight
            waiter.go_on(self._env)
