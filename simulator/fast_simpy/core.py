"""The environment: SimPy's, made fast.

Everything that is due carries a time, a priority and a sequence number, and happens in that order: that is SimPy's law, and it is
kept. What is different is where things wait:

- `_queue`, a heap: what is due later. An entry is `(time, priority, sequence, item)`.
- `_urgent` and `_ready`, first-in first-out: what is due now, with priority urgent and normal. Nothing can come before the head of
  such a queue but what stands in the heap for this very instant, which was put there earlier.
- deadline lanes (`scopes`): of all open deadlines of one length, only the first stands in the heap.

An item is an event, or one of three things that SimPy has no need of: a sleeping `Process` (woken by the loop itself, without an event object
or a callback list), a `Call`, or a `DeadlineLane`. One screen of `_loop` is the whole engine; `step` does the same for one item, and is what a
traced run uses.

Source: SimPy 4.1 (`simpy.core`), whose test suite runs on this class; the ready queue follows asyncio's event loop.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from heapq import heappop, heappush
from math import inf
from typing import TYPE_CHECKING, Any

import simpy
import simpy.core
from numpy.random import Generator as RandomGenerator
from simpy.core import BoundClass, EmptySchedule, StopSimulation
from simpy.events import NORMAL, URGENT, AllOf, AnyOf, Event, EventPriority, Timeout

from ..measurement import EventLog
from ..randomness import Distribution, Sampler, Streams
from .failure_notes import RunawayError, annotate, runaway_names
from .process import PARKED, Process, _own_copy
from .scopes import Cancelled, CancelScope, Deadline, DeadlineLane
from .trace import TraceDigest

# Tokens that no entry in the schedule carries; entries carry sequence numbers, which start at 1.
_PARKED_TOKEN = -1


class Call:
    """A function that will be called at a later time; made by `Environment.call_later`."""

    __slots__ = ("arguments", "function")

    def __init__(self, function: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        self.function: Callable[..., object] | None = function
        self.arguments = arguments

    def cancel(self) -> None:
        """Do not call the function after all; does nothing once it was called."""
        self.function = None


class Environment(simpy.Environment):
    """The world in which processes run: a clock, a schedule and a source of randomness.

    `initial_time` is the clock's first reading in seconds. `seed` is the root of all random streams; without one, asking for a stream is an
    error. `trace=True` computes a digest of everything that happens (see `trace_digest`) and is slower. A run in which more than
    `instant_events_max` items are processed without the clock moving stops with an error that names who is scheduling.

    Every SimPy process, event, condition, resource and store works on it. In addition a process may `yield 0.25` to sleep.

    Example::

        env = Environment(seed=1)

        def client(env):
            with env.fail_after(0.5):
                yield 0.25

        env.process(client(env))
        env.run()
    """

    now: float = 0
    """The simulated time in seconds. Read it, never write it: a plain attribute because a property would cost more than most of what is done
    with it."""

    active_process: Process | None = None
    """The process that is running now; a plain attribute for the same reason."""

    processes: set[Process]
    """The processes that have not ended."""

    def __init__(
        self,
        initial_time: float = 0,
        *,
        seed: int | None = None,
        trace: bool = False,
        instant_events_max: int = 1_000_000,
    ) -> None:
        super().__init__(initial_time)
        BoundClass.bind_early(self)
        self.now = initial_time
        self.seed = seed
        self.event_log = EventLog()
        # A process that waits for something which will never happen is referred to by nothing else. If Python were to collect it, its `finally`
        # blocks would run, and give back what it holds, whenever the garbage collector pleases.
        self.processes: set[Process] = set()
        self._urgent: deque[Any] = deque()
        self._ready: deque[Any] = deque()
        self._queue: list[Any] = []
        self._lanes: dict[float, DeadlineLane] = {}
        self._streams = Streams(seed)
        self._sampler_counts: dict[str, int] = {}
        self._trace = TraceDigest() if trace else None
        self._failed: Event | None = None
        self._instant_events_max = instant_events_max
        self._burst = 0  # items processed since the clock last moved
        next(self._eid)  # 0 is the token of a process that has not started

    # SimPy's own code uses these two names.

    @property
    def _now(self) -> float:
        return self.now

    @_now.setter
    def _now(self, time: float) -> None:
        self.now = time

    @property
    def _active_proc(self) -> Process | None:
        return self.active_process

    @_active_proc.setter
    def _active_proc(self, process: Process | None) -> None:
        self.active_process = process

    if TYPE_CHECKING:

        def process(self, generator: Generator[Any, Any, Any], name: str | None = None) -> Process: ...
        def timeout(self, delay: float = 0, value: Any | None = None) -> Timeout: ...
        def event(self) -> Event: ...
        def all_of(self, events: Iterable[Event]) -> AllOf: ...
        def any_of(self, events: Iterable[Event]) -> AnyOf: ...

    else:
        process = BoundClass(Process)
        timeout = BoundClass(Timeout)
        event = BoundClass(Event)
        all_of = BoundClass(AllOf)
        any_of = BoundClass(AnyOf)

    # -- scheduling ---------------------------------------------------------------------------------------------------

    def schedule(self, event: Event, priority: EventPriority = NORMAL, delay: float = 0) -> None:
        """Let `event` happen after `delay` seconds, with SimPy's `priority` among what is due then."""
        now = self.now
        time = now + delay
        if time == now and priority == NORMAL:
            self._ready.append(event)
            next(self._eid)
        elif time == now and priority == URGENT:
            self._urgent.append(event)
            next(self._eid)
        else:
            heappush(self._queue, (time, priority, next(self._eid), event))

    def call_later(self, delay: float, function: Callable[..., object], *arguments: Any) -> Call:
        """Call `function(*arguments)` after `delay` seconds (finite, >= 0); return the `Call`, which can be cancelled.

        Cheaper than a process for something that happens once. An exception in it stops the run.
        """
        if not 0.0 <= delay < inf:
            raise ValueError(f"delay must be finite and >= 0 s, got {delay!r}")
        call = Call(function, arguments)
        now = self.now
        time = now + delay
        if time == now:
            self._ready.append(call)
        else:
            heappush(self._queue, (time, NORMAL, next(self._eid), call))
        return call

    def launch(self, generator: Generator[Any, Any, Any], name: str | None = None, delay: float = 0.0) -> None:
        """Start a process that nobody can wait for, after `delay` seconds (finite, >= 0). Its end is no event, which makes it cheaper."""
        Process(self, generator, name, delay).callbacks = None

    def start_delayed(self, generator: Generator[Any, Any, Any], delay: float, name: str | None = None) -> Process:
        """Start a process after `delay` seconds (finite, >= 0); like `simpy.util.start_delayed`, without a process that does the waiting."""
        if not 0.0 <= delay < inf:
            raise ValueError(f"delay must be finite and >= 0 s, got {delay!r}")
        return Process(self, generator, name, delay)

    def wake(self, process: Process, value: Any = None) -> None:
        """Let a process go on that has yielded `PARKED`: now, after what is due before; `value` is what its `yield` returns.

        Raises `RuntimeError` for a process that is not parked, or that was woken already.
        """
        if process._token != _PARKED_TOKEN:
            raise RuntimeError(f"process {process.name!r} is not parked")
        process._token = token = next(self._eid)
        self._ready.append((process, token, value))

    def fail_after(self, delay: float) -> CancelScope:
        """Return a context manager that raises `TimedOut` when its block takes longer than `delay` seconds (>= 0; infinity: no deadline)."""
        return CancelScope(self, delay, raises=True)

    def move_on_after(self, delay: float) -> CancelScope:
        """Return a context manager whose block is left after `delay` seconds (>= 0); its `expired` then is true."""
        return CancelScope(self, delay, raises=False)

    def open_deadline(self, delay: float) -> Deadline:
        """Set a deadline for the running process, `delay` seconds from now (>= 0, unchecked): what `fail_after` is made of, for hot paths.

        Whoever opens it must close it, and must know it by its `Cancelled`; see `models.resilience.Timeout`.
        """
        deadline = Deadline(self.active_process, self.now + delay, next(self._eid))  # type: ignore[arg-type]
        lane = self._lanes.get(delay)
        if lane is None:
            self._open_lane(delay, deadline)
        else:
            lane.deadlines.append(deadline)
            if len(lane.deadlines) > 1_000:
                lane.drop_closed()
        return deadline

    # -- randomness and records ---------------------------------------------------------------------------------------

    def stream(self, name: str) -> RandomGenerator:
        """Return the random stream of that name: always the same one, and independent of every other name's.

        Raises `ValueError` where the environment has no seed.
        """
        return self._streams.stream(name)

    def sampler(self, name: str, distribution: Distribution) -> Sampler:
        """Return a callable that draws from `distribution`, in blocks, on a stream of its own called `name`.

        The second sampler of a name gets the stream "name#2", and so on in the order in which they are made: two samplers on one stream would take
        numbers from each other.
        """
        count = self._sampler_counts.get(name, 0) + 1
        self._sampler_counts[name] = count
        return Sampler(self._streams.stream(name if count == 1 else f"{name}#{count}"), distribution)

    def log(self, kind: str, subject: str, **detail: Any) -> None:
        """Write down that something of this `kind` happened now to `subject`; see `event_log`."""
        self.event_log.append(self.now, kind, subject, detail)

    def trace_digest(self) -> str:
        """Return the digest (hexadecimal) of everything that has happened so far: equal digests, equal runs.

        Raises `RuntimeError` unless the environment was made with `trace=True`.
        """
        if self._trace is None:
            raise RuntimeError("no trace was kept: make the environment with Environment(trace=True)")
        return self._trace.hexdigest()

    # -- running ------------------------------------------------------------------------------------------------------

    def peek(self) -> float:
        """Return the time of what happens next, infinity if there is nothing."""
        if self._urgent or self._ready:
            return self.now
        return self._queue[0][0] if self._queue else inf

    def step(self) -> None:
        """Process the next item; raise `simpy.core.EmptySchedule` if there is none.

        An event that failed, and whose failure nobody handled, raises its exception here.
        """
        failed, self._failed = self._failed, None
        if failed is None:
            failed = self._advance()
        if failed is not None:
            exc: BaseException = type(failed._value)(*failed._value.args)
            exc.__cause__ = failed._value
            annotate(exc, self, failed)
            raise exc

    def run(self, until: float | Event | None = None) -> Any:
        """Run until nothing is left to happen, until the clock reads `until`, or until the event `until` has happened.

        Of what is due at the time `until` nothing happens. Returns the value of the event, `None` otherwise. Raises `ValueError` for a time
        that is not in the future, `RuntimeError` if nothing is left and the event has not happened. An error in a process stops the run: it is
        raised here with a note of seed, simulated time and process.
        """
        stop = self._stop_event(until)
        if stop is not None:
            if stop.callbacks is None:
                return stop.value
            stop.callbacks.append(StopSimulation.callback)
        try:
            while True:
                if self._trace is None:
                    self._failed = self._loop()
                self.step()
        except StopSimulation as stopped:
            return stopped.args[0]
        except EmptySchedule:
            self.active_process = None
            if stop is not None:
                raise RuntimeError(
                    f'No scheduled events left but "until" event was not triggered: {stop}'
                ) from None
        except Exception as error:
            annotate(error, self, None)
            raise
        return None

    def _stop_event(self, until: float | Event | None) -> Event | None:
        if until is None or isinstance(until, Event):
            return until
        at = until if isinstance(until, int) else float(until)
        if not at > self.now:
            raise ValueError(f"until ({at}) must be greater than the current simulation time")
        stop = Event(self)
        stop._ok = True
        stop._value = None
        heappush(self._queue, (at, URGENT, next(self._eid), stop))
        return stop

    def _loop(self) -> Event | None:
        """Process items until none is left (`EmptySchedule`) or one has failed, which is returned.

        `_advance` says plainly what happens to an item. Here the commonest cases are spelled out, because calls and returns would cost more than what they do: a
        process wakes up, and goes to sleep, is parked, or waits for a process of its own.
        """
        queue, urgent, ready, processes = self._queue, self._urgent, self._ready, self.processes
        sequence = self._eid.__next__
        now, burst, burst_max = self.now, 0, self._instant_events_max
        while True:
            if urgent or ready:
                burst += 1
                if burst > burst_max:
                    self._stop_runaway()
                if queue and queue[0][0] <= now:
                    failed = self._advance()  # a tie, which it knows how to break
                    if failed is not None:
                        return failed
                    continue
                item = urgent.popleft() if urgent else ready.popleft()
                if type(item) is tuple:
                    process, token, value = item
                    if process._token != token:
                        continue
                elif type(item) is Process and item._ok and not item.callbacks:
                    process, item.callbacks = item.waiter, None
                    if process is None:
                        continue
                    value = item._value
                    item.waiter = process._target = None
                else:
                    failed = self._happen(item)
                    if failed is not None:
                        return failed
                    continue
            else:
                try:
                    time, _, token, process = heappop(queue)
                except IndexError:
                    raise EmptySchedule from None
                if time != now:
                    self.now = now = time
                    burst = 0
                if type(process) is Process:
                    if process._token != token:
                        continue
                    value = None
                elif type(process) is tuple:
                    process, token, value = process
                    if process._token != token:
                        continue
                else:
                    failed = self._happen(process)
                    if failed is not None:
                        return failed
                    continue
            self.active_process = process
            try:
                target = process._send(value)
            except StopIteration as end:
                processes.discard(process)
                if process.callbacks is not None:
                    process._ok = True
                    process._value = end.value
                    ready.append(process)
            except BaseException as end:
                self._finish(process, end)
            else:
                if type(target) is float:
                    time = now + target
                    if time > now and time < inf:  # unchained: CPython specialises only single comparisons
                        process._token = token = sequence()
                        heappush(queue, (time, 1, token, process))
                        continue
                elif target is PARKED:
                    process._token = _PARKED_TOKEN
                    continue
                elif type(target) is Process and not target.callbacks and target.callbacks is not None and target.waiter is None:
                    target.waiter = process
                    process._target = target
                    continue
                self._wait(process, target)

    def _advance(self) -> Event | None:
        """Process the next item; return it if it is an event that failed and nobody handled that."""
        queue = self._queue
        due_priority = queue[0][1] if queue and queue[0][0] <= self.now else inf
        if self._urgent and due_priority > URGENT:
            return self._happen_now(self._urgent.popleft())
        if self._ready and not self._urgent and due_priority > NORMAL:
            return self._happen_now(self._ready.popleft())
        try:
            time, _, token, item = heappop(queue)
        except IndexError:
            raise EmptySchedule from None
        if time != self.now:
            self.now = time
            self._burst = 0
        if item.__class__ is Process:
            item = (item, token, None)
        return self._happen(item)

    def _happen_now(self, item: Any) -> Event | None:
        self._burst += 1
        if self._burst > self._instant_events_max:
            self._stop_runaway()
        return self._happen(item)

    def _happen(self, item: Any) -> Event | None:
        """Let one item happen: wake a process, call a function, let a deadline pass, or settle an event."""
        self.active_process = None
        if self._trace is not None:
            self._trace.update(self.now, item)
        kind = type(item)
        if kind is tuple:
            process, token, value = item
            if process._token == token:
                self._proceed(process, process._send, value)
        elif kind is Call:
            if item.function is not None:
                function, item.function = item.function, None
                function(*item.arguments)
        elif kind is DeadlineLane:
            self._expire(item)
        else:
            return self._settle(item)
        return None

    def _settle(self, event: Any) -> Event | None:
        """Tell everybody who waits for `event`; return it if it failed and nobody handled that."""
        callbacks, event.callbacks = event.callbacks, None
        if event.__class__ is Process and event.waiter is not None:
            waiter, event.waiter = event.waiter, None
            waiter._resume(event)
        try:
            for callback in callbacks:
                callback(event)
        except StopSimulation:
            # The callbacks that are left run first thing when the run goes on.
            event.callbacks = callbacks[callbacks.index(callback) + 1 :]
            heappush(self._queue, (self.now, -1, next(self._eid), Call(self._settle, (event,))))
            raise
        return None if event._ok or hasattr(event, "_defused") else event  # type: ignore[no-any-return]

    def _proceed(self, process: Process, method: Callable[[Any], Any], argument: Any) -> None:
        """Run `process` from its present yield, by `send` or `throw`, to the next."""
        self.active_process = process
        try:
            target = method(argument)
        except BaseException as end:
            self._finish(process, end)
        else:
            self._wait(process, target)

    def _wait(self, process: Process, target: Any) -> None:
        """Let `process` wait for what it has yielded: a time, an event, or to be woken.

        An event that has already happened is no reason to wait: the process goes on at once, as SimPy has it.
        """
        rounds = 0
        while True:
            try:
                callbacks = target.callbacks
            except AttributeError:
                if self._sleep(process, target):
                    break
                method: Callable[[Any], Any] = process._generator.throw
                argument: Any = _wrong_yield(target)
            else:
                if callbacks is not None:
                    if target.__class__ is Process and not callbacks and target.waiter is None:
                        target.waiter = process
                    else:
                        callbacks.append(process._resume)
                    process._target = target
                    break
                if target._ok:
                    method, argument = process._send, target._value
                else:
                    target._defused = True
                    method, argument = process._generator.throw, _own_copy(target._value)
            rounds += 1
            if rounds > self._instant_events_max:
                self._stop_runaway()
            try:
                target = method(argument)
            except BaseException as end:
                self._finish(process, end)
                return
        self.active_process = None

    def _sleep(self, process: Process, delay: Any) -> bool:
        """Send `process` to sleep or park it; return whether what it has yielded is a reason to."""
        if delay is PARKED:
            process._token = _PARKED_TOKEN
            return True
        if not isinstance(delay, int | float) or isinstance(delay, bool) or not 0.0 <= delay < inf:
            return False
        process._token = token = next(self._eid)
        time = self.now + delay
        if time == self.now:
            self._ready.append((process, token, None))
        else:
            heappush(self._queue, (time, NORMAL, token, process))
        return True

    def _finish(self, process: Process, end: BaseException) -> None:
        """End `process`, whose generator has returned or raised."""
        self.active_process = None
        self.processes.discard(process)
        if end.__class__ is Cancelled and end.scope is process:  # type: ignore[attr-defined]
            process._end_cancelled()
        elif process.callbacks is None:
            # Nobody can wait for it: it was launched, or it has given its answer already.
            if end.__class__ is not StopIteration:
                annotate(end, self, process)
                raise end
        else:
            process._ok = end.__class__ is StopIteration
            if process._ok:
                process._value = end.value  # type: ignore[attr-defined]
            else:
                # The frame of the engine adds nothing to the traceback.
                end.__traceback__ = end.__traceback__ and end.__traceback__.tb_next
                process._value = end
            self._ready.append(process)

    # -- deadlines and runaways ---------------------------------------------------------------------------------------

    def _open_lane(self, delay: float, deadline: Deadline) -> None:
        if deadline.time == self.now:
            self._ready.append(Call(deadline.expire, ()))  # after what is due already
        elif delay < inf:
            self._lanes[delay] = lane = DeadlineLane(delay)
            lane.deadlines.append(deadline)
            heappush(self._queue, (deadline.time, NORMAL, deadline.sequence, lane))

    def _expire(self, lane: DeadlineLane) -> None:
        """Let the deadline at the head of `lane` pass, if it is still open, and put the next open one into the schedule."""
        head = lane.next_open()
        if head is not None and head.time <= self.now:
            lane.deadlines.popleft()
            head.expire()
            head = lane.next_open()
        if head is None:
            del self._lanes[lane.delay]
        else:
            heappush(self._queue, (head.time, NORMAL, head.sequence, lane))

    def _stop_runaway(self) -> None:
        raise RunawayError(self._instant_events_max, runaway_names(self))


def _wrong_yield(target: Any) -> Exception:
    if isinstance(target, int | float) and not isinstance(target, bool):
        return ValueError(f"a sleep must be finite and >= 0 s, got {target!r}")
    return RuntimeError(f'Invalid yield value "{target}"')
