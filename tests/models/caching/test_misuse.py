"""Parts of caching put together wrongly are told at once, in one line: the name, the rule, the value."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

import pytest

from models import Host, Network
from models.caching.aside import CacheAside, Leasing
from models.caching.eviction import Lru, RandomEviction
from models.caching.http import CacheRules, Headers, HttpCache, HttpRequest, HttpResponse
from models.caching.http_endpoints import BoundedResponses, HttpCaching, Site, UserAgent
from models.caching.invalidation import Invalidations, VersionedKeys
from models.caching.patterns import Cache, WriteAround, WriteThrough
from models.caching.patterns.write_behind import WriteBehind
from models.caching.proxies import Anycast, Cdn, ReverseProxy
from models.caching.servers import CacheCluster, CacheServer, Ejection, Gutter
from models.caching.stores import CacheStore
from models.services import Instance, Work
from simulator import Environment


class World:
    """An origin on one host, and two more from which it may be asked."""

    def __init__(self) -> None:
        self.env = Environment(seed=1)
        self.network = Network(self.env)
        self.here, self.there, server = (Host(self.env, name) for name in ("here", "there", "server"))
        self.origin = Instance(self.env, server, Work(0.01), name="origin")
        self.way = self.network.connect(self.here, self.origin)
        self.elsewhere = self.network.connect(self.there, self.origin)
        self.memory = self.store()

    def store(self) -> CacheStore:
        return CacheStore(self.env, Lru(3), ttl=10.0)

    def cache(self, way: Any = None, **rules: Any) -> Cache:
        store = rules.pop("store") if "store" in rules else self.store()
        return Cache(self.env, way or self.way, store, **rules)

    def http_cache(self, way: Any, responses: BoundedResponses) -> HttpCaching:
        return HttpCaching(self.env, way, responses, CacheRules(is_shared=True))

    def server(self, **settings: Any) -> CacheServer:
        settings = {"host": self.there, "store": self.store(), "name": "cache", **settings}
        return CacheServer(self.env, **settings)

    def cluster(self, servers: Any, **settings: Any) -> CacheCluster:
        return CacheCluster(self.env, self.network, servers, **settings)

    def cdn(self, **settings: Any) -> Cdn:
        settings = {"edge_hosts": [self.here], "make_cache": self.cache, **settings}
        return Cdn(self.env, settings.pop("network", self.network), self.origin, **settings)

    def invalidations(self) -> Invalidations:
        return Invalidations(self.env, self.network, self.origin, heartbeat=1.0)


def one_policy_for_two(world: World) -> None:
    policy = Lru(3)
    CacheStore(world.env, policy, name="first")
    CacheStore(world.env, policy)


def one_policy_for_http_too(world: World) -> None:
    policy = Lru(3)
    BoundedResponses(policy)
    CacheStore(world.env, policy)


def one_memory_for_two(world: World) -> None:
    for way in (world.way, world.elsewhere):
        world.cache(way, store=world.memory)


def one_memory_for_two_servers(world: World) -> None:
    for host in (world.here, world.there):
        world.server(host=host, store=world.memory)


def one_memory_for_two_http_caches(world: World) -> None:
    responses = BoundedResponses(Lru(3))
    for way in (world.way, world.elsewhere):
        world.http_cache(way, responses)


def one_memory_for_all_edges(world: World) -> None:
    world.cdn(
        edge_hosts=[world.here, world.there], make_cache=lambda way: world.cache(way, store=world.memory)
    )


def one_cache_in_two_proxies(world: World) -> None:
    cache = world.cache()
    for name in ("first", "second"):
        ReverseProxy(world.env, cache, name=name)


def a_gutter_of_its_own(world: World) -> None:
    servers = [world.server()]
    world.cluster(servers, ejection=Ejection(), gutter=Gutter(servers=servers))


def told_twice(world: World) -> None:
    invalidations, cache = world.invalidations(), world.cache()
    for _ in range(2):
        invalidations.subscribe(cache)


NO: Any = "no"
AGE: Any = {"Age": "1"}
TE: Any = {"TE": "trailers"}
THREE: Any = 3

MISUSE: dict[str, tuple[Callable[[World], object], type[Exception]]] = {
    "policy must be one of its own, got that of the store 'first'": (one_policy_for_two, ValueError),
    "policy must be one of its own, got that of a BoundedResponses": (one_policy_for_http_too, ValueError),
    "store must be one of its own, got that of Cache('cache')": (one_memory_for_two, ValueError),
    "store must be one of its own, got that of Instance('cache')": (
        one_memory_for_two_servers,
        ValueError,
    ),
    "store must be one of its own, got that of Cache('cache') ": (one_memory_for_all_edges, ValueError),
    "responses must be one of its own, got that of HttpCaching('HTTP cache')": (
        one_memory_for_two_http_caches,
        ValueError,
    ),
    "store of Cache('cache') must belong to the same environment, got one of another": (
        lambda w: w.cache(store=World().memory),
        ValueError,
    ),
    "store of Instance('cache') must belong to the same environment, got one of another": (
        lambda w: w.server(store=World().memory),
        ValueError,
    ),
    "cache must be one of its own, got that of Instance('first')": (one_cache_in_two_proxies, ValueError),
    "cache must be one that is not told already, got Cache('cache')": (told_twice, ValueError),
    "silence_max must be a number of seconds, got '5'": (
        lambda w: w.invalidations().subscribe(w.cache(), silence_max="5"),  # type: ignore[arg-type]
        TypeError,
    ),
    "endpoint must be an Endpoint, got None": (lambda w: w.cache().live_in(None), TypeError),  # type: ignore[arg-type]
    "reads must be of one key, and a scan is of many, got ['read', 'scan']": (
        lambda w: w.cache(reads=["read", "scan"]),
        ValueError,
    ),
    "reads must be of one key, and a scan is of many, got ['scan']": (
        lambda w: CacheAside(w.env, w.way, w.cluster([w.server()]).client(w.here), reads=["scan"]),
        ValueError,
    ),
    "an operation must not be in both reads and puts, got ['write']": (
        lambda w: w.cache(reads=["read", "write"], writes=WriteThrough()),
        ValueError,
    ),
    "an operation must not be in both reads and puts, got ['set', 'write']": (
        lambda w: w.cache(reads=["set", "write"], writes=WriteBehind(flush_interval=1.0)),
        ValueError,
    ),
    "an operation must not be in both reads and deletes, got ['delete']": (
        lambda w: w.cache(reads=["delete"], writes=WriteBehind(flush_interval=1.0)),
        ValueError,
    ),
    "an operation must not be in both reads and puts, got ['get']": (
        lambda w: VersionedKeys(w.env, w.way, w.way, puts=["get"], name="keys"),
        ValueError,
    ),
    "contents must be on the host of pointers, Host('here'), got Host('there')": (
        lambda w: VersionedKeys(w.env, w.way, w.elsewhere, name="keys"),
        ValueError,
    ),
    "flush_count must be <= capacity, 10, or nothing is flushed, got 100": (
        lambda w: WriteBehind(flush_interval=inf, flush_count=100, capacity=10),
        ValueError,
    ),
    "host must be a Host, got 'there'": (lambda w: w.server(host="there"), TypeError),
    "servers must be at least one CacheServer, got none": (lambda w: w.cluster([]), ValueError),
    "make_placement must be a function of names, got 'ring'": (
        lambda w: w.cluster([w.server()], make_placement="ring"),
        TypeError,
    ),
    "servers of a gutter must not be those of its cluster, got Instance('cache')": (
        a_gutter_of_its_own,
        ValueError,
    ),
    "network must be a Network, got None": (lambda w: w.cdn(network=None), TypeError),
    "network must be a Network, got 3": (
        lambda w: Anycast(w.env, THREE, [ReverseProxy(w.env, w.cache())]),
        TypeError,
    ),
    "edge_hosts must be at least one, each another host, got []": (
        lambda w: w.cdn(edge_hosts=[]),
        ValueError,
    ),
    "edge_hosts must be at least one, each another host, got [Host('here'), Host('here')]": (
        lambda w: w.cdn(edge_hosts=[w.here, w.here]),
        ValueError,
    ),
    "make_cache must be a function of the way to the origin, got 3": (
        lambda w: w.cdn(make_cache=3),
        TypeError,
    ),
    "make_shield_cache must be a function of the way to the origin, got ''": (
        lambda w: w.cdn(shield=w.there, make_shield_cache=""),
        TypeError,
    ),
    "make_cache must make a cache on Host('here'), got one on Host('there')": (
        lambda w: w.cdn(make_cache=lambda way: w.cache(w.elsewhere)),
        ValueError,
    ),
    "shield_first must be 0 s where there is no shield, got 3.0": (
        lambda w: w.cdn().purge(w.there, "key", shield_first=3.0),
        ValueError,
    ),
    "source must be a Host, got 'there'": (lambda w: w.cdn().purge("there", "key"), TypeError),  # type: ignore[arg-type]
    "request_work must be finite and >= 0 s, got -1.0": (
        lambda w: ReverseProxy(w.env, w.cache(), request_work=-1.0),
        ValueError,
    ),
    "draw must be a function without arguments, got 0.5": (lambda w: RandomEviction(3, 0.5), TypeError),  # type: ignore[arg-type]
    "heuristic_fraction must be a number, got '0.1'": (
        lambda w: CacheRules(is_shared=True, heuristic_fraction="0.1"),  # type: ignore[arg-type]
        TypeError,
    ),
    "stale_if_disconnected must be a number of seconds, got True": (
        lambda w: CacheRules(is_shared=True, stale_if_disconnected=True),
        TypeError,
    ),
    "by_age must be a bool, got 'no'": (lambda w: CacheStore(w.env, Lru(3), by_age=NO), TypeError),
    "slides must be a bool, got 'no'": (lambda w: CacheStore(w.env, Lru(3), slides=NO), TypeError),
    "response must be a Response, got 'no'": (lambda w: w.memory.set("key", NO), TypeError),
    "invalidates must be a bool, got 'no'": (lambda w: WriteAround(invalidates=NO), TypeError),
    "takes_stale must be a bool, got 'no'": (lambda w: Leasing(takes_stale=NO), TypeError),
    "flushes must be a bool, got 'no'": (
        lambda w: w.invalidations().subscribe(w.cache(), flushes=NO),
        TypeError,
    ),
    "is_shared must be a bool, got 'no'": (lambda w: CacheRules(is_shared=NO), TypeError),
    "collapses must be a bool, got 'no'": (
        lambda w: HttpCaching(
            w.env, w.way, BoundedResponses(Lru(3)), CacheRules(is_shared=True), collapses=NO
        ),
        TypeError,
    ),
    "has_etags must be a bool, got 'no'": (lambda w: Site(w.env, {}, has_etags=NO), TypeError),
    "has_dates must be a bool, got 'no'": (lambda w: Site(w.env, {}, has_dates=NO), TypeError),
    "rules must be a CacheRules, got None": (lambda w: HttpCache(store={}, rules=None), TypeError),  # type: ignore[arg-type]
    "headers must be a Headers, got [('Age', '1')]": (
        lambda w: HttpRequest(uri="/", headers=[("Age", "1")]),  # type: ignore[arg-type]
        TypeError,
    ),
    "headers must be a Headers, got {'Age': '1'}": (
        lambda w: HttpResponse(headers={"Age": "1"}),  # type: ignore[arg-type]
        TypeError,
    ),
    "uri must be a str, got 7": (lambda w: HttpRequest(uri=7), TypeError),  # type: ignore[arg-type]
    "method must be a str, got None": (lambda w: HttpRequest(uri="/", method=None), TypeError),  # type: ignore[arg-type]
    "status must be an int, got '200'": (lambda w: HttpResponse(status="200"), TypeError),  # type: ignore[arg-type]
    "each field line must be a name and a text, got 'Age'": (lambda w: Headers(AGE), TypeError),
    "each field line must be a name and a text, got 'TE'": (
        lambda w: UserAgent(w.way, headers=TE),
        TypeError,
    ),
    "each field line must be a name and a text, got ('Age', 1)": (
        lambda w: Site(w.env, {}, headers=[("Age", 1)]),  # type: ignore[list-item]
        TypeError,
    ),
}


@pytest.mark.parametrize("text", MISUSE)
def test_misuse_is_told_at_once_in_one_line(text: str) -> None:
    misuse, kind = MISUSE[text]
    with pytest.raises(kind) as told:
        misuse(World())
    assert str(told.value) == text.strip()
