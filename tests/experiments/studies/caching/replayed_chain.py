"""The chain of `too_many_caches` without the simulator: the same reads, and what each cache had when.

A read is followed inwards to who has the page, a way for each step, and what came back is noted on the way
out: from when to when each cache has it, and as of when. It knows of no process, message or store.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from experiments.studies.caching.too_many_caches import (
    DURATION,
    PAGES,
    PROXIES,
    RATE,
    READERS,
    WARM_UP,
)
from models import FunctionEndpoint, Request, Response
from models.workload import OpenLoop, Operation, OperationMix, UniformKeys
from simulator import Environment

WAY = 0.005

Read = tuple[float, int, Any]
"""When, by which reader, and which page."""


def reads_of(seed: int) -> list[Read]:
    """Return what readers ask in a run of this seed: it does not depend on what they are told."""
    env = Environment(seed=seed)
    asked: list[Read] = []

    def asking(reader: int) -> FunctionEndpoint:
        def note(request: Request) -> Generator[Any, Any, Response]:
            asked.append((env.now, reader, request.key))
            yield from ()
            return Response(0)

        return FunctionEndpoint(note)

    for reader in range(PROXIES * READERS):
        name = f"reader {reader}"
        OpenLoop(
            env,
            asking(reader),
            rate=RATE * PAGES,
            mix=OperationMix(Operation(name="read")),
            keys=UniformKeys(env, PAGES, name=f"{name}/pages"),
            until=DURATION,
            name=name,
        )
    env.run(until=DURATION)
    return asked


class _Lives:
    """What one cache has had of each page: since when, until when, and as of when it is."""

    def __init__(self, behind: _Lives | None, ttl: float, counts_age: bool) -> None:
        self.behind = behind
        self.ttl = ttl
        self.counts_age = counts_age
        self.lives: dict[Any, list[tuple[float, float, float]]] = {}

    def held(self, page: Any, time: float) -> float | None:
        """Return as of when what the cache has at a time is, if it has the page."""
        for since, until, as_of in reversed(self.lives.get(page, [])):
            if since <= time:
                return as_of if time < until else None
        return None

    def ask(self, page: Any, time: float) -> tuple[float, float | None]:
        """Return when a question that is here at a time is answered, and as of when that is, if it is old."""
        held = self.held(page, time)
        if held is not None:
            return time, held
        if self.behind is None:
            answered, as_of = time + 2.0 * WAY, None
        else:
            there, as_of = self.behind.ask(page, time + WAY)
            answered = there + WAY
        kept = time if as_of is None else as_of
        until = self.ttl + (kept if self.counts_age else answered)
        newer = self.held(page, answered)
        if until > answered and (newer is None or newer <= kept):
            self.lives.setdefault(page, []).append((answered, until, kept))
        return answered, as_of


def mean_age(reads: list[Read], caches: int, ttl: float, *, counts_age: bool) -> float:
    """Return how old (s) what readers are told is on average, after the warm-up."""
    server = _Lives(None, ttl, counts_age) if caches > 2 else None
    proxies = [_Lives(server, ttl, counts_age) if caches > 1 else None for _ in range(PROXIES)]
    own = [_Lives(proxies[reader // READERS], ttl, counts_age) for reader in range(PROXIES * READERS)]
    ages = []
    for time, reader, page in reads:
        answered, as_of = own[reader].ask(page, time)
        if WARM_UP <= answered < DURATION:
            ages.append(0.0 if as_of is None else answered - as_of)
    return sum(ages) / len(ages)
