"""What a chain of wrappers must do, computed without the code under test: the oracle.

The engine runs generators; this is a heap of callbacks. A node is asked with `ask(done)`: it calls
`done(outcome)` when it has one, at the time of the clock, and returns a function that withdraws the question,
because its asker was cancelled or killed. Each wrapper's rules are written down here a second time, from the
specification; `counts` is what its statistics must say.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from heapq import heappop, heappush
from itertools import cycle
from math import floor, inf
from typing import TYPE_CHECKING, Any

from models.outcome import Outcome

from .bad_targets import BadTarget
from .budget_expectation import BudgetModel
from .doubt import in_doubt, says_nothing_done

if TYPE_CHECKING:
    from .host_expectation import HostModel

Done = Callable[[Outcome], None]
Withdraw = Callable[[bool], None]
"""Takes the question back: `True` for an asker that was killed, `False` for one that was cancelled."""

# Times that the engine and this oracle add up in different orders may differ in the last bit.
TICK = 1e-9
_BEFORE_ALL = 1 << 60  # more than is ever asked for


def _rounded(time: float) -> float:
    """Return a time to the picosecond; `round` takes five times as long."""
    return floor(time * 1e12 + 0.5) / 1e12


class _Due:
    """A function that is due, until somebody takes it back."""

    __slots__ = ("function",)

    def __init__(self, function: Callable[[], None]) -> None:
        self.function: Callable[[], None] | None = function

    def __call__(self, killed: bool) -> None:
        self.function = None


class Clock:
    """Calls functions at their times, those of one time in the order in which they were asked for.

    `has_ties` says whether two that had to be waited for have come at one time.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.has_ties = False
        self._waited_until = -1.0
        self._due: list[tuple[float, int, _Due, bool]] = []
        self._order = 0

    def after(self, delay: float, function: Callable[[], None], *, at_once: bool = False) -> Withdraw:
        """Call `function` after so many seconds, `at_once` before all that is due then.

        Return what withdraws it.
        """
        due = _Due(function)
        if delay < inf:
            # Rounded, so that what is meant to be due at one time is, in whatever order its parts were added
            # up.
            time = _rounded(self.now + delay) if delay else self.now
            self._order = order = self._order + 1
            heappush(self._due, (time, order - _BEFORE_ALL if at_once else order, due, delay > 0.0))
        return due

    def go_on(self, function: Callable[[], None]) -> Withdraw:
        """Call `function` before all else, even processes that start at once: its caller does not wait."""
        due = _Due(function)
        self._order = order = self._order + 1
        heappush(self._due, (self.now, order - 2 * _BEFORE_ALL, due, False))
        return due

    def forget(self) -> None:
        """Forget all that is due."""
        self._due.clear()

    def move(self, time: float) -> None:
        """Let it be that time."""
        self.now = _rounded(time)

    def run(self, until: float) -> None:
        """Do everything that is due before a time."""
        queue = self._due
        while queue and queue[0][0] < until:
            self.now, _, due, is_waited_for = heappop(queue)
            if (function := due.function) is not None:
                if is_waited_for:
                    self.has_ties |= self._waited_until == self.now
                    self._waited_until = self.now
                function()


class Node(ABC):
    """Something that can be asked."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    @property
    def serving(self) -> Node | None:
        """In whose process a question to this node is worked on, if that may crash: mostly in nobody's."""
        return None

    @property
    def place(self) -> HostModel | None:
        """On which host it stands, and keeps what it remembers, if on any."""
        return None

    @property
    def as_of(self) -> float | None:
        """Since when nobody has asked what is inside about the answer given just now, if a cache gave it."""
        return None

    @abstractmethod
    def ask(self, done: Done) -> Withdraw:
        """Ask; `done` is called once or never, and never before this has returned."""

    def counts(self) -> dict[str, Any]:
        """Return what the statistics of the real one must say."""
        return {}

    def answer(self, done: Done, outcome: Outcome) -> Withdraw:
        """Answer at once: what takes no time is not overtaken."""
        return self.clock.go_on(lambda: done(outcome))


