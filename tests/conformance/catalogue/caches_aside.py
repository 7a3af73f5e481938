"""Caches beside what they are copies of, on servers that nothing happens to: who asks fills them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from models import Endpoint, Host, Network, Request
from models.caching.aside import CacheAside, CacheAsideStatistics, Leasing
from models.caching.eviction import Lru
from models.caching.servers import CacheCluster, CacheServer
from models.caching.stores import CacheStore
from models.endpoint import Call
from models.endpoint import Wrapper as WrapperEndpoint
from models.hashing import hash_of
from models.outcome import Outcome

from ..expectation import Clock, Done, Node, Withdraw, WrapperModel
from ..world import World
from .caches import STALE_TIME, TTL
from .wrapper import Wrapper

_KEY = "one"
_ONE_WAY = 0.0043  # s, to a cache server: of a length of its own, see `links`
_TIMEOUT = 0.1733
_LEASE_TIME = 4.20071
_LEASING = Leasing(wait=0.21007, waits_max=2, takes_stale=True)


class AsideModel(WrapperModel):
    """Asks the cache, `detour` s later than it might have, and what is inside for what that does not have."""

    def __init__(self, clock: Clock, inner: Node, *, detour: float = 0.0) -> None:
        super().__init__(clock, inner)
        self.detour = detour
        self.kept: tuple[float, float] | None = None  # at the server: since when, and as of when
        self.told: float | None = None
        self.call_count = self.hit_count = self.load_count = self.loaded_count = 0
        self.stale_count = self.leaseless_count = self.wait_count = 0

    @property
    def as_of(self) -> float | None:
        return self.told

    def ask(self, done: Done) -> Withdraw:
        self.call_count += 1
        return _Read(self, done).withdraw

    def is_kept(self, time: float = TTL) -> bool:
        """Whether the server has an answer that was set less than so many seconds ago."""
        return self.kept is not None and self.clock.now < self.kept[0] + time

    # -- what a server does, when it is asked ---------------------------------------------------------------

    def find(self, read: _Read) -> None:
        """Look what is kept, and let it be told."""
        self.answer_with(read, read.hit if self.is_kept() else read.load)

    def answer_with(self, read: _Read, what: Any) -> None:
        """Let somebody do `what` about what was kept just now, when the answer is there."""
        as_of = None if self.kept is None else self.kept[1]
        self.clock.after(_ONE_WAY, partial(read.go_on, partial(what, as_of)))

    def keep(self, as_of: float, token: int) -> None:
        """Keep what was asked for at `as_of`."""
        self.kept = self.clock.now, as_of

    def end_lease(self, token: int) -> None:
        """Let a token be good no more."""

    def counts(self) -> dict[str, Any]:
        reads = ("call_count", "hit_count", "load_count", "loaded_count")
        leases = ("stale_count", "leaseless_count", "wait_count")
        return {name: getattr(self, name) for name in (*reads, *leases)} | {"write_count": 0}


class LeasedModel(AsideModel):
    """The same with a token, for one at a time: the others take what has expired, or wait."""

    def __init__(self, clock: Clock, inner: Node) -> None:
        super().__init__(clock, inner)
        self.last_token = 0
        self.out: tuple[int, float] | None = None  # a token, and until when it is good

    @property
    def good_token(self) -> int:
        """The token that is out, 0 if none is."""
        return self.out[0] if self.out is not None and self.clock.now < self.out[1] else 0

    def find(self, read: _Read) -> None:
        if self.is_kept():
            self.answer_with(read, read.hit)
        elif not self.good_token:
            self.last_token += 1
            self.out = self.last_token, self.clock.now + _LEASE_TIME
            self.answer_with(read, partial(read.load_with, self.last_token))
        elif self.is_kept(TTL + STALE_TIME):
            self.answer_with(read, read.take_stale)
        else:
            self.answer_with(read, read.wait)

    def keep(self, as_of: float, token: int) -> None:
        if token == self.good_token:
            self.out = None
            super().keep(as_of, token)

    def end_lease(self, token: int) -> None:
        if token == self.good_token:
            self.out = None


class _Read:
    """One question: what is sent arrives, though nobody may be there any more to hear what comes of it."""

    def __init__(self, model: AsideModel, done: Done) -> None:
        self.model, self.clock, self.done = model, model.clock, done
        self.is_gone = False
        self.waits_left = _LEASING.waits_max
        self.token = 0
        self.withdraw_load: Withdraw | None = None
        if model.detour:
            self.clock.after(model.detour, partial(self.go_on, self.send))
        else:
            self.send()

    def send(self) -> None:
        self.clock.after(_ONE_WAY, partial(self.model.find, self))

    def go_on(self, what: Any) -> None:
        if not self.is_gone:
            what()

    def tell(self, outcome: Outcome, as_of: float | None) -> None:
        self.model.told = as_of
        self.done(outcome)

    def hit(self, as_of: float | None) -> None:
        self.model.hit_count += 1
        self.tell(Outcome.OK, as_of)

    def take_stale(self, as_of: float | None) -> None:
        self.model.stale_count += 1
        self.tell(Outcome.DEGRADED, as_of)

    def wait(self, as_of: float | None) -> None:
        if self.waits_left:
            self.waits_left -= 1
            self.model.wait_count += 1
            self.clock.after(_LEASING.wait, partial(self.go_on, self.send))
        else:
            self.model.leaseless_count += 1
            self.ask_inside(keeps=False)

    def load_with(self, token: int, as_of: float | None) -> None:
        self.token = token
        self.ask_inside(keeps=True)

    def load(self, as_of: float | None) -> None:
        self.ask_inside(keeps=True)

    def ask_inside(self, *, keeps: bool) -> None:
        model, asked_at = self.model, self.clock.now
        model.load_count += 1

        def end(outcome: Outcome) -> None:
            self.withdraw_load = None
            as_of = model.inner.as_of
            model.loaded_count += outcome.is_answer
            if outcome is not Outcome.OK:
                self.end_lease()
            elif keeps:
                kept_as_of = asked_at if as_of is None else as_of
                self.begin_to_tell(partial(model.keep, kept_as_of, self.token))
            self.tell(outcome, as_of)

        self.withdraw_load = model.inner.ask(end)

    def end_lease(self) -> None:
        if self.token:
            self.begin_to_tell(partial(self.model.end_lease, self.token))

    def begin_to_tell(self, what: Callable[[], None]) -> None:
        """Tell the server, in a process that starts when this one waits: after what that asks at once."""

        def begin() -> None:
            self.clock.after(_ONE_WAY, what)

        self.clock.after(0.0, begin, at_once=True)

    def withdraw(self, killed: bool) -> None:
        self.is_gone = True
        if self.withdraw_load is not None:
            self.withdraw_load(killed)
            if not killed:
                self.end_lease()


class WritingModel(WrapperModel):
    """Has a write done inside, and deletes if that was done, which takes a round trip to the cache."""

    def __init__(self, clock: Clock, inner: Node) -> None:
        super().__init__(clock, inner)
        self.write_count = self.undeleted_count = 0

    @property
    def as_of(self) -> float | None:
        return self.inner.as_of

    def ask(self, done: Done) -> Withdraw:
        self.write_count += 1
        is_deleting = False

        def end(outcome: Outcome) -> None:
            nonlocal current, is_deleting
            if not outcome.is_answer:
                done(outcome)
                return
            is_deleting = True
            current = self.clock.after(2 * _ONE_WAY, lambda: done(outcome))

        def withdraw(killed: bool) -> None:
            self.undeleted_count += killed and not is_deleting
            current(killed)

        current = self.inner.ask(end)
        return withdraw

    def counts(self) -> dict[str, Any]:
        return {"write_count": self.write_count, "undeleted_count": self.undeleted_count, "load_count": 0}


class _OfOneKey(WrapperEndpoint):
    """Asks for one key, whatever that of the request: by it the server is chosen that is cut off."""

    target: CacheAside

    def __init__(self, target: CacheAside) -> None:
        super().__init__(target, name="of one key")

    def call(self, request: Request) -> Call:
        return self.target.call(replace(request, key=_KEY))

    def statistics(self) -> CacheAsideStatistics:
        return self.target.statistics()


def _aside(
    world: World, inner: Endpoint, *, copies: int = 1, is_cut: bool = False, **settings: Any
) -> Endpoint:
    """Put a cache of so many `copies` beside; the first owner of the key `is_cut` off from everybody."""
    network = Network(world.env, latencies=_ONE_WAY)
    servers = []
    for number in range(copies):
        name = f"cache {len(world.endpoints)}.{number}"
        host = Host(world.env, name)
        world.hosts.append(host)
        store = CacheStore(world.env, Lru(10), ttl=TTL, stale_time=STALE_TIME, name=name)
        servers.append(CacheServer(world.env, host, store, lease_time=_LEASE_TIME, name=name))
    here = inner.host or world.here
    cluster = CacheCluster(world.env, network, servers, replicas=copies, timeout=_TIMEOUT)
    if is_cut:
        network.partition(here, servers[cluster.owners(hash_of(_KEY))[0]].host)
    return _OfOneKey(CacheAside(world.env, inner, cluster.client(here), **settings))


WRAPPERS = (
    Wrapper(name="cache-aside", build=_aside, model=lambda clock, inner, host: AsideModel(clock, inner)),
    Wrapper(
        name="cache-aside, leases",
        build=lambda world, inner: _aside(world, inner, leasing=_LEASING),
        model=lambda clock, inner, host: LeasedModel(clock, inner),
    ),
    Wrapper(
        name="cache-aside, first copy cut off",
        build=lambda world, inner: _aside(world, inner, copies=2, is_cut=True),
        model=lambda clock, inner, host: AsideModel(clock, inner, detour=_TIMEOUT),
    ),
    Wrapper(
        name="cache-aside, writing",
        build=lambda world, inner: _aside(world, inner, reads=("nothing",)),
        model=lambda clock, inner, host: WritingModel(clock, inner),
    ),
)
