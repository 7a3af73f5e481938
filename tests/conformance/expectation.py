"""What a chain of wrappers must do, computed without the code under test: the oracle.

The engine runs generators; this is a heap of callbacks. A node is asked with `ask(done)`: it calls `done(outcome)` when it has one, at the time of the
clock, and returns a function that withdraws the question. Each wrapper's rules are written down here a second time, from the specification.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from math import inf

from models.outcome import Outcome

from .bad_targets import BadTarget
from .world import ONE_WAY

Done = Callable[[Outcome], None]
Withdraw = Callable[[], None]


class Clock:
    """Calls functions at their times."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, list[Callable[[], None]]]] = []
        self._order = count()

    def after(self, delay: float, function: Callable[[], None]) -> Withdraw:
        """Call `function` after so many seconds; return what withdraws it."""
        cell = [function]
        if delay < inf:
            heappush(self._due, (self.now + delay, next(self._order), cell))
        return cell.clear

    def run(self, until: float) -> None:
        """Run until a time."""
        while self._due and self._due[0][0] < until:
            self.now, _, cell = heappop(self._due)
            if cell:
                cell[0]()


class Node(ABC):
    """Something that can be asked."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    @abstractmethod
    def ask(self, done: Done) -> Withdraw:
        """Ask; `done` is called once or never, and never before this has returned."""


class Target(Node):
    """A bad target: answers as the catalogue says, and remembers which questions reached the server."""

    def __init__(self, clock: Clock, target: BadTarget) -> None:
        super().__init__(clock)
        self.target = target
        self.arrivals: list[float] = []

    def ask(self, done: Done) -> Withdraw:
        now = self.clock.now
        if self.target.reaches(now):
            self.clock.after(ONE_WAY, lambda: self.arrivals.append(self.clock.now))
        outcome, time = self.target.answer(now)
        return self.clock.after(time - now, lambda: done(outcome if outcome is not None else Outcome.UNKNOWN))


class TimeoutModel(Node):
    """No answer after `delay` seconds is a time-out, and the question is withdrawn."""

    def __init__(self, clock: Clock, inner: Node, delay: float) -> None:
        super().__init__(clock)
        self.inner, self.delay = inner, delay

    def ask(self, done: Done) -> Withdraw:
        withdraw_all: list[Withdraw] = []

        def withdraw() -> None:
            for each in withdraw_all:
                each()

        def end(outcome: Outcome) -> None:
            withdraw()
            done(outcome)

        withdraw_all.append(self.clock.after(self.delay, lambda: end(Outcome.TIMED_OUT)))
        withdraw_all.append(self.inner.ask(end))
        return withdraw


class RetryModel(Node):
    """Up to `attempts` questions, `delay` seconds after the failure of the one before; but not after an outcome that is `final`."""

    def __init__(
        self, clock: Clock, inner: Node, attempts: int, delay: float, final: Outcome | None = Outcome.BREAKER_OPEN
    ) -> None:
        super().__init__(clock)
        self.inner, self.attempts, self.delay, self.final = inner, attempts, delay, final

    def ask(self, done: Done) -> Withdraw:
        current = [_nothing]
        left = self.attempts

        def attempt() -> None:
            nonlocal left
            left -= 1
            current[0] = self.inner.ask(end)

        def end(outcome: Outcome) -> None:
            if outcome.is_answer or outcome is self.final or not left:
                done(outcome)
            else:
                current[0] = self.clock.after(self.delay, attempt)

        attempt()
        return lambda: current[0]()


class HopModel(Node):
    """One more link: the question arrives later, and the answer too; withdrawing reaches nobody unless it `propagates`, one way later."""

    def __init__(self, clock: Clock, inner: Node, propagates: bool) -> None:
        super().__init__(clock)
        self.inner, self.propagates = inner, propagates

    def ask(self, done: Done) -> Withdraw:
        is_wanted = True
        inside: list[Withdraw] = []

        def arrive() -> None:
            inside.append(self.inner.ask(back))

        def back(outcome: Outcome) -> None:
            self.clock.after(ONE_WAY, lambda: done(outcome) if is_wanted else None)

        def withdraw() -> None:
            nonlocal is_wanted
            is_wanted = False
            if self.propagates:
                self.clock.after(ONE_WAY, lambda: inside[0]() if inside else None)

        self.clock.after(ONE_WAY, arrive)
        return withdraw


class OutboxModel(Node):
    """Accepts at once; one worker delivers in order, up to `attempts` times each."""

    def __init__(self, clock: Clock, inner: Node, attempts: int, delay: float) -> None:
        super().__init__(clock)
        self.delivery = RetryModel(clock, inner, attempts, delay, final=None)
        self.waiting = 0
        self.is_busy = False
        self.delivered_at: list[float] = []
        self.dead_at: list[float] = []

    def ask(self, done: Done) -> Withdraw:
        self.waiting += 1
        self.clock.after(0.0, self._work)
        return self.clock.after(0.0, lambda: done(Outcome.OK))

    def _work(self) -> None:
        if self.is_busy or not self.waiting:
            return
        self.is_busy = True
        self.waiting -= 1
        self.delivery.ask(self._ended)

    def _ended(self, outcome: Outcome) -> None:
        (self.delivered_at if outcome.is_answer else self.dead_at).append(self.clock.now)
        self.is_busy = False
        self.clock.after(0.0, self._work)


class InstanceModel(Node):
    """`threads` questions at a time, `queue` more wait, others are rejected at once; what fails inside is a server error."""

    def __init__(self, clock: Clock, inner: Node, threads: int, queue: int) -> None:
        super().__init__(clock)
        self.inner, self.free, self.queue = inner, threads, queue
        self.waiting: list[Callable[[], None]] = []

    def ask(self, done: Done) -> Withdraw:
        current = [_nothing]

        def begin() -> None:
            self.free -= 1
            withdraw_inner = self.inner.ask(end)

            def abort() -> None:
                withdraw_inner()
                self._release()
                current[0] = _nothing

            current[0] = abort

        def end(outcome: Outcome) -> None:
            current[0] = _nothing
            self._release()
            done(outcome if outcome.is_answer else Outcome.SERVER_ERROR)

        def leave() -> None:
            self.waiting.remove(begin)

        if self.free:
            begin()
        elif len(self.waiting) < self.queue:
            self.waiting.append(begin)
            current[0] = leave
        else:
            return self.clock.after(0.0, lambda: done(Outcome.REJECTED))
        return lambda: current[0]()

    def _release(self) -> None:
        self.free += 1
        if self.waiting:
            self.waiting.pop(0)()


class Spare(Node):
    """Answers after so many seconds."""

    def __init__(self, clock: Clock, duration: float) -> None:
        super().__init__(clock)
        self.duration = duration

    def ask(self, done: Done) -> Withdraw:
        return self.clock.after(self.duration, lambda: done(Outcome.OK))


class TurnsModel(Node):
    """Asks one of several, by turns that repeat."""

    def __init__(self, clock: Clock, inner: list[Node], turns: list[int]) -> None:
        super().__init__(clock)
        self.inner, self.turns = inner, turns
        self.asked_count = 0

    def ask(self, done: Done) -> Withdraw:
        turn = self.turns[self.asked_count % len(self.turns)]
        self.asked_count += 1
        return self.inner[turn].ask(done)


def _nothing() -> None:
    return
