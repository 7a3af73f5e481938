"""Callers with priorities and names, and a target that they occupy for a while."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from models import Call, CallFailed, Endpoint, Rejected, Request, Response
from models.resilience.shedding import ConcurrencyLimiter, FixedLimit, QueueDiscipline
from simulator import Environment, Process


class Occupied(Endpoint):
    """Takes `duration` seconds; `order` are the names (keys) of the calls that it has begun, with times."""

    name = "occupied"

    def __init__(self, env: Environment, duration: float = 1.0) -> None:
        self.env = env
        self.duration = duration
        self.order: list[tuple[float, Any]] = []

    def call(self, request: Request) -> Call:
        self.order.append((self.env.now, request.key))
        yield self.duration
        return Response(request.key)


class Caller:
    """What became of a call: `end` is when, `outcome` is "answered", a reason, or "cancelled"."""

    def __init__(self) -> None:
        self.outcome: str | None = None
        self.end: float | None = None
        self.process: Process

    def __eq__(self, other: object) -> bool:
        return (self.end, self.outcome) == other

    def __repr__(self) -> str:
        return f"({self.end}, {self.outcome!r})"

    __hash__ = None  # type: ignore[assignment]


def ask(env: Environment, endpoint: Endpoint, at: float, name: Any = None, priority: int = 0) -> Caller:
    caller = Caller()

    def run() -> Generator[Any, Any, None]:
        if at > env.now:
            yield at - env.now
        try:
            yield from endpoint.call(Request(key=name, priority=priority))
        except CallFailed as failure:
            caller.outcome = failure.reason if isinstance(failure, Rejected) else type(failure).__name__
        except BaseException:
            caller.outcome, caller.end = "cancelled", env.now
            raise
        else:
            caller.outcome = "answered"
        caller.end = env.now

    caller.process = env.process(run())
    return caller


class Office:
    """One clerk, who takes a second for each, behind a limiter with a queue."""

    def __init__(self, queue: QueueDiscipline, *, places: int = 1) -> None:
        self.env = Environment()
        self.clerk = Occupied(self.env)
        self.limiter = ConcurrencyLimiter(self.env, self.clerk, FixedLimit(places), queue=queue)

    def ask(self, at: float, name: Any = None, priority: int = 0) -> Caller:
        return ask(self.env, self.limiter, at, name, priority)

    def fill(self, *names: Any, priorities: dict[Any, int] | None = None) -> dict[Any, Caller]:
        """One is served from 0 to 1, then these come one after the other."""
        callers = {"first": self.ask(0.0, "first")}
        for number, name in enumerate(names, 1):
            callers[name] = self.ask(number / 64, name, (priorities or {}).get(name, 0))
        return callers

    @property
    def served(self) -> list[Any]:
        """Who was served, in that order; the first one left out."""
        return [name for _, name in self.clerk.order[1:]]
