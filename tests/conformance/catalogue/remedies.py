"""A client of both sides of CQRS that waits for its own command, and one that settles for less."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from models import Endpoint, Request
from models.cqrs import Accepted, UntilItIsThere
from models.endpoint import Call
from models.endpoint import Wrapper as WrapperEndpoint
from models.outcome import Outcome

from ..expectation import Clock, Done, Node, Withdraw, WrapperModel
from ..host_expectation import at_each_start
from ..world import World
from .wrapper import Wrapper


class UntilItIsThereModel(WrapperModel):
    """Passes on; counts what was asked with a demand, which a new start has forgotten, and what was late."""

    def __init__(self, clock: Clock, inner: Node) -> None:
        super().__init__(clock, inner)
        self.has_a_command = True
        self.query_count = self.remedied_count = self.late_count = 0
        at_each_start(self, self.begin_anew)

    def begin_anew(self) -> None:
        """Have no command of one's own."""
        self.has_a_command = False

    def ask(self, done: Done) -> Withdraw:
        self.query_count += 1
        if not self.has_a_command:
            return self.inner.ask(done)
        self.remedied_count += 1

        def end(outcome: Outcome) -> None:
            self.late_count += outcome == Outcome.UNAVAILABLE
            done(outcome)

        return self.inner.ask(end)

    def counts(self) -> dict[str, Any]:
        names = ("query_count", "remedied_count", "late_count")
        return {name: getattr(self, name) for name in names}


class OrLessModel(UntilItIsThereModel):
    """Asks again at once, without the demand, what was late; what is answered then is not all of it."""

    def ask(self, done: Done) -> Withdraw:
        self.query_count += 1
        if not self.has_a_command:
            return self.inner.ask(done)
        self.remedied_count += 1

        def end(outcome: Outcome) -> None:
            nonlocal current
            if outcome != Outcome.UNAVAILABLE:
                done(outcome)
                return
            self.late_count += 1
            current = self.inner.ask(settle)

        def settle(outcome: Outcome) -> None:
            done(Outcome.DEGRADED if outcome is Outcome.OK else outcome)

        def withdraw(killed: bool) -> None:
            current(killed)

        current = self.inner.ask(end)
        return withdraw


class _ByKey(WrapperEndpoint):
    """Asks for what the key says alone, since a cache passes a demand on, and this oracle knows of none."""

    def call(self, request: Request) -> Call:
        return self.target.call(replace(request, value=None))


def _build(world: World, inner: Endpoint, *, settles_for_less: bool) -> Endpoint:
    asked = _ByKey(inner, name="by key")
    client = UntilItIsThere(asked, asked, patience=1.0, settles_for_less=settles_for_less)
    client._note(Accepted("a command", "a stream", 1, 1, ()))
    return client


WRAPPERS = (
    Wrapper(
        name="Until it is there",
        build=partial(_build, settles_for_less=False),
        model=lambda clock, inner, host: UntilItIsThereModel(clock, inner),
    ),
    Wrapper(
        name="Until it is there, or less",
        build=partial(_build, settles_for_less=True),
        model=lambda clock, inner, host: OrLessModel(clock, inner),
    ),
)
