"""Caches: one answer for all who ask within its time to live, and what is done where there is none."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from models import Endpoint, FunctionEndpoint, Host, Request
from models.caching.eviction import Lru
from models.caching.invalidation import Invalidations
from models.caching.patterns import (
    Cache,
    Coalescing,
    HiddenOrigin,
    MissRule,
    RefreshAhead,
    RenewalRule,
    StaleIfError,
    StaleWhileRevalidate,
    WriteRule,
    WriteThrough,
)
from models.caching.proxies import ReverseProxy
from models.caching.stores import CacheStore
from models.endpoint import Call
from models.endpoint import Wrapper as WrapperEndpoint
from models.outcome import Outcome

from ..expectation import Clock, Done, Node, Withdraw, WrapperModel
from ..host_expectation import HostModel, InstanceModel, at_each_crash, at_each_start, is_up
from ..world import World
from .idempotency import PassingModel
from .wrapper import Wrapper

TTL = 6.80017
STALE_TIME = 8.11019
AHEAD = 0.23


class CacheModel(WrapperModel):
    """Answers at once while it has a full answer that is young enough, and keeps what it is told."""

    def __init__(self, clock: Clock, inner: Node) -> None:
        super().__init__(clock, inner)
        # Since when there is an answer, as of when, and how long it took.
        self.memory: list[float] = []
        self.hit_count = self.miss_count = self.passed_count = 0
        self.load_count = self.loaded_count = self.void_count = 0
        self.told: float | None = None
        at_each_start(self, self.forget)

    @property
    def as_of(self) -> float | None:
        return self.told

    def tell(self, done: Done, outcome: Outcome, as_of: float | None) -> None:
        """Answer, and say as of when."""
        self.told = as_of
        done(outcome)

    def forget(self) -> None:
        self.memory = []

    def ask(self, done: Done) -> Withdraw:
        if not is_up(self):
            self.passed_count += 1
            return self.inner.ask(lambda outcome: self.tell(done, outcome, self.inner.as_of))
        if self.memory and self.clock.now < self.memory[0] + TTL:
            self.hit_count += 1
            return self.give(done)
        self.miss_count += 1
        return self.miss(done)

    def give(self, done: Done) -> Withdraw:
        """Answer from memory."""
        return self.clock.go_on(partial(self.tell, done, Outcome.OK, self.memory[1]))

    def miss(self, done: Done) -> Withdraw:
        """Answer what is not in memory."""
        return self.load(done)

    def load(self, done: Done) -> Withdraw:
        """Ask what is inside, and keep the answer."""
        self.load_count += 1
        memory, asked_at = self.memory, self.clock.now

        def end(outcome: Outcome) -> None:
            as_of = self.inner.as_of
            self.keep(memory, outcome, asked_at, as_of)
            self.tell(done, outcome, as_of)

        return self.inner.ask(end)

    def keep(self, memory: list[float], outcome: Outcome, asked_at: float, as_of: float | None) -> None:
        """Remember an outcome that was asked for with what was in `memory`, unless a newer one is there."""
        if not outcome.is_answer:
            return
        self.loaded_count += 1
        now, took = self.clock.now, self.clock.now - asked_at
        asked_at = asked_at if as_of is None else as_of
        has_newer = bool(memory) and now < memory[0] + TTL and memory[1] > asked_at
        if memory is not self.memory or not is_up(self) or (outcome is Outcome.OK and has_newer):
            self.void_count += 1
        elif outcome is Outcome.OK:
            memory[:] = [now, asked_at, took]

    @property
    def has_stale(self) -> bool:
        """Whether there is an answer, fresh or not, that may be given."""
        return bool(self.memory) and self.clock.now < self.memory[0] + TTL + STALE_TIME

    def counts(self) -> dict[str, Any]:
        names = ("hit_count", "miss_count", "passed_count", "load_count", "loaded_count", "void_count")
        return {name: getattr(self, name) for name in names}


class _Waiter:
    """Who waits for a load, and how he leaves."""

    def __init__(self, done: Done) -> None:
        self.done = done
        self.leave: Withdraw = lambda killed: None

    def withdraw(self, killed: bool) -> None:
        self.leave(killed)


class LoadingModel(CacheModel):
    """A load goes on by itself, in a process of the cache's: one at a time, which others may wait for."""

    def __init__(self, clock: Clock, inner: Node) -> None:
        super().__init__(clock, inner)
        self.waiting: list[_Waiter] | None = None  # for the load that is under way, if one is
        self.withdraw_load: Withdraw = lambda killed: None
        at_each_crash(self, self.crash)

    def begin(self, first: _Waiter | None = None) -> None:
        """Begin a load, if none is under way; `first`, if there is one, is who asks and has not joined it."""
        if self.waiting is not None:
            return
        self.waiting = waiting = []
        memory, asked_at = self.memory, self.clock.now
        self.load_count += 1

        def end(outcome: Outcome) -> None:
            if self.waiting is waiting:
                self.waiting = None
            as_of = self.inner.as_of
            since = asked_at if as_of is None else as_of
            for waiter in waiting:
                told = as_of if waiter is first else since
                waiter.leave = self.clock.after(0.0, partial(self.tell, waiter.done, outcome, told))
            self.keep(memory, outcome, asked_at, as_of)
            self.ended()

        def ask() -> None:
            self.withdraw_load = self.inner.ask(end)

        self.withdraw_load = self.clock.after(0.0, ask, at_once=True)  # when this one waits

    def ended(self) -> None:
        """Do what is to be done when a load has ended."""

    def join(self, waiter: _Waiter) -> None:
        """Let somebody wait for a load."""
        if not is_up(self):
            waiter.leave = self.inner.ask(lambda outcome: self.tell(waiter.done, outcome, self.inner.as_of))
            return
        self.begin(waiter)
        waiting = self.waiting
        assert waiting is not None
        waiting.append(waiter)

        def leave(killed: bool) -> None:
            if waiter in waiting:
                waiting.remove(waiter)

        waiter.leave = leave

    def crash(self) -> None:
        waiting, self.waiting = self.waiting, None
        if waiting is None:
            return
        self.withdraw_load(True)
        self.ended()
        for waiter in waiting:
            waiter.leave = self.clock.after(0.0, partial(self.join, waiter))


