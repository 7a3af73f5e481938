"""The environment: SimPy's, made fast.

Everything that is due carries a time, a priority and a sequence number, and happens in that order: that is
SimPy's law, and it is kept. What is different is what things cost: a sleeping process, a reply and a call of
a function need no event object and no list of callbacks, and of all deadlines of one length only the first
stands in the schedule. How the schedule is worked off is in `loop`.

Source: SimPy 4.1 (`simpy.core`), whose test suite runs on this class; the ready queue follows asyncio's event
loop.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any

from numpy.random import Generator as RandomGenerator
from simpy.core import BoundClass, EmptySchedule, StopSimulation
from simpy.events import NORMAL, URGENT, AllOf, AnyOf, Event, EventPriority, Timeout

from ..measurement import EventLog
from ..randomness import Distribution, Sampler, Streams
from .failure_notes import annotate
from .loop import PARKED_TOKEN, Call, EventLoop
from .process import Named, Process, _own_copy
from .scopes import CancelScope, Deadline
from .trace import Pause


class Environment(EventLoop):
    """The world in which processes run: a clock, a schedule and a source of randomness.

    `initial_time` is the clock's first reading in seconds. `seed` is the root of all random streams; without
    one, asking for a stream is an error. `trace=True` computes a digest of everything that happens (see
    `trace_digest`) and is slower. A run in which more than `instant_events_max` items are processed without
    the clock moving stops with an error that names who is scheduling.

    Every SimPy process, event, condition, resource and store works on it. In addition a process may `yield
    0.25` to sleep.

    Example::

        env = Environment(seed=1)

        def client(env):
            with env.fail_after(0.5):
                yield 0.25

        env.process(client(env))
        env.run()
    """

    def __init__(
        self,
        initial_time: float = 0,
        *,
        seed: int | None = None,
        trace: bool = False,
        instant_events_max: int = 1_000_000,
    ) -> None:
        if not instant_events_max >= 1:
            raise ValueError(f"instant_events_max must be >= 1, got {instant_events_max!r}")
        super().__init__(initial_time, trace=trace, instant_events_max=instant_events_max)
        self.seed = seed
        self.event_log = EventLog()
        self._streams = Streams(seed)
        self._sampler_counts: dict[str, int] = {}

    if TYPE_CHECKING:

        def process(
            self, generator: Generator[Any, Any, Any], name: str | Named | None = None
        ) -> Process: ...
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

    # -- scheduling

    def schedule(self, event: Event, priority: EventPriority = NORMAL, delay: float = 0) -> None:
        """Let `event` happen after `delay` seconds, with SimPy's `priority` among what is due then."""
        time = self.now + delay
        if time == self.now and priority == NORMAL:
            self._ready.append(event)
        elif time == self.now and priority == URGENT:
            self._urgent.append(event)
        else:
            self._put_with_priority(time, priority, event)

    def call_later(self, delay: float, function: Callable[..., object], *arguments: Any) -> Call:
        """Call `function(*arguments)` after `delay` seconds (finite, >= 0); the `Call` can be cancelled.

        Cheaper than a process for something that happens once. An exception in it stops the run.
        """
        if not 0.0 <= delay < inf:
            raise ValueError(f"delay must be finite and >= 0 s, got {delay!r}")
        call = Call(function, arguments)
        self._put(self.now + delay, call)
        return call

    def launch(
        self, generator: Generator[Any, Any, Any], name: str | None = None, delay: float = 0.0
    ) -> None:
        """Start a process that nobody can wait for, after `delay` seconds (finite, >= 0).

        Its end is no event, which makes it cheaper.
        """
        Process(self, generator, name, delay).callbacks = None

    def start_delayed(
        self, generator: Generator[Any, Any, Any], delay: float, name: str | None = None
    ) -> Process:
        """Start a process after `delay` seconds (finite, >= 0).

        Like `simpy.util.start_delayed`, without a process that does the waiting.
        """
        if not 0.0 <= delay < inf:
            raise ValueError(f"delay must be finite and >= 0 s, got {delay!r}")
        return Process(self, generator, name, delay)

    def wake(self, process: Process, value: Any = None) -> None:
        """Let a process go on that has yielded `PARKED`: now, after what is due before.

        `value` is what its `yield` returns.

        Raises `RuntimeError` for a process that is not parked, or that was woken already.
        """
        if process._token != PARKED_TOKEN:
            raise RuntimeError(f"process {process.name!r} is not parked")
        process._token = token = next(self._eid)
        self._ready.append((process, token, value))

    def rouse(self, process: Process, value: Any = None) -> None:
        """Let a process go on that sleeps (has yielded seconds): now, after what is due before.

        `value` is what its `yield` returns, which is `None` after a sleep of full length. For whoever has let
        the process sleep: to one that waits for an answer on its way, `value` would come in its place. Raises
        `RuntimeError` for a process that waits for an event, is parked, or has ended.
        """
        if process._token <= 0 or process._target is not None or process.triggered:
            raise RuntimeError(f"process {process.name!r} is not asleep")
        process._token = token = next(self._eid)
        self._ready.append((process, token, value))

    def fail_after(self, delay: float) -> CancelScope:
        """Return a context manager that raises `TimedOut` when its block takes longer than `delay` seconds.

        `delay` is >= 0; infinity means no deadline.
        """
        return CancelScope(self, delay, raises=True)

    def move_on_after(self, delay: float) -> CancelScope:
        """Return a context manager whose block is left after `delay` seconds (>= 0): then it is `expired`."""
        return CancelScope(self, delay, raises=False)

    def open_deadline(self, delay: float) -> Deadline:
        """Set a deadline for the running process, `delay` seconds from now (>= 0, unchecked).

        This is what `fail_after` is made of, for hot paths.

        Whoever opens it must close it, and must know it by its `Cancelled`; see `models.resilience.Timeout`.
        """
        deadline = Deadline()
        deadline.process = self.active_process
        deadline.time = self.now + delay
        deadline.sequence = next(self._eid)
        deadline.expired = False
        lane = self._lanes.get(delay)
        if lane is None:
            self._open_lane(delay, deadline)
        else:
            deadlines = lane.deadlines
            deadlines.append(deadline)
            if len(deadlines) > 1_000:
                lane.drop_closed()
        return deadline

    # -- randomness and records

    def stream(self, name: str) -> RandomGenerator:
        """Return the random stream of that name: always the same one, and independent of every other name's.

        Raises `ValueError` where the environment has no seed.
        """
        return self._streams.stream(name)

    def sampler(self, name: str, distribution: Distribution) -> Sampler:
        """Return a callable that draws from `distribution`, in blocks, on a stream of its own called `name`.

        The second sampler of a name gets the stream "name#2", and so on in the order in which they are made:
        two samplers on one stream would take numbers from each other.
        """
        count = self._sampler_counts.get(name, 0) + 1
        self._sampler_counts[name] = count
        if count > 1:
            name = f"{name}#{count}"
        self._streams.require(name)
        return Sampler.to_be_made(partial(self._streams.stream, name), distribution)

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

    # -- running

    def peek(self) -> float:
        """Return the time of what happens next, infinity if there is nothing."""
        return self.now if self._urgent or self._ready else self._next_time()

    def step(self) -> None:
        """Process the next item; raise `simpy.core.EmptySchedule` if there is none.

        An event that failed, and whose failure nobody handled, raises its exception here.
        """
        failed, self._failed = self._failed, None
        if failed is None:
            failed = self._advance()
        if failed is not None:
            exc = _own_copy(failed._value)  # SimPy's tests read this name in the traceback
            annotate(exc, self, failed)
            raise exc

    def run(self, until: float | Event | None = None) -> Any:
        """Run until nothing is left to happen, the clock reads `until`, or the event `until` has happened.

        Of what is due at the time `until` nothing happens. A deadline that was met and a call that was
        cancelled do not prolong a run; a sleep that was left does, as in SimPy.

        Returns the value of the event, `None` otherwise. Raises `ValueError` for a time that is not in the
        future, `RuntimeError` if nothing is left and the event has not happened. An error in a process stops
        the run: it is raised here with a note of seed, simulated time and process.
        """
        stop = self._stop_event(until)
        if stop is not None:
            if stop.processed:
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
            has_failed = stop is not None and stop.triggered and stop.value is error
            annotate(error, self, stop if has_failed else None)
            raise
        return None

    def _stop_event(self, until: float | Event | None) -> Event | None:
        if until is None or isinstance(until, Event):
            return until
        at = until if isinstance(until, int) else float(until)
        if not at > self.now:
            raise ValueError(f"until ({at}) must be greater than the current simulation time")
        stop = Pause(self)
        stop._ok = True
        stop._value = None
        self._put_with_priority(at, URGENT, stop)
        return stop
