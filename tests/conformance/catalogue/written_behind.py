"""A cache that acknowledges writes, and has them done later."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from models import Endpoint, Request
from models.caching.eviction import Lru
from models.caching.patterns import Cache
from models.caching.patterns.write_behind import WriteBehind, WriteBehindQueue, WriteBehindStatistics
from models.caching.stores import CacheStore
from models.endpoint import Call
from models.endpoint import Wrapper as WrapperEndpoint
from models.outcome import Outcome
from models.resilience import ConstantBackoff

from ..expectation import Clock, Done, Node, Withdraw, WrapperModel
from ..host_expectation import at_each_crash, is_up
from ..world import World
from .wrapper import BACKOFF, Wrapper

DELAY = 1.93051


class WrittenBehind(WrapperEndpoint):
    """Takes all requests for writes of one key, and tells what the queue of the cache inside says."""

    target: Cache

    def __init__(self, target: Cache) -> None:
        super().__init__(target, name="written behind")

    def call(self, request: Request) -> Call:
        return self.target.call(replace(request, operation="get", key="one"))

    def statistics(self) -> WriteBehindStatistics:
        return WriteBehindQueue.of(self.target).statistics()


class WriteBehindModel(WrapperModel):
    """Acknowledges at once; `DELAY` after the first that waits, asks for the last, until that is answered."""

    def __init__(self, clock: Clock, inner: Node) -> None:
        super().__init__(clock, inner)
        self.waiting: list[float] = []  # when those were acknowledged that are not flushed
        self.sent = 0
        self.next: Withdraw = lambda killed: None
        self.acknowledged_count = self.flushed_count = self.coalesced_count = 0
        self.lost_count = self.attempt_count = 0
        at_each_crash(self, self.crash)

    def ask(self, done: Done) -> Withdraw:
        if not is_up(self):
            return self.inner.ask(done)
        self.acknowledged_count += 1
        self.waiting.append(self.clock.now)
        if len(self.waiting) == 1:
            self.next = self.clock.after(DELAY, self.flush)
        return self.answer(done, Outcome.OK)

    def flush(self) -> None:
        self.attempt_count += 1
        self.sent = len(self.waiting)
        self.next = self.inner.ask(self.end)

    def end(self, outcome: Outcome) -> None:
        if not outcome.is_answer:
            self.next = self.clock.after(BACKOFF, self.flush)
            return
        self.flushed_count += 1
        self.coalesced_count += self.sent - 1
        del self.waiting[: self.sent]
        self.sent = 0
        if self.waiting:
            self.next = self.clock.after(max(0.0, self.waiting[0] + DELAY - self.clock.now), self.flush)

    def crash(self) -> None:
        self.lost_count += len(self.waiting)
        self.waiting.clear()
        self.sent = 0
        self.next(True)

    def counts(self) -> dict[str, Any]:
        names = ("acknowledged_count", "flushed_count", "coalesced_count", "lost_count", "attempt_count")
        return {name: getattr(self, name) for name in names} | {"waiting_count": len(self.waiting)}


def _written_behind(world: World, inner: Endpoint) -> Endpoint:
    # What a caller of these tests asks is a "get", and is to be one inside as well.
    rule = WriteBehind(flush_interval=DELAY, backoff=ConstantBackoff(delay=BACKOFF), puts=("get",))
    store = CacheStore(world.env, Lru(10))
    return WrittenBehind(Cache(world.env, inner, store, writes=rule, reads=("nothing",)))


WRAPPERS = (
    Wrapper(
        name="Cache, written behind",
        build=_written_behind,
        model=lambda clock, inner, host: WriteBehindModel(clock, inner),
    ),
)