class CoalescingModel(LoadingModel):
    """Who misses waits for the load that is under way, or for a new one."""

    def miss(self, done: Done) -> Withdraw:
        waiter = _Waiter(done)
        self.join(waiter)
        return waiter.withdraw


class RefreshAheadModel(LoadingModel):
    """Who hits what is old enough has it loaded anew; who misses asks himself."""

    def __init__(self, clock: Clock, inner: Node) -> None:
        super().__init__(clock, inner)
        self.loads = 0  # of those who ask themselves

    def give(self, done: Done) -> Withdraw:
        withdraw = super().give(done)
        if self.clock.now - self.memory[0] >= AHEAD * TTL and not self.loads:
            self.begin()
        return withdraw

    def forget(self) -> None:
        super().forget()
        self.loads = 0

    def miss(self, done: Done) -> Withdraw:
        self.load_count += 1
        memory, asked_at = self.memory, self.clock.now
        self.loads += 1

        def leave() -> None:
            if memory is self.memory:
                self.loads -= 1

        def end(outcome: Outcome) -> None:
            leave()
            as_of = self.inner.as_of
            self.keep(memory, outcome, asked_at, as_of)
            self.tell(done, outcome, as_of)

        def withdraw(killed: bool) -> None:
            leave()
            withdraw_inner(killed)

        withdraw_inner = self.inner.ask(end)
        return withdraw


class StaleWhileRevalidateModel(RefreshAheadModel):
    """Who finds what has expired is given that, and has it loaded anew."""

    def give(self, done: Done) -> Withdraw:
        return CacheModel.give(self, done)

    def miss(self, done: Done) -> Withdraw:
        if not self.has_stale:
            return super().miss(done)
        withdraw = self.answer(done, Outcome.DEGRADED)
        if not self.loads:
            self.begin()
        return withdraw


class StaleIfErrorModel(CacheModel):
    """Who is told of a failure is given what has expired instead."""

    def miss(self, done: Done) -> Withdraw:
        def end(outcome: Outcome) -> None:
            if not outcome.is_answer and self.has_stale:
                is_fresh = self.clock.now < self.memory[0] + TTL
                outcome = Outcome.OK if is_fresh else Outcome.DEGRADED
            done(outcome)

        return self.load(end)


