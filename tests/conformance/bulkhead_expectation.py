"""What bulkheads must do, for `expectation`: permits with a waiting room, and threads."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from math import inf
from typing import Any

from models.outcome import Outcome

from .expectation import Clock, Done, Node, Withdraw, WrapperModel
from .host_expectation import HostModel, InstanceModel, at_each_start, is_up


@dataclass
class Room:
    """What is free and who waits, between two starts of the process."""

    free: int
    waiting: list[Visit] = field(default_factory=list)

    def release(self) -> None:
        """Give a permit to the first that waits, or back."""
        if self.waiting:
            self.waiting.pop(0).take_over()
        else:
            self.free += 1


class LimitModel(WrapperModel):
    """So many at a time; so many more wait, each so long; the others are rejected at once."""

    def __init__(
        self,
        clock: Clock,
        inner: Node,
        *,
        size: int = 1,
        room: int = 0,
        wait_max: float = inf,
    ) -> None:
        super().__init__(clock, inner)
        self.size, self.room, self.wait_max = size, room, wait_max
        self.present_room = Room(size)
        self.call_count = self.full_count = self.waited_too_long_count = self.left_count = 0
        self.waiting_count = 0
        at_each_start(self, self.begin_anew)

    def begin_anew(self) -> None:
        self.present_room = Room(self.size)

    def ask(self, done: Done) -> Withdraw:
        self.call_count += 1
        room = self.present_room
        if not room.free and len(room.waiting) >= self.room:
            self.full_count += 1
            return self.answer(done, Outcome.REJECTED)
        visit = self.visit(room, done)
        if room.free:
            room.free -= 1
            visit.begin()
        else:
            visit.wait()
        return visit.withdraw

    @abstractmethod
    def visit(self, room: Room, done: Done) -> Visit:
        """Return a question that has not begun."""


class Visit:
    """One question: waits, has been given a permit, and is then in the hands of what is inside."""

    def __init__(self, limit: LimitModel, room: Room, done: Done) -> None:
        self.limit, self.room, self.done = limit, room, done
        self.is_waiting = self.has_permit = self.is_inside = False
        self.timer: Withdraw = lambda killed: None

    def wait(self) -> None:
        self.is_waiting = True
        self.limit.waiting_count += 1
        self.room.waiting.append(self)
        self.timer = self.limit.clock.after(self.limit.wait_max, self.expire)

    def take_over(self) -> None:
        # It goes on after what is due now, and may be gone by then.
        self.has_permit = True
        self.limit.clock.after(0.0, self.go_on)

    def go_on(self) -> None:
        if self.is_waiting:
            self.stop_waiting()
            self.begin()

    def expire(self) -> None:
        self.leave_the_room()
        self.limit.waited_too_long_count += 1
        self.done(Outcome.REJECTED)

    def stop_waiting(self) -> None:
        self.is_waiting = False
        self.limit.waiting_count -= 1
        self.timer(False)

    def leave_the_room(self) -> None:
        self.stop_waiting()
        if self.has_permit:
            self.room.release()
        else:
            self.room.waiting.remove(self)

    def withdraw(self, killed: bool) -> None:
        if self.is_waiting:
            self.leave_the_room()
            self.limit.left_count += 1
        elif self.is_inside:
            self.withdraw_from_inside(killed)

    @abstractmethod
    def begin(self) -> None:
        """Ask what is inside."""

    @abstractmethod
    def withdraw_from_inside(self, killed: bool) -> None:
        """Take the question back that is inside."""


class BulkheadModel(LimitModel):
    """A permit is held from the beginning of a question to its end."""

    def visit(self, room: Room, done: Done) -> Visit:
        return _Held(self, room, done)

    def counts(self) -> dict[str, Any]:
        return {
            "call_count": self.call_count,
            "full_count": self.full_count,
            "waited_too_long_count": self.waited_too_long_count,
            "left_count": self.left_count,
            "waiting_count": self.waiting_count,
        }


class _Held(Visit):
    def begin(self) -> None:
        self.is_inside = True
        self.withdraw_inner = self.limit.inner.ask(self.end)

    def end(self, outcome: Outcome) -> None:
        self.is_inside = False
        self.room.release()
        self.done(outcome)

    def withdraw_from_inside(self, killed: bool) -> None:
        self.is_inside = False
        self.withdraw_inner(killed)
        self.room.release()


class ThreadPoolModel(LimitModel):
    """A thread asks. Who goes away leaves it to itself, unless it is told to stop, or dies."""

    def __init__(
        self, clock: Clock, inner: Node, host: HostModel, *, threads: int, queue: int, interrupts: bool
    ) -> None:
        self._place = inner.place or host.here
        super().__init__(clock, inner, size=threads, room=queue)
        self.interrupts = interrupts
        self.abandoned: list[_Threaded] = []
        self.answered_count = self.interrupted_count = self.abandoned_count = 0
        self._place.on_crash.append(self.crash)
        if isinstance(self.serving, InstanceModel):
            host.on_process_crash.append(self.crash)

    @property
    def place(self) -> HostModel:
        return self._place

    def visit(self, room: Room, done: Done) -> Visit:
        return _Threaded(self, room, done)

    def crash(self) -> None:
        """End the threads that have lost their callers; the others end with theirs."""
        for visit in list(self.abandoned):
            visit.stop(True)

    def counts(self) -> dict[str, Any]:
        return {
            "call_count": self.call_count,
            "answered_count": self.answered_count,
            "rejected_count": self.full_count,
            "left_count": self.left_count,
            "interrupted_count": self.interrupted_count,
            "abandoned_count": self.abandoned_count,
            "waiting_count": len(self.present_room.waiting),
        }


class _Threaded(Visit):
    """`is_inside` as long as its caller listens; `is_working` as long as the thread works."""

    limit: ThreadPoolModel
    is_working = False
    withdraw_inner: Withdraw | None = None

    def begin(self) -> None:
        self.is_inside = self.is_working = True
        self.limit.clock.after(0.0, self.work, at_once=True)

    def work(self) -> None:
        if self.is_working:
            self.withdraw_inner = self.limit.inner.ask(self.end)

    def end(self, outcome: Outcome) -> None:
        self.stop_working()
        # The caller hears of it after what is due now, and may be gone by then.
        self.limit.clock.after(0.0, lambda: self.hear(outcome))

    def hear(self, outcome: Outcome) -> None:
        if self.is_inside:
            self.is_inside = False
            self.limit.answered_count += 1
            self.done(outcome)

    def stop_working(self) -> None:
        self.is_working = False
        if self in self.limit.abandoned:
            self.limit.abandoned.remove(self)
        self.room.release()

    def stop(self, killed: bool) -> None:
        if self.is_working:
            if self.withdraw_inner is not None:
                self.withdraw_inner(killed)
            self.stop_working()

    def withdraw_from_inside(self, killed: bool) -> None:
        limit = self.limit
        self.is_inside = False
        if killed or limit.interrupts or not self.is_working:
            limit.interrupted_count += 1
            if killed:
                self.stop(True)
            else:
                limit.clock.after(0.0, lambda: self.stop(False), at_once=True)
            return
        limit.abandoned_count += 1
        limit.abandoned.append(self)
        if not is_up(limit):
            self.stop(True)
