"""Sessions: one way that may fail, and a replica beside it that has not come as far."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

from models import Endpoint, FunctionEndpoint, Request, Response, Unavailable
from models.endpoint import Call
from models.endpoint import Wrapper as WrapperEndpoint
from models.outcome import Outcome
from models.replication import read
from models.replication.sessions import Session, SessionStatistics

from ..expectation import TICK, Clock, Done, Node, Withdraw, WrapperModel
from ..host_expectation import at_each_start
from ..world import World
from .fallbacks import Reserve
from .wrapper import SPARE, Wrapper

PAUSE, PATIENCE = 0.29017, 0.80021
OLD, NEW = 0, 1
"""The versions that the replica and the first way tell."""


class Newest(WrapperEndpoint):
    """Asks what the reader was asked, and tells the newest version with each answer."""

    def __init__(self, target: Endpoint) -> None:
        super().__init__(target, name=target.name)

    def call(self, request: Request) -> Call:
        return replace((yield from self.target.call(request.value)), version=NEW)


class Reader(WrapperEndpoint):
    """Reads one key, and says what the session inside says about itself; what it is asked goes along."""

    target: Session

    def __init__(self, target: Session) -> None:
        super().__init__(target, name="reader")

    def call(self, request: Request) -> Call:
        return self.target.call(replace(read("key"), value=request))

    def statistics(self) -> SessionStatistics:
        return self.target.statistics()


class SessionModel(WrapperModel):
    """Asks the replica after a failure, and does not take its answer when it has seen the newest version."""

    def __init__(self, clock: Clock, inner: Node) -> None:
        super().__init__(clock, inner)
        self.replica = Reserve(clock, SPARE)
        self.seen: list[int] = []
        self.read_count = self.first_count = self.behind_count = self.unavailable_count = 0
        at_each_start(self, self.begin_anew)

    def begin_anew(self) -> None:
        """Have seen nothing."""
        self.seen = []

    def ask(self, done: Done) -> Withdraw:
        self.read_count += 1
        return _Question(self, done).withdraw

    def counts(self) -> dict[str, Any]:
        names = ("read_count", "first_count", "behind_count", "unavailable_count")
        return {name: getattr(self, name) for name in names}


class _Question:
    """One read: what it waits for, and how to end that."""

    def __init__(self, session: SessionModel, done: Done) -> None:
        self.session, self.done, self.seen = session, done, session.seen
        self.floor = max(self.seen, default=None)
        self.ends_at = session.clock.now + PATIENCE
        self.end: Withdraw = session.inner.ask(self.answered)

    def begin(self) -> None:
        self.end = self.session.inner.ask(self.answered)

    def answered(self, outcome: Outcome) -> None:
        if outcome.is_answer:
            self.session.first_count += 1
            self.seen.append(NEW)
            self.done(outcome)
        else:
            self.end = self.session.replica.ask(self.answered_by_the_replica)

    def answered_by_the_replica(self, outcome: Outcome) -> None:
        session = self.session
        if outcome.is_answer and self.floor == NEW:
            session.behind_count += 1
            if session.clock.now + PAUSE <= self.ends_at + TICK:
                self.end = session.clock.after(PAUSE, self.begin)
                return
            session.unavailable_count += 1
            outcome = Outcome.UNAVAILABLE
        elif outcome.is_answer:
            self.seen.append(OLD)
        self.done(outcome)

    def withdraw(self, killed: bool) -> None:
        self.end(killed)


def _build(world: World, inner: Endpoint) -> Endpoint:
    call_count = 0

    def answer(request: Request) -> Generator[Any, Any, Response]:
        nonlocal call_count
        call_count += 1
        is_there = call_count % 2
        yield SPARE
        if not is_there:
            raise Unavailable("every second time")
        return Response("from a replica", version=OLD)

    replica = FunctionEndpoint(answer, host=inner.host, name="replica")
    return Reader(Session(world.env, [Newest(inner), replica], pause=PAUSE, patience=PATIENCE))


WRAPPERS = (
    Wrapper(name="Session", build=_build, model=lambda clock, inner, host: SessionModel(clock, inner)),
)
