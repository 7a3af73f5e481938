"""Concurrency limiters with their queues and limits, and a load shedder.

Vegas and the gradients have no rows: an oracle of them would be the same arithmetic once more. The contract
of limits, their rules one by one, runs that were worked out by hand (`test_limits_by_hand`) and the theory
tests are in their place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Any

from models import Call, Endpoint, Request
from models.endpoint import Wrapper as EndpointAround
from models.outcome import Outcome
from models.resilience.shedding import (
    AimdLimit,
    ConcurrencyLimit,
    ConcurrencyLimiter,
    Fifo,
    FixedLimit,
    Lifo,
    LoadShedder,
    QueueDiscipline,
    RejectAtOnce,
    UtilisationShedding,
)

from ..expectation import Clock, Done, Node, Withdraw, WrapperModel
from ..host_expectation import at_each_start
from ..world import World
from .wrapper import Wrapper

AGE, SLOW = 0.57191, 2.91083


@dataclass
class Memory:
    """What a limiter knows between two starts of its process."""

    limit: int
    in_flight: int = 0
    waiting: list[Question] = field(default_factory=list)


class LimiterModel(WrapperModel):
    """So many in flight; `size` more wait, each for `age`; the others are rejected.

    With `newest_first` the newest that waits is next, and the oldest goes when there are too many; else the
    oldest is next, and the newcomer goes. `learn(limit, outcome, duration, in flight)` is the next limit.
    """

    def __init__(
        self,
        clock: Clock,
        inner: Node,
        *,
        limit: int = 1,
        size: int = 0,
        age: float = inf,
        newest_first: bool = False,
        learn: Callable[[int, Outcome, float, int], int] = lambda limit, outcome, duration, in_flight: limit,
    ) -> None:
        super().__init__(clock, inner)
        self.start, self.learn = limit, learn
        self.size, self.age, self.newest_first = size, age, newest_first
        self.memory = Memory(limit)
        self.full = self.waited_too_long = self.displaced = self.left = 0
        self.succeeded = self.dropped = self.ignored = 0
        at_each_start(self, self.begin_anew)

    def begin_anew(self) -> None:
        self.memory = Memory(self.start)

    def ask(self, done: Done) -> Withdraw:
        memory = self.memory
        question = Question(self, memory, done)
        if memory.in_flight < memory.limit:
            memory.in_flight += 1
            question.begin()
        elif len(memory.waiting) < self.size:
            question.wait()
        elif self.newest_first:
            memory.waiting[0].give_way()
            question.wait()
        else:
            self.full += 1
            return self.answer(done, Outcome.REJECTED)
        return question.withdraw

    def release(self, memory: Memory) -> None:
        """Give a place to the next who waits, or back."""
        memory.in_flight -= 1
        while memory.waiting and memory.in_flight < memory.limit:
            memory.in_flight += 1
            memory.waiting[-1 if self.newest_first else 0].take_over()

    def counts(self) -> dict[str, Any]:
        return {
            "full_count": self.full,
            "waited_too_long_count": self.waited_too_long,
            "displaced_count": self.displaced,
            "left_count": self.left,
            "succeeded_count": self.succeeded,
            "dropped_count": self.dropped,
            "ignored_count": self.ignored,
            "limit": self.memory.limit,
        }


class Question:
    """One question: *waits*, was *sent on* with a place or without, is *inside*, or is *over*."""

    def __init__(self, limiter: LimiterModel, memory: Memory, done: Done) -> None:
        self.limiter, self.memory, self.done = limiter, memory, done
        self.state = "new"
        self.has_place = True
        self.withdraw_inner: Withdraw | None = None
        self.timer: Withdraw = lambda killed: None

    def wait(self) -> None:
        self.state, self.has_place = "waits", False
        self.memory.waiting.append(self)
        self.timer = self.limiter.clock.after(self.limiter.age, self.give_up)

    def give_up(self) -> None:
        self.stop_waiting("over")
        self.limiter.waited_too_long += 1
        self.done(Outcome.REJECTED)

    def give_way(self) -> None:
        self.stop_waiting("sent on")
        self.limiter.displaced += 1
        self.timer = self.limiter.clock.after(0.0, lambda: self.done(Outcome.REJECTED))

    def take_over(self) -> None:
        # It goes on after what is due now, and may be gone by then.
        self.stop_waiting("sent on")
        self.has_place, self.in_flight = True, self.memory.in_flight
        self.timer = self.limiter.clock.after(0.0, self.begin)

    def stop_waiting(self, state: str) -> None:
        self.timer(False)
        self.memory.waiting.remove(self)
        self.state = state

    def begin(self) -> None:
        if self.state == "new":
            self.in_flight = self.memory.in_flight
        self.state, self.begun_at = "inside", self.limiter.clock.now
        self.withdraw_inner = self.limiter.inner.ask(self.end)

    def end(self, outcome: Outcome) -> None:
        limiter, memory = self.limiter, self.memory
        self.state = "over"
        did_drop = outcome in (Outcome.TIMED_OUT, Outcome.REJECTED)
        limiter.succeeded += outcome.is_answer
        limiter.dropped += did_drop
        limiter.ignored += not outcome.is_answer and not did_drop
        if memory is limiter.memory and (outcome.is_answer or did_drop):
            duration = limiter.clock.now - self.begun_at
            memory.limit = limiter.learn(memory.limit, outcome, duration, self.in_flight)
        limiter.release(memory)
        self.done(outcome)

    def withdraw(self, killed: bool) -> None:
        limiter, state = self.limiter, self.state
        if state == "waits":
            self.stop_waiting("over")
            limiter.left += 1
        elif state == "sent on":
            self.state = "over"
            self.timer(False)
            limiter.left += self.has_place
            if self.has_place:
                limiter.release(self.memory)
        elif state == "inside":
            self.state = "over"
            if self.withdraw_inner is not None:
                self.withdraw_inner(killed)
            limiter.ignored += 1
            limiter.release(self.memory)


def one_more_or_half(limit: int, outcome: Outcome, duration: float, in_flight: int) -> int:
    """The next limit by AIMD, between 1 and 3: half for a drop, and for what takes long."""
    if not outcome.is_answer or duration > SLOW:
        return max(1, limit // 2)
    return min(3, limit + 1) if 2 * in_flight >= limit else limit


def _limiter(
    name: str,
    limit: ConcurrencyLimit = FixedLimit(1),  # noqa: B008 - a frozen value
    queue: QueueDiscipline = RejectAtOnce(),  # noqa: B008 - as above
    **rules: Any,
) -> Wrapper:
    return Wrapper(
        name=name,
        build=lambda world, inner: ConcurrencyLimiter(world.env, inner, limit, queue=queue),
        model=lambda clock, inner, host: LimiterModel(clock, inner, **rules),
    )


class Counting(EndpointAround):
    """Counts the calls in its target."""

    def __init__(self, target: Endpoint) -> None:
        super().__init__(target, name="counting")
        self.inside = 0

    def call(self, request: Request) -> Call:
        self.inside += 1
        try:
            return (yield from self.target.call(request))
        finally:
            self.inside -= 1


class ShedderModel(WrapperModel):
    """Turns away whoever finds two or more inside."""

    def __init__(self, clock: Clock, inner: Node) -> None:
        super().__init__(clock, inner)
        self.inside = self.call_count = self.shed_count = 0

    def ask(self, done: Done) -> Withdraw:
        self.call_count += 1
        if self.inside >= 2:
            self.shed_count += 1
            return self.answer(done, Outcome.REJECTED)
        self.inside += 1

        def end(outcome: Outcome) -> None:
            self.inside -= 1
            done(outcome)

        def withdraw(killed: bool) -> None:
            withdraw_inner(killed)
            self.inside -= 1

        withdraw_inner = self.inner.ask(end)
        return withdraw

    def counts(self) -> dict[str, Any]:
        return {"call_count": self.call_count, "shed_count": self.shed_count}


def _build_shedder(world: World, inner: Endpoint) -> Endpoint:
    counting = Counting(inner)
    return LoadShedder(world.env, counting, UtilisationShedding(lambda: counting.inside / 2, {1: 0.75}))


WRAPPERS = (
    _limiter("limit of 1"),
    _limiter("limit of 1 with a queue", queue=Fifo(2, AGE), size=2, age=AGE),
    _limiter("limit of 1, last come first served", queue=Lifo(2), size=2, newest_first=True),
    _limiter(
        "AIMD limit with a queue",
        AimdLimit(limit_initial=1, limit_min=1, limit_max=3, backoff_ratio=0.5, timeout=SLOW),
        Fifo(1),
        size=1,
        learn=one_more_or_half,
    ),
    Wrapper(
        name="LoadShedder",
        build=_build_shedder,
        model=lambda clock, inner, host: ShedderModel(clock, inner),
    ),
)
