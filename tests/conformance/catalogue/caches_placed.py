"""Caches that stand elsewhere: content under a pointer that is asked for every time, and edges of a CDN."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from functools import partial
from typing import Any

from models import Endpoint, FunctionEndpoint, Host, Network, Request, Response
from models.caching.eviction import Lru
from models.caching.invalidation import VersionedKeys
from models.caching.patterns import Cache
from models.caching.proxies import Cdn
from models.caching.stores import CacheStore
from models.endpoint import Call
from models.endpoint import Wrapper as WrapperEndpoint
from models.outcome import Outcome
from models.services import InstanceStatistics

from ..expectation import Clock, Done, Node, Withdraw, WrapperModel
from ..host_expectation import HopModel, HostModel, InstanceModel
from ..world import World
from .caches import TTL, Here, InAnInstance
from .fallbacks import Reserve
from .wrapper import SPARE, Wrapper

_ONE_WAY = 0.0067  # s, to the edge, and from there: of a length of its own, see `links`
_CONVERGENCE = 0.6113


class _Pointers(WrapperEndpoint):
    """Asks what is inside for the pointer, as if that were asked for itself; any full answer is one."""

    def call(self, request: Request) -> Call:
        return replace((yield from self.target.call(replace(request, key=request.key[0]))), value=1)


class VersionedKeysModel(WrapperModel):
    """Asks what is inside, and then for a content, which is missing every second time."""

    def __init__(self, clock: Clock, inner: Node) -> None:
        super().__init__(clock, inner)
        self.contents = Reserve(clock, SPARE)
        self.told: float | None = None
        self.read_count = self.dangling_count = 0

    @property
    def as_of(self) -> float | None:
        return self.told

    def ask(self, done: Done) -> Withdraw:
        self.read_count += 1

        def turn_to_content(outcome: Outcome) -> None:
            nonlocal current
            if outcome.is_answer:
                current = self.contents.ask(partial(end, outcome, self.inner.as_of))
            else:
                done(outcome)

        def end(pointer: Outcome, as_of: float | None, content: Outcome) -> None:
            if not content.is_answer:
                self.dangling_count += 1
                pointer = Outcome.UNAVAILABLE
            self.told = as_of
            done(pointer)

        current = self.inner.ask(turn_to_content)
        return lambda killed: current(killed)  # noqa: PLW0108 - what is current changes

    def counts(self) -> dict[str, Any]:
        names = ("read_count", "dangling_count")
        return {name: getattr(self, name) for name in names} | {"absent_count": 0, "write_count": 0}


def _versioned_keys(world: World, inner: Endpoint) -> Endpoint:
    call_count = 0

    def content(request: Request) -> Generator[Any, Any, Response]:
        nonlocal call_count
        call_count += 1
        is_there = call_count % 2
        yield SPARE
        return Response("content" if is_there else None)

    contents = FunctionEndpoint(content, host=inner.host, name="contents")
    return VersionedKeys(world.env, _Pointers(inner, name="pointers"), contents, name="pages")


class CdnModel(Node):
    """A link to an edge with a cache, and from there another one to what is inside; no link without a route.

    The network hears of it `_CONVERGENCE` s later that the edge has gone, or is there again.
    """

    def __init__(self, clock: Clock, inner: Node, host: HostModel) -> None:
        super().__init__(clock)
        to_the_origin = HopModel(clock, inner, host, one_way=_ONE_WAY)
        self.edge = InstanceModel(clock, InAnInstance(clock, to_the_origin, host), host)
        self.link = HopModel(clock, self.edge, host, one_way=_ONE_WAY)
        self.has_route = True
        for gone in (host.on_crash, host.on_process_crash, host.on_release):
            gone.append(partial(clock.after, _CONVERGENCE, partial(self.route, False)))
        for there in (host.on_restart, host.on_process_restart):
            there.append(partial(clock.after, _CONVERGENCE, partial(self.route, True)))

    def route(self, has_route: bool) -> None:
        self.has_route = has_route

    @property
    def place(self) -> HostModel | None:
        return self.link.place

    @property
    def as_of(self) -> float | None:
        return self.link.as_of

    def ask(self, done: Done) -> Withdraw:
        return self.link.ask(done) if self.has_route else self.answer(done, Outcome.REFUSED)

    def counts(self) -> dict[str, Any]:
        return self.edge.counts()


class _Visitor(WrapperEndpoint):
    """Asks the nearest edge, of which there is one, and says what that says about itself."""

    def __init__(self, cdn: Cdn, host: Host) -> None:
        super().__init__(cdn.client(host), name="visitor")
        self._cdn = cdn

    def call(self, request: Request) -> Call:
        return self.target.call(request)

    def statistics(self) -> InstanceStatistics:
        return self._cdn.edges[0].statistics()


def _cdn(world: World, inner: Endpoint) -> Endpoint:
    def make_cache(way: Endpoint) -> Cache:
        return Cache(world.env, way, CacheStore(world.env, Lru(10), ttl=TTL))

    network = Network(world.env, latencies=_ONE_WAY)
    origin = inner if inner.host is world.proxy else Here(world.proxy, inner)
    cdn = Cdn(world.env, network, origin, [world.proxy], make_cache, convergence=_CONVERGENCE)
    # Known to the world, so that its process crashes with the others; the last that it knows are the chain.
    world.endpoints.insert(0, cdn.edges[0])
    return _Visitor(cdn, world.here)


WRAPPERS = (
    Wrapper(
        name="VersionedKeys",
        build=_versioned_keys,
        model=lambda clock, inner, host: VersionedKeysModel(clock, inner),
    ),
    Wrapper(name="Cdn", build=_cdn, model=CdnModel, leads_to_the_proxy=True),
)
