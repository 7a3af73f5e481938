"""Idempotency: the store under one key for all requests, so that each meets what the others have left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from models import Endpoint, Request
from models.cqrs.projections import AtLeast
from models.endpoint import Call
from models.endpoint import Wrapper as WrapperEndpoint
from models.outcome import Outcome
from models.resilience.idempotency import (
    Acknowledged,
    EffectLog,
    IdempotencyStatistics,
    IdempotencyStore,
    WithIdempotencyKey,
)

from ..doubt import in_doubt, says_nothing_done
from ..expectation import Clock, Done, Node, Withdraw, WrapperModel
from ..host_expectation import at_each_start, is_up
from ..world import World
from .wrapper import Wrapper


class OneOrder(WrapperEndpoint):
    """Takes all requests for the same one, repeated."""

    def __init__(self, target: Endpoint) -> None:
        super().__init__(target, name="one order")

    def call(self, request: Request) -> Call:
        value = request.value
        while isinstance(value, AtLeast):  # with a demand it would be another one
            value = value.value
        return self.target.call(replace(request, key="order", value=value, idempotency_key="key"))


class CountedOrder(OneOrder):
    """The same, and says what the store inside says about itself."""

    target: IdempotencyStore

    def statistics(self) -> IdempotencyStatistics:
        return self.target.statistics()


class StoreModel(WrapperModel):
    """Works once for all who ask until the answer is `ttl` seconds old; the others wait, or are rejected."""

    def __init__(
        self,
        clock: Clock,
        inner: Node,
        *,
        ttl: float,
        is_durable: bool = True,
        waits: bool = True,
        replays_failures: bool = False,
        lookup: float = 0.0,
    ) -> None:
        super().__init__(clock, inner)
        self.ttl, self.waits, self.lookup = ttl, waits, lookup
        self.is_durable, self.replays_failures = is_durable, replays_failures
        self.kept: tuple[Outcome, float] | None = None
        self.attempt: list[_Question] | None = None
        self.call_count = self.passed_count = self.worked_count = 0
        self.replayed_count = self.rejected_count = self.abandoned_count = 0
        self.recorded_count = self.failed_count = self.cut_short_count = 0
        at_each_start(self, self.begin_anew)

    def begin_anew(self) -> None:
        """Know of nothing in progress, and of answers if they are durable; who waits hears no more."""
        if self.attempt is not None:
            self.attempt.clear()
            self.attempt = None
        if not self.is_durable:
            self.kept = None

    def ask(self, done: Done) -> Withdraw:
        self.call_count += 1
        question = _Question(self, done)
        if self.lookup:
            question.now_does("look up", self.clock.after(self.lookup, question.decide))
        else:
            question.decide()
        return question.withdraw

    def is_kept(self, outcome: Outcome) -> bool:
        """Whether an outcome is to be repeated."""
        return outcome.is_answer or (self.replays_failures and not says_nothing_done(outcome))

    def record(self, attempt: list[_Question], outcome: Outcome) -> None:
        """Keep the outcome of an attempt, and tell those who wait for it."""
        if self.attempt is not attempt:
            self.cut_short_count += 1
            return
        self.attempt = None
        self.recorded_count += 1
        self.kept = outcome, self.clock.now + self.ttl
        for question in attempt:
            question.now_does("wait", self.clock.after(0.0, partial(question.replay, outcome)))
        attempt.clear()

    def pass_on(self, attempt: list[_Question]) -> None:
        """Let the next one work."""
        if attempt:
            successor = attempt.pop(0)
            successor.now_does("succeed", self.clock.after(0.0, successor.work))
        elif self.attempt is attempt:
            self.attempt = None

    def counts(self) -> dict[str, Any]:
        # Not who has taken over: of duplicates that fail one after the other, and come again after equal
        # times, the next one comes just as another fails, and finds the key in progress or unknown by luck.
        names = (
            *("call_count", "passed_count", "worked_count", "replayed_count", "rejected_count"),
            *("abandoned_count", "recorded_count", "failed_count", "cut_short_count"),
        )
        return {name: getattr(self, name) for name in names}


class _Question:
    """One question at a store, and what it does there: what that is, and how to end it."""

    def __init__(self, store: StoreModel, done: Done) -> None:
        self.store, self.done = store, done
        self.attempt: list[_Question] = []
        self.does = ""
        self.end: Withdraw = lambda killed: None

    def now_does(self, what: str, end: Withdraw) -> None:
        self.does, self.end = what, end

    def decide(self) -> None:
        store = self.store
        if not is_up(store):
            store.passed_count += 1
            self.now_does("pass", store.inner.ask(self.done))
        elif store.kept is not None and store.clock.now < store.kept[1]:
            store.replayed_count += 1
            self.now_does("replay", store.answer(self.done, store.kept[0]))
        elif store.attempt is None:
            store.attempt = self.attempt
            self.work()
        elif store.waits:
            self.attempt = store.attempt
            self.attempt.append(self)
            self.now_does("wait", lambda killed: None)
        else:
            store.rejected_count += 1
            self.now_does("rejected", store.answer(self.done, in_doubt(Outcome.REJECTED)))

    def work(self) -> None:
        self.store.worked_count += 1
        self.now_does("work", self.store.inner.ask(self.answered))

    def answered(self, outcome: Outcome) -> None:
        if self.store.is_kept(outcome):
            self.store.record(self.attempt, outcome)
        else:
            self.store.failed_count += 1
            self.store.pass_on(self.attempt)
        self.does = "end"
        self.done(outcome)

    def replay(self, outcome: Outcome) -> None:
        self.store.replayed_count += 1
        self.does = "end"
        self.done(outcome)

    def withdraw(self, killed: bool) -> None:
        does, self.does = self.does, "end"
        self.end(killed)
        if does in ("look up", "wait", "succeed"):
            self.store.abandoned_count += 1
        if does == "wait" and self in self.attempt:
            self.attempt.remove(self)
        elif does == "succeed":
            self.store.pass_on(self.attempt)
        elif does == "work":
            self.store.cut_short_count += 1
            self.store.pass_on(self.attempt)


class PassingModel(WrapperModel):
    """Asks what is inside, and changes nothing."""

    def __init__(self, clock: Clock, inner: Node) -> None:
        super().__init__(clock, inner)
        self.call_count = 0

    def ask(self, done: Done) -> Withdraw:
        self.call_count += 1
        return self.inner.ask(done)


class KeyModel(PassingModel):
    """The same, and counts."""

    def counts(self) -> dict[str, Any]:
        return {"call_count": self.call_count}


def _store(
    name: str,
    *,
    ttl: float,
    is_durable: bool = True,
    model: dict[str, Any] | None = None,
    **settings: Any,
) -> Wrapper:
    def build(world: World, inner: Endpoint) -> Endpoint:
        return CountedOrder(IdempotencyStore(world.env, inner, ttl=ttl, is_durable=is_durable, **settings))

    return Wrapper(
        name=name,
        build=build,
        model=lambda clock, inner, host: StoreModel(
            clock, inner, ttl=ttl, is_durable=is_durable, **(model or {})
        ),
    )


def _passing(
    name: str, build: Callable[[World, Endpoint], Endpoint], model: Callable[[Clock, Node], Node]
) -> Wrapper:
    return Wrapper(name=name, build=build, model=lambda clock, inner, host: model(clock, inner))


WRAPPERS = (
    _store("IdempotencyStore", ttl=5.37119, is_durable=False),
    _store("IdempotencyStore that rejects", ttl=0.94621, duplicates="reject", model={"waits": False}),
    _store(
        "IdempotencyStore that replays failures",
        ttl=2.91353,
        replays_failures=True,
        lookup_time=0.00389,
        model={"replays_failures": True, "lookup": 0.00389},
    ),
    _passing("WithIdempotencyKey", lambda world, inner: WithIdempotencyKey(world.env, inner), KeyModel),
    _passing("Acknowledged", lambda world, inner: OneOrder(Acknowledged(inner, EffectLog())), PassingModel),
)
