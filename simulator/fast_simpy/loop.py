"""The run loop: how one item after another happens, and what a process may wait for.

An item is a wake-up `(process, token, value)`, a `Call`, a `DeadlineLane`, an `Instant`, or an event. What is
due later stands in the schedule (see `instant`), what is due now in two first-in first-out queues, `_urgent`
and `_ready`. Whatever is put into them while the clock stands still comes after what was scheduled for that
time before, so that the order is SimPy's: time, priority, sequence number. The clock moves when both queues
are empty.

`_happen` says what happens to an item. `_loop` is the whole engine on one screen: the same, with the
commonest cases spelled out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from math import inf
from typing import Any

import simpy
from simpy.core import EmptySchedule, StopSimulation
from simpy.events import NORMAL, URGENT, Event

from .failure_notes import RunawayError, annotate, runaway_names
from .instant import Call, Early, Instant
from .process import PARKED, Process, _own_copy
from .scopes import Cancelled, Deadline, DeadlineLane
from .trace import TraceDigest

# The token of a parked process; others are sequence numbers, from 1 on, and 0 that of a process that has not
# started.
PARKED_TOKEN = -1


class EventLoop(simpy.Environment):
    """The schedule of an environment, and the loop that works it off; the base of `Environment`."""

    now: float
    active_process: Process | None
    processes: set[Process]
    seed: int | None  # which an error names

    def __init__(self, initial_time: float, *, trace: bool, instant_events_max: int) -> None:
        super().__init__(initial_time)
        self.now = initial_time
        self.active_process = None
        # A process that waits for something which will never happen is referred to by nothing else. If Python
        # were to collect it, its `finally` blocks would run, and give back what it holds, whenever the
        # garbage collector pleases.
        self.processes = set()
        self._urgent: deque[Any] = deque()
        self._ready: deque[Any] = deque()
        self._times: list[float] = []
        self._due: dict[float, Any] = {}
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

    # -- the schedule

    def _put(self, time: float, item: Any) -> None:
        """Let `item`, which carries its sequence number, be due at `time` (>= now) with normal priority."""
        if time == self.now:
            self._ready.append(item)
        elif time in self._due:
            self._instant(time).add_normal(item)
        else:
            self._due[time] = item
            heappush(self._times, time)

    def _instant(self, time: float) -> Instant:
        """Return the instant at `time`, with what is due then already."""
        present = self._due.get(time)
        if type(present) is Instant:
            return present
        instant = self._due[time] = Instant()
        if present is None:
            heappush(self._times, time)
        else:
            instant.add_normal(present)
        return instant

    def _unpack(self, instant: Instant) -> Event | None:
        """Let what is due at this instant queue up for it."""
        for priority, item in instant.take():
            if priority > NORMAL:
                self._put_back(instant)
                return self._happen(item)
            if priority == NORMAL:
                self._ready.append(item)
            else:
                self._put_urgent(priority, item)
        self._put_back(instant)
        return None

    def _put_back(self, instant: Instant) -> None:
        # What is left has a priority after normal: it is due at this time, but after whatever is put into the
        # queues.
        if instant:
            self._due[self.now] = instant
            heappush(self._times, self.now)

    def _put_urgent(self, priority: int, item: Any) -> None:
        """Queue up `item` for now, with a priority before normal."""
        if priority == URGENT:
            self._urgent.append(item)
            return
        position = 0
        for other in self._urgent:
            if type(other) is not Early or other.priority > priority:
                break
            position += 1
        self._urgent.insert(position, Early(priority, item))

    def _loop(self) -> Event | None:  # noqa: C901 - one screen in one place; a call more costs more than it does
        """Process items until none is left (`EmptySchedule`) or one has failed, which is returned.

        `_advance` says plainly what happens to an item. Here the commonest cases are spelled out, because
        calls and returns would cost more than what they do: a process wakes up, and goes to sleep, is parked,
        or waits for a process of its own.
        """
        times, due, urgent, ready = self._times, self._due, self._urgent, self._ready
        processes, sequence, burst_max = self.processes, self._eid.__next__, self._instant_events_max
        now, burst = self.now, 0
        while True:
            burst += 1
            if urgent or ready:
                if burst > burst_max:
                    self._stop_runaway()
                item = urgent.popleft() if urgent else ready.popleft()
            else:
                try:
                    time = heappop(times)
                except IndexError:
                    raise EmptySchedule from None
                item = due.pop(time)
                if time != now:
                    self.now = now = time
                    burst = 0
            if type(item) is tuple:
                process, token, value = item
                if process._token != token:
                    continue
            elif type(item) is Process and item._ok and not item.callbacks and item.waiter is not None:
                process, value = item.waiter, item._value
                item.callbacks = item.waiter = process._target = None
            else:
                failed = self._happen(item)
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
                    # Not chained: CPython 3.11 specialises single comparisons only.
                    if time > now and time < inf and time not in due:
                        process._token = token = sequence()
                        due[time] = (process, token, None)
                        heappush(times, time)
                        continue
                elif target is PARKED:
                    process._token = PARKED_TOKEN
                    continue
                elif (
                    type(target) is Process
                    and target.waiter is None
                    and not target.callbacks
                    and target.callbacks is not None
                ):
                    target.waiter = process
                    process._target = target
                    continue
                self._wait(process, target)

    def _advance(self) -> Event | None:
        """Process the next item; return it if it is an event that failed and nobody handled that."""
        self._burst += 1
        if self._urgent or self._ready:
            if self._burst > self._instant_events_max:
                self._stop_runaway()
            return self._happen(self._urgent.popleft() if self._urgent else self._ready.popleft())
        try:
            time = heappop(self._times)
        except IndexError:
            raise EmptySchedule from None
        if time != self.now:
            self.now = time
            self._burst = 0
        return self._happen(self._due.pop(time))

    def _happen(self, item: Any) -> Event | None:
        """Let one item happen: wake a process, call a function, let a deadline pass, or settle an event."""
        self.active_process = None
        kind = type(item)
        if kind is Instant:
            return self._unpack(item)
        if kind is Early:
            return self._happen(item.item)
        if self._trace is not None:
            self._trace.update(self.now, item)
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
        for position, callback in enumerate(callbacks):
            try:
                callback(event)
            except StopSimulation:
                # The callbacks that are left run first thing when the run goes on.
                event.callbacks = callbacks[position + 1 :]
                self._put_urgent(-1, Call(self._settle, (event,)))
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
        process._token = token = next(self._eid)
        self._put(self.now + delay, (process, token, None))
        return True

    def _finish(self, process: Process, end: BaseException) -> None:
        """End `process`, whose generator has returned or raised."""
        self.active_process = None
        self.processes.discard(process)
        if end.__class__ is Cancelled and end.scope is process:
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
            lane.sequence = deadline.sequence
            self._put(deadline.time, lane)

    def _expire(self, lane: DeadlineLane) -> None:
        """Let the deadline at the head of `lane` pass, if it is open still, and schedule the next."""
        head = lane.next_open()
        if head is not None and head.time <= self.now:
            lane.deadlines.popleft()
            head.expire()
            head = lane.next_open()
        if head is None:
            del self._lanes[lane.delay]
        else:
            lane.sequence = head.sequence
            if head.time <= self.now:
                self._ready.appendleft(lane)
            else:
                self._put(head.time, lane)

    def _stop_runaway(self) -> None:
        raise RunawayError(self._instant_events_max, runaway_names(self))


def _wrong_yield(target: Any) -> Exception:
    if isinstance(target, int | float) and not isinstance(target, bool):
        return ValueError(f"a sleep must be finite and >= 0 s, got {target!r}")
    return RuntimeError(f'Invalid yield value "{target}"')
