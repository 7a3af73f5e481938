"""Deadlines: on the caller's side, and honoured at the other end of a link.

Each entry keeps its deadline to itself: what stands inside gets requests without one. So an entry does what
it does in every chain, and the oracle's questions need not carry deadlines; what deadlines do to each other,
and to retries, is tested with the models.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from models import Endpoint, Network, Request
from models import Wrapper as EndpointWrapper
from models.endpoint import Call
from models.outcome import Outcome
from models.resilience.deadlines import Deadline, HonourDeadline, with_deadline

from ..expectation import Clock, Done, Node, TimeoutModel, Withdraw, WrapperModel
from ..host_expectation import HopModel
from ..world import ONE_WAY, World
from .wrapper import Wrapper

# No two of a length: a call that ends for one would tie with what it does to another.
MODERATE, TIGHT, TOO_TIGHT, LOOSE, BY_CLOCK = 1.27133, 0.61057, 0.00719, 1.43019, 1.09147
SKEW, GRACE = 0.23011, 0.10313


class WithoutDeadline(EndpointWrapper):
    """Passes requests on without their deadlines."""

    def call(self, request: Request) -> Call:
        return self.target.call(with_deadline(request, None))


class HonouredLink(EndpointWrapper):
    """A deadline here, and who honours it there, as one: for their counts."""

    def __init__(self, deadline: Deadline, honoured: HonourDeadline) -> None:
        super().__init__(deadline, name="honoured link")
        self.deadline, self.honoured = deadline, honoured

    def call(self, request: Request) -> Call:
        return self.target.call(request)

    def statistics(self) -> SimpleNamespace:
        here, there = self.deadline.statistics(), self.honoured.statistics()
        return SimpleNamespace(
            call_count=here.call_count,
            expired_count=here.expired_count,
            arrived_count=there.call_count,
            late_on_arrival_count=there.expired_on_arrival_count,
            broken_off_count=there.cancelled_count,
        )


class HonourModel(WrapperModel):
    """Knows that each question has `left` seconds when it arrives; without `cancels` it looks once."""

    def __init__(self, clock: Clock, inner: Node, left: float, *, cancels: bool) -> None:
        super().__init__(clock, inner)
        self.left, self.cancels = left, cancels
        self.call_count = self.late_on_arrival_count = self.broken_off_count = 0

    def ask(self, done: Done) -> Withdraw:
        self.call_count += 1
        if self.left <= 0.0:
            self.late_on_arrival_count += 1
            return self.answer(done, Outcome.TIMED_OUT)
        if not self.cancels:
            return self.inner.ask(done)

        def break_off() -> None:
            withdraw_inner(False)
            self.broken_off_count += 1
            done(Outcome.TIMED_OUT)

        def end(outcome: Outcome) -> None:
            stop(False)
            done(outcome)

        def withdraw(killed: bool) -> None:
            stop(False)
            withdraw_inner(killed)

        stop = self.clock.after(self.left, break_off)
        withdraw_inner = self.inner.ask(end)
        return withdraw


class HonouredLinkModel(TimeoutModel):
    """A time-out around a link, at whose other end the rest of the time is known."""

    def __init__(self, clock: Clock, hop: HopModel, honour: HonourModel, within: float) -> None:
        super().__init__(clock, hop, within)
        self.honour = honour

    def counts(self) -> dict[str, Any]:
        return {
            **super().counts(),
            "arrived_count": self.honour.call_count,
            "late_on_arrival_count": self.honour.late_on_arrival_count,
            "broken_off_count": self.honour.broken_off_count,
        }


def _deadline(name: str, within: float) -> Wrapper:
    return Wrapper(
        name=name,
        build=lambda world, inner: Deadline(world.env, WithoutDeadline(inner, name="cut"), within),
        model=lambda clock, inner, host: TimeoutModel(clock, inner, within),
    )


def _honoured(
    name: str, within: float, *, cancels: bool = True, fast_by: float = 0.0, grace: float = 0.0
) -> Wrapper:
    def build(world: World, inner: Endpoint) -> Endpoint:
        env = world.env
        honoured = HonourDeadline(
            env,
            WithoutDeadline(inner, name="cut"),
            clock=(lambda: env.now + fast_by) if fast_by else None,
            grace=grace,
            cancels=cancels,
        )
        link = Network(env, latencies=ONE_WAY).connect(world.here, honoured, host=world.proxy)
        return HonouredLink(Deadline(env, link, within), honoured)

    def model(clock: Clock, inner: Node, host: Any) -> Node:
        honour = HonourModel(clock, inner, within - ONE_WAY - fast_by + grace, cancels=cancels)
        return HonouredLinkModel(clock, HopModel(clock, honour, host), honour, within)

    return Wrapper(name=name, build=build, model=model, leads_to_the_proxy=True)


WRAPPERS = (
    _deadline("Deadline", MODERATE),
    _honoured("HonourDeadline", TIGHT),
    _honoured("HonourDeadline that looks once", LOOSE, cancels=False),
    _honoured("HonourDeadline too late", TOO_TIGHT),
    _honoured("HonourDeadline by a fast clock", BY_CLOCK, fast_by=SKEW, grace=GRACE),
)