class Target(Node):
    """A bad target: answers as the catalogue says, and remembers when questions reached the server."""

    def __init__(self, clock: Clock, target: BadTarget, place: HostModel) -> None:
        super().__init__(clock)
        self.target, self._place = target, place
        self.arrivals: list[float] = []
        self.asked_count = 0

    @property
    def place(self) -> HostModel:
        return self._place

    def ask(self, done: Done) -> Withdraw:
        self.asked_count += 1
        now, verdict = self.clock.now, self.target.verdict(self.clock.now, self.asked_count)
        if verdict.arrival is not None:
            self.clock.after(verdict.arrival - now, lambda: self.arrivals.append(self.clock.now))
        if verdict.time == now:
            return self.answer(done, verdict.outcome)
        return self.clock.after(verdict.time - now, lambda: done(verdict.outcome))


class WrapperModel(Node):
    """What stands around another node in the same process, and dies with it."""

    def __init__(self, clock: Clock, inner: Node) -> None:
        super().__init__(clock)
        self.inner = inner

    @property
    def serving(self) -> Node | None:
        return self.inner.serving

    @property
    def place(self) -> HostModel | None:
        return self.inner.place

    @property
    def as_of(self) -> float | None:
        return self.inner.as_of


class TimeoutModel(WrapperModel):
    """No answer after `delay` seconds is a time-out, and the question is withdrawn."""

    def __init__(self, clock: Clock, inner: Node, delay: float) -> None:
        super().__init__(clock, inner)
        self.delay = delay
        self.call_count = self.expired_count = 0

    def ask(self, done: Done) -> Withdraw:
        self.call_count += 1
        withdraw_all: list[Withdraw] = []

        def withdraw(killed: bool) -> None:
            for each in withdraw_all:
                each(killed)

        def end(outcome: Outcome) -> None:
            withdraw_all[0](False)
            done(outcome)

        def expire() -> None:
            withdraw_all[1](False)
            self.expired_count += 1
            done(Outcome.TIMED_OUT)

        withdraw_all += [self.clock.after(self.delay, expire), self.inner.ask(end)]
        return withdraw

    def counts(self) -> dict[str, Any]:
        return {"call_count": self.call_count, "expired_count": self.expired_count}


class RetryModel(WrapperModel):
    """Asks again after the next of `delays`, as the budget allows, unless the outcome is `final`."""

    def __init__(
        self,
        clock: Clock,
        inner: Node,
        delays: Sequence[float],
        *,
        final: Sequence[Outcome] = (Outcome.BREAKER_OPEN,),
        budget: BudgetModel | None = None,
    ) -> None:
        super().__init__(clock, inner)
        self.delays, self.final = delays, final
        self.budget = budget or BudgetModel()
        self.call_count = self.retry_count = self.gave_up_count = self.denied_count = 0

    def ask(self, done: Done) -> Withdraw:
        self.call_count += 1
        budget, delays, is_retry = self.budget, iter(self.delays), False
        nothing_done = True
        budget.started(self.clock.now)

        def end(outcome: Outcome) -> None:
            nonlocal is_retry, current, nothing_done
            nothing_done = nothing_done and says_nothing_done(outcome)
            if is_retry:
                budget.retry_ended()
            if outcome.is_answer:
                budget.succeeded(is_first=not is_retry)
            elif outcome not in self.final:
                budget.failed()
                delay = next(delays, None)
                if delay is None:
                    self.gave_up_count += 1
                elif not budget.take(self.clock.now):
                    self.denied_count += 1
                else:
                    is_retry = True
                    current = self.clock.after(delay, again)
                    return
            budget.ended()
            done(outcome if outcome.is_answer or nothing_done else in_doubt(outcome))

        def again() -> None:
            nonlocal current
            self.retry_count += 1
            current = self.inner.ask(end)

        def withdraw(killed: bool) -> None:
            current(killed)
            if is_retry:
                budget.retry_ended()
            budget.ended()

        current = self.inner.ask(end)
        return withdraw

    def counts(self) -> dict[str, Any]:
        return {
            "call_count": self.call_count,
            "retry_count": self.retry_count,
            "gave_up_count": self.gave_up_count,
            "budget_denied_count": self.denied_count,
        }