class HiddenOriginModel(LoadingModel):
    """Who misses has it loaded, and is given what has expired or rejected.

    One load at a time; the next may begin after what is due when that has ended.
    """

    def __init__(self, clock: Clock, inner: Node) -> None:
        super().__init__(clock, inner)
        self.has_room, self.is_queued = True, False

    def begin(self, first: _Waiter | None = None) -> None:
        if self.has_room:
            self.has_room = False
            super().begin(first)
        elif self.waiting is None:
            self.is_queued = True

    def ended(self) -> None:
        self.clock.after(0.0, partial(self.go_on, self.memory))

    def go_on(self, memory: list[float]) -> None:
        """Begin with what is queued, unless it has come meanwhile, or the cache began anew."""
        if memory is not self.memory:
            return
        is_queued, self.is_queued, self.has_room = self.is_queued, False, True
        if is_queued and is_up(self) and not (memory and self.clock.now < memory[0] + TTL):
            self.begin()

    def forget(self) -> None:
        super().forget()
        self.has_room, self.is_queued = True, False

    def miss(self, done: Done) -> Withdraw:
        withdraw = self.answer(done, Outcome.DEGRADED if self.has_stale else Outcome.REJECTED)
        self.begin()
        return withdraw


class InAnInstance(CacheModel):
    """A cache in the process of an instance on the host in between."""

    def __init__(self, clock: Clock, inner: Node, host: HostModel) -> None:
        self.host = host
        super().__init__(clock, inner)
        host.on_process_restart.append(self.forget)

    @property
    def serving(self) -> None:
        return None

    @property
    def place(self) -> HostModel:
        return self.host


class Here(WrapperEndpoint):
    """Asks what is inside, from a host."""

    def __init__(self, host: Host, target: Endpoint) -> None:
        super().__init__(target, name="here")
        self.host = host

    @property
    def serving(self) -> Endpoint:
        inside = self.target.serving
        return self if inside.host is None else inside

    def call(self, request: Request) -> Call:
        return self.target.call(request)


def _invalidations(world: World, inner: Endpoint) -> Endpoint:
    """Every question is a write, of which a cache at the server's host is told."""
    origin = Here(world.here, inner) if inner.serving.host is None else inner
    told = Invalidations(world.env, world.network, origin, reads=("nothing",), transport="datagram")
    nobody = FunctionEndpoint(lambda request: iter(()), host=world.server, name="nobody")
    told.subscribe(Cache(world.env, nobody, CacheStore(world.env, Lru(1))))
    return told


def _reverse_proxy(world: World, inner: Endpoint) -> Endpoint:
    target = inner if inner.host is world.proxy else Here(world.proxy, inner)
    cache = Cache(world.env, target, CacheStore(world.env, Lru(10), ttl=TTL))
    return ReverseProxy(world.env, cache, name=f"reverse proxy {len(world.endpoints)}")


def _cache(
    world: World,
    inner: Endpoint,
    *,
    on_miss: MissRule | None = None,
    renewal: RenewalRule | None = None,
    writes: WriteRule | None = None,
    stale_time: float = 0.0,
) -> Endpoint:
    store = CacheStore(world.env, Lru(10), ttl=TTL, stale_time=stale_time)
    rules: dict[str, Any] = {"on_miss": on_miss, "writes": writes}
    given = {name: rule for name, rule in rules.items() if rule is not None}
    return Cache(world.env, inner, store, renewal=renewal, **given)


def _wrapper(name: str, model: Callable[[Clock, Node], Node], **rules: Any) -> Wrapper:
    return Wrapper(
        name=name,
        build=lambda world, inner: _cache(world, inner, **rules),
        model=lambda clock, inner, host: model(clock, inner),
    )


WRAPPERS = (
    _wrapper("Cache", CacheModel, writes=WriteThrough()),
    _wrapper("Cache, coalescing", CoalescingModel, on_miss=Coalescing()),
    _wrapper("Cache, refreshed ahead", RefreshAheadModel, renewal=RefreshAhead(AHEAD)),
    _wrapper(
        "Cache, stale while it loads",
        StaleWhileRevalidateModel,
        on_miss=StaleWhileRevalidate(),
        stale_time=STALE_TIME,
    ),
    _wrapper(
        "Cache, stale if loading fails", StaleIfErrorModel, on_miss=StaleIfError(), stale_time=STALE_TIME
    ),
    _wrapper("Cache, origin hidden", HiddenOriginModel, on_miss=HiddenOrigin(), stale_time=STALE_TIME),
    Wrapper(
        name="Invalidations",
        build=_invalidations,
        model=lambda clock, inner, host: PassingModel(clock, inner),
    ),
    Wrapper(
        name="reverse proxy",
        build=_reverse_proxy,
        model=lambda clock, inner, host: InstanceModel(clock, InAnInstance(clock, inner, host), host),
        leads_to_the_proxy=True,
    ),
)
