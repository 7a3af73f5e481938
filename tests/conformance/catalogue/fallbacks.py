"""What answers in place of a target: fallbacks, the last good answer, and what is switched off."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from models import Endpoint, FunctionEndpoint, Refused, Request, TimedOut, Unavailable
from models.outcome import Outcome
from models.resilience.fallbacks import Fallback, LastGoodAnswer
from models.resilience.feature_switches import FeatureSwitch, Switched

from ..doubt import in_doubt, says_nothing_done
from ..expectation import TICK, Clock, Done, Node, Withdraw, WrapperModel
from ..host_expectation import at_each_start
from ..world import World
from .wrapper import SPARE, Wrapper

AGE = 2.01013
OFF, ON = 2.20009, 7.80007


class Reserve(Node):
    """Answers after so many seconds; every second time it is unavailable."""

    def __init__(self, clock: Clock, duration: float) -> None:
        super().__init__(clock)
        self.duration, self.asked_count = duration, 0

    def ask(self, done: Done) -> Withdraw:
        self.asked_count += 1
        outcome = Outcome.OK if self.asked_count % 2 else Outcome.UNAVAILABLE
        return self.clock.after(self.duration, lambda: done(outcome))


class FallbackModel(WrapperModel):
    """A failure `on` which there is a fallback is a degraded answer, or what the `reserve` says."""

    def __init__(
        self, clock: Clock, inner: Node, on: tuple[Outcome, ...], reserve: Node | None = None
    ) -> None:
        super().__init__(clock, inner)
        self.on, self.reserve = on, reserve
        self.call_count = self.answered_count = self.fallback_count = 0
        self.failed_count = self.aborted_count = 0

    def ask(self, done: Done) -> Withdraw:
        self.call_count += 1

        def end(outcome: Outcome) -> None:
            nonlocal current, nothing_done
            if outcome.is_answer:
                self.answered_count += 1
            elif outcome not in self.on:
                self.failed_count += 1
            elif self.reserve is None:
                self.fallback_count += 1
                outcome = Outcome.DEGRADED
            else:
                nothing_done = says_nothing_done(outcome)
                current = self.reserve.ask(end_reserve)
                return
            done(outcome)

        def end_reserve(outcome: Outcome) -> None:
            self.fallback_count += outcome.is_answer
            self.failed_count += not outcome.is_answer
            failure = outcome if nothing_done else in_doubt(outcome)
            done(Outcome.DEGRADED if outcome.is_answer else failure)

        def withdraw(killed: bool) -> None:
            self.aborted_count += 1
            current(killed)

        nothing_done = True
        current = self.inner.ask(end)
        return withdraw

    def counts(self) -> dict[str, Any]:
        names = ("call_count", "answered_count", "fallback_count", "failed_count", "aborted_count")
        return {name: getattr(self, name) for name in names}


class LastGoodModel(WrapperModel):
    """A failure is a degraded answer, if there was a full one not long ago."""

    def __init__(self, clock: Clock, inner: Node) -> None:
        super().__init__(clock, inner)
        self.memory: list[float] = []  # when there was the last full one
        self.call_count = self.answered_count = self.stale_count = 0
        self.failed_count = self.aborted_count = 0
        at_each_start(self, self.forget)

    def forget(self) -> None:
        self.memory = []

    def ask(self, done: Done) -> Withdraw:
        self.call_count += 1
        memory = self.memory

        def end(outcome: Outcome) -> None:
            now = self.clock.now
            if outcome.is_answer:
                self.answered_count += 1
                if outcome is Outcome.OK:
                    memory[:] = [now]
            elif self.memory and now - self.memory[0] <= AGE:
                self.stale_count += 1
                outcome = Outcome.DEGRADED
            else:
                self.failed_count += 1
            done(outcome)

        def withdraw(killed: bool) -> None:
            self.aborted_count += 1
            withdraw_inner(killed)

        withdraw_inner = self.inner.ask(end)
        return withdraw

    def counts(self) -> dict[str, Any]:
        names = ("call_count", "answered_count", "stale_count", "failed_count", "aborted_count")
        return {name: getattr(self, name) for name in names}


class SwitchedModel(WrapperModel):
    """Asks nobody from one time to another, and answers at once."""

    def __init__(self, clock: Clock, inner: Node, off: float, on: float) -> None:
        super().__init__(clock, inner)
        self.off, self.on = off, on
        self.passed_count = self.off_count = 0

    def ask(self, done: Done) -> Withdraw:
        if self.off - TICK < self.clock.now < self.on - TICK:
            self.off_count += 1
            return self.answer(done, Outcome.DEGRADED)
        self.passed_count += 1
        return self.inner.ask(done)

    def counts(self) -> dict[str, Any]:
        return {
            "call_count": self.passed_count + self.off_count,
            "passed_count": self.passed_count,
            "off_count": self.off_count,
        }


def _to_another(world: World, inner: Endpoint) -> Endpoint:
    call_count = 0

    def answer(request: Request) -> Generator[Any, Any, str]:
        nonlocal call_count
        call_count += 1
        is_there = call_count % 2
        yield SPARE
        if not is_there:
            raise Unavailable("every second time")
        return "from the reserve"

    reserve = FunctionEndpoint(answer, name="reserve")
    return Fallback(inner, reserve, except_on=(TimedOut, Refused))


def _switched(world: World, inner: Endpoint) -> Endpoint:
    switch = FeatureSwitch(world.env, f"feature {len(world.endpoints)}")
    world.at(OFF, lambda: switch.turn_off("a test"))
    world.at(ON, switch.turn_on)
    return Switched(inner, switch, "be back soon")


WRAPPERS = (
    Wrapper(
        name="Fallback to a value",
        build=lambda world, inner: Fallback(inner, "nothing today"),
        model=lambda clock, inner, host: FallbackModel(clock, inner, tuple(Outcome)),
    ),
    Wrapper(
        name="Fallback to another",
        build=_to_another,
        model=lambda clock, inner, host: FallbackModel(
            clock,
            inner,
            tuple(set(Outcome) - {Outcome.TIMED_OUT, Outcome.REFUSED}),
            Reserve(clock, SPARE),
        ),
    ),
    Wrapper(
        name="LastGoodAnswer",
        build=lambda world, inner: LastGoodAnswer(world.env, inner, AGE),
        model=lambda clock, inner, host: LastGoodModel(clock, inner),
    ),
    Wrapper(
        name="Switched off for a while",
        build=_switched,
        model=lambda clock, inner, host: SwitchedModel(clock, inner, OFF, ON),
    ),
)