class OutboxModel(Node):
    """Accepts at once.

    Workers deliver in order, each up to `attempts` times, if the entry is not too old by then. Out of order,
    what has failed joins the end of the queue after its `delay`. In the memory of a `host`, it accepts only
    while that is up, and all that it has not delivered is lost in its crash.
    """

    def __init__(
        self,
        clock: Clock,
        inner: Node,
        attempts: int,
        delay: float,
        *,
        workers: int = 1,
        age: float = inf,
        in_order: bool = True,
        host: HostModel | None = None,
    ) -> None:
        super().__init__(clock)
        self.inner, self.attempts, self.delay, self.age = inner, attempts, delay, age
        self.free = self.workers = workers
        self.in_order, self.host = in_order, host
        self.waiting: list[tuple[int, float, int]] = []
        self.under_way: dict[int, Withdraw] = {}
        self.accepted_count = self.attempt_count = self.lost_count = 0
        self.delivered_at: list[float] = []
        self.dead_at: list[float] = []
        if host is not None:
            host.on_crash.append(self.crash)

    @property
    def place(self) -> HostModel | None:
        return self.host

    def crash(self) -> None:
        under_way, self.under_way = self.under_way, {}
        for withdraw in under_way.values():
            withdraw(True)
        self.lost_count += len(under_way) + len(self.waiting)
        self.waiting.clear()
        self.free = self.workers

    def ask(self, done: Done) -> Withdraw:
        if self.host is not None and not self.host.is_up:
            return self.answer(done, Outcome.REFUSED)
        self.accepted_count += 1
        self._join(self.accepted_count, self.clock.now, 1)
        return self.answer(done, Outcome.OK)

    def _join(self, entry: int, accepted_at: float, number: int) -> None:
        self.under_way.pop(entry, None)
        self.waiting.append((entry, accepted_at, number))
        self.clock.after(0.0, self._work)

    def _work(self) -> None:
        if self.free and self.waiting:
            self.free -= 1
            self._deliver(*self.waiting.pop(0))

    def _deliver(self, entry: int, accepted_at: float, number: int) -> None:
        self.attempt_count += 1

        def end(outcome: Outcome) -> None:
            is_hopeless = number >= self.attempts or self.clock.now + self.delay - accepted_at > self.age
            again = partial(self._deliver if self.in_order else self._join, entry, accepted_at, number + 1)
            if outcome.is_answer or is_hopeless:
                del self.under_way[entry]
                (self.delivered_at if outcome.is_answer else self.dead_at).append(self.clock.now)
            else:
                self.under_way[entry] = self.clock.after(self.delay, again)
                if self.in_order:
                    return
            self.free += 1
            self._work()

        self.under_way[entry] = self.inner.ask(end)

    def counts(self) -> dict[str, Any]:
        return {
            "attempt_count": self.attempt_count,
            "delivered_count": len(self.delivered_at),
            "dead_letter_count": len(self.dead_at),
            "lost_count": self.lost_count,
        }


class Spare(Node):
    """Answers after so many seconds."""

    def __init__(self, clock: Clock, duration: float) -> None:
        super().__init__(clock)
        self.duration = duration

    def ask(self, done: Done) -> Withdraw:
        return self.clock.after(self.duration, lambda: done(Outcome.OK))


class TurnsModel(Node):
    """Asks one of several, by turns that repeat, and begin anew when the host does on which it stands."""

    def __init__(
        self, clock: Clock, inner: list[Node], turns: Sequence[int], host: HostModel | None = None
    ) -> None:
        super().__init__(clock)
        self.inner, self.turns, self.host = inner, turns, host
        self.call_counts = [0] * len(inner)
        self.begin_anew()
        if host is not None:
            host.on_restart.append(self.begin_anew)

    @property
    def place(self) -> HostModel | None:
        return self.host

    def begin_anew(self) -> None:
        self.turns_left = cycle(self.turns)

    def ask(self, done: Done) -> Withdraw:
        turn = next(self.turns_left)
        self.call_counts[turn] += 1
        return self.inner[turn].ask(done)

    def counts(self) -> dict[str, Any]:
        return {"refused_count": 0, "call_counts": self.call_counts}
