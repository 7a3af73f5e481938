"""The run loop: what stands in the schedule, how one item after another happens, what a process may wait for.

Everything that is due carries a time, a priority and a sequence number, and happens in that order: that is
SimPy's law, and it is kept. Where things wait is different:

- `_queue`, a heap: what is due later, as `(time, order, item, value)`. The order is priority and sequence
  number in one (`order_of`); the value is what a process is sent, `ITEM` where the item is no process.
- `_urgent` and `_ready`, first-in first-out: what is due now, with priority urgent and normal. Nothing comes
  before the head of such a queue but what stands in the heap for this very instant, which was put there
  earlier. The clock moves when both are empty.
- deadline lanes (`scopes`): of all open deadlines of one length, only the first stands in the heap.

An item is an event, a `Call`, a `DeadlineLane`, a `Remainder`, or a process that wakes up: in the heap the
process itself with its token as the sequence number, in the queues a tuple `(process, token, value)`. A
wake-up whose token is not the process's any more is void.

`_advance` and `_happen` say plainly what happens to an item. `_loop` is the whole engine on one screen: the
same, with the commonest cases spelled out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from heapq import heappop, heappush
from math import inf
from typing import Any

import simpy
from simpy.core import EmptySchedule, StopSimulation
from simpy.events import NORMAL, URGENT, Event

from .failure_notes import RunawayError, annotate, runaway_names
from .process import PARKED, Process, _own_copy
from .scopes import Cancelled, Deadline, DeadlineLane
from .trace import Remainder, TraceDigest

# The token of a parked process; others are sequence numbers, from 1 on, and 0 that of a process that has not
# started.
PARKED_TOKEN = -1

# More than there will ever be sequence numbers.
PRIORITY_STEP = 1 << 60

# What stands in the heap in place of a value, where the item is not a process that wakes up.
ITEM = object()


def order_of(priority: int, sequence: int) -> int:
    """Return what orders things due at one time; with normal priority that is the sequence number."""
    return (priority - NORMAL) * PRIORITY_STEP + sequence


class Call:
    """A function that will be called at a later time; made by `Environment.call_later`."""

    __slots__ = ("arguments", "function")

    def __init__(self, function: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        self.function: Callable[..., object] | None = function
        self.arguments = arguments

    def cancel(self) -> None:
        """Do not call the function after all; does nothing once it was called."""
        self.function = None


class EventLoop(simpy.Environment):
    """The schedule of an environment, and the loop that works it off; the base of `Environment`."""

    # SimPy has properties of these two names, which would cost more than most of what is done with what they
    # return. A slot hides them.
    __slots__ = ("active_process", "now")

    now: float
    active_process: Process | None
    processes: dict[Process, None]
    seed: int | None  # which an error names

    def __init__(self, initial_time: float, *, trace: bool, instant_events_max: int) -> None:
        super().__init__(initial_time)
        self.now = initial_time
        self.active_process = None
        # A process that waits for something which will never happen is referred to by nothing else. If Python
        # were to collect it, its `finally` blocks would run, and give back what it holds, whenever the
        # garbage collector pleases.
        self.processes = {}
        self._urgent: deque[Any] = deque()
        self._ready: deque[Any] = deque()
        self._queue: list[Any] = []
        self._lanes: dict[float, DeadlineLane] = {}
        self._trace = TraceDigest() if trace else None
        self._failed: Event | None = None
        self._instant_events_max = instant_events_max
        self._burst = 0  # items processed since the clock last moved
        next(self._eid)

    # SimPy's own code uses these two names.

    @property
    def _now(self) -> float:
        return self.now

    @_now.setter
    def _now(self, time: float) -> None:
        self.now = time

    @property
    def _active_proc(self) -> Any:  # SimPy's type knows only SimPy's processes
        return self.active_process

    @_active_proc.setter
    def _active_proc(self, process: Any) -> None:
        self.active_process = process

    def _put(self, time: float, item: Any) -> None:
        """Let `item`, which is not a process, be due at `time` (>= now) with normal priority."""
        if time == self.now:
            self._ready.append(item)
        else:
            heappush(self._queue, (time, next(self._eid), item, ITEM))

    def _put_with_priority(self, time: float, priority: int, item: Any) -> None:
        heappush(self._queue, (time, order_of(priority, next(self._eid)), item, ITEM))

    def _wake_at(self, time: float, process: Process, value: Any) -> None:
        """Let `process` go on at `time` (>= now) with `value`, unless something else wakes it before."""
        process._token = token = next(self._eid)
        if time == self.now:
            self._ready.append((process, token, value))
        else:
            heappush(self._queue, (time, token, process, value))

    # -- working it off

    def _loop(self) -> Event | None:  # noqa: C901 - one screen in one place; a call more costs more than it does
        """Process items until none is left (`EmptySchedule`) or one has failed, which is returned."""
        queue, urgent, ready, processes = self._queue, self._urgent, self._ready, self.processes
        sequence, now, burst, burst_max = self._eid, self.now, 0, self._instant_events_max
        while True:
            if urgent or ready:
                if (burst := burst + 1) > burst_max:
                    self._stop_runaway()
                if queue and queue[0][0] <= now:
                    self._burst = burst
                    if (failed := self._advance()) is not None:  # a tie, which it knows how to break
                        return failed
                    continue
                item = urgent.popleft() if urgent else ready.popleft()
                if type(item) is not tuple:
                    if (failed := self._happen(item)) is not None:
                        return failed
                    continue
                process, token, value = item
            else:
                if not queue:
                    raise EmptySchedule
                time, token, process, value = heappop(queue)
                if value is ITEM:
                    self._burst = burst + 1
                    if (failed := self._happen_at(time, process)) is not None:
                        return failed
                    now, burst = self.now, self._burst
                    continue
                if time != now:
                    self.now = now = time
                    burst = 0
                elif (burst := burst + 1) > burst_max:
                    self._stop_runaway(process)
            if process._token != token:
                continue
            self.active_process = process
            send = process._send  # CPython 3.11 is slow to call an attribute as if it were a method
            try:
                target = send(value)
            except StopIteration as end:
                del processes[process]
                if process.callbacks is not None:
                    process._ok, process._value = True, end.value
                    ready.append(process)
            except BaseException as end:
                self._finish(process, end)
            else:
                if type(target) is float:
                    time = now + target
                    if time > now and time < inf:  # not chained: CPython 3.11 specialises single ones only
                        process._token = token = next(sequence)
                        heappush(queue, (time, token, process, None))
                        continue
                elif target is PARKED:
                    process._token = PARKED_TOKEN
                    continue
                elif type(target) is Process and target.waiter is None and target.callbacks == []:
                    target.waiter, process._target = process, target
                    continue
                self._wait(process, target)

    def _advance(self) -> Event | None:
        """Process the next item; return it if it is an event that failed and nobody handled that."""
        queue = self._queue
        order = queue[0][1] if queue and queue[0][0] <= self.now else inf
        self._burst += 1
        if self._burst > self._instant_events_max:
            self._stop_runaway()
        if self._urgent and order > order_of(URGENT, PRIORITY_STEP - 1):
            return self._happen(self._urgent.popleft())
        if self._ready and not self._urgent and order > order_of(NORMAL, PRIORITY_STEP - 1):
            return self._happen(self._ready.popleft())
        try:
            time, token, item, value = heappop(queue)
        except IndexError:
            raise EmptySchedule from None
        if value is ITEM:
            return self._happen_at(time, item)
        if time != self.now:
            self.now = time
            self._burst = 0
        return self._happen((item, token, value))

    def _happen_at(self, time: float, item: Any) -> Event | None:
        """Let an item from the heap, no process, happen at its time; the clock does not go to a void one."""
        if self._is_void(item):
            return None
        if time != self.now:
            self.now = time
            self._burst = 0
        elif self._burst > self._instant_events_max:
            self._stop_runaway(item)
        return self._happen(item)

    def _next_time(self) -> float:
        """Return the time of the first item in the heap with which something is left to do, else infinity."""
        queue = self._queue
        while queue:
            entry = heappop(queue)
            if entry[3] is not ITEM or not self._is_void(entry[2]):
                heappush(queue, entry)
                return float(entry[0])
        return inf

    def _is_void(self, item: Any) -> bool:
        """Return whether nothing is left to do for an item from the heap, and have a lane look further ahead.

        The clock must not go there: a run would otherwise last until the last deadline that was met, and
        means over its time would be diluted. A sleep that was left is another matter: it is a timeout to
        SimPy, which prolongs a run.
        """
        if type(item) is Call:
            return item.function is None
        if type(item) is DeadlineLane:
            head = item.next_open()
            if head is None or head.sequence != item.sequence:
                self._expire(item)
                return True
        return False

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
        elif kind is Remainder:
            self._settle(item.event)
        else:
            return self._settle(item)
        return None

    def _settle(self, event: Any) -> Event | None:
        """Tell everybody who waits for `event`; return it if it failed and nobody handled that."""
        callbacks, event.callbacks = event.callbacks, None
        if event.__class__ is Process and event.waiter is not None:
            waiter, event.waiter = event.waiter, None
            waiter._resume(event)
        for position, callback in enumerate(callbacks):
            try:
                callback(event)
            except StopSimulation:
                # The callbacks that are left run first thing when the run goes on, and SimPy's `peek` says so
                # even where none are left.
                event.callbacks = callbacks[position + 1 :]
                rest = Remainder(event)
                self._put_with_priority(self.now, -1, rest)
                raise
        return None if event._ok or hasattr(event, "_defused") else event

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
            process._token = PARKED_TOKEN
            return True
        if not isinstance(delay, int | float) or isinstance(delay, bool) or not 0.0 <= delay < inf:
            return False
        time = self.now + delay
        if time == inf:
            return False
        self._wake_at(time, process, None)
        return True

    def _finish(self, process: Process, end: BaseException) -> None:
        """End `process`, whose generator has returned or raised."""
        self.active_process = None
        self.processes.pop(process, None)
        if end.__class__ is Cancelled and end.scope is process:
            # The frames through which it came have it among their variables: they would hold each other, with
            # all that the process knew and all who have called the engine, until the garbage is looked for.
            end.__traceback__ = None
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

    # -- deadlines and runaways

    def _open_lane(self, delay: float, deadline: Deadline) -> None:
        if deadline.time == self.now:
            self._ready.append(Call(deadline.expire, ()))  # after what is due already
        elif delay < inf:
            self._lanes[delay] = lane = DeadlineLane(delay)
            lane.deadlines.append(deadline)
            self._put_lane(lane, deadline)

    def _put_lane(self, lane: DeadlineLane, head: Deadline) -> None:
        lane.sequence = head.sequence
        heappush(self._queue, (head.time, head.sequence, lane, ITEM))

    def _expire(self, lane: DeadlineLane) -> None:
        """Let the deadline of `lane` pass whose turn it is, if it is open still, and schedule the next."""
        head, passing = lane.next_open(), None
        # A deadline of this very time has a turn of its own: something else may be due before it.
        if head is not None and head.sequence == lane.sequence:
            passing = lane.deadlines.popleft()
            head = lane.next_open()
        if head is None:
            del self._lanes[lane.delay]
        else:
            self._put_lane(lane, head)
        if passing is not None:
            passing.expire()

    def _stop_runaway(self, *at_hand: Any) -> None:
        raise RunawayError(self._instant_events_max, runaway_names(self, *at_hand))


def _wrong_yield(target: Any) -> Exception:
    if isinstance(target, int | float) and not isinstance(target, bool):
        return ValueError(f"a sleep must be finite and >= 0 s, got {target!r}")
    hint = "; `yield from` goes through a generator" if isinstance(target, Generator) else ""
    return RuntimeError(f'Invalid yield value "{target}"{hint}')
