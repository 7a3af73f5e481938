"""A reverse proxy: a hop more, cores and threads of its own, shared by all, and cold after a crash."""

from __future__ import annotations

import pytest

from models import ConnectionLost, FunctionEndpoint, Refused, Rejected, ServerError
from models.caching.eviction import Lru
from models.caching.patterns import Cache
from models.caching.proxies import ReverseProxy
from models.caching.stores import CacheStore
from models.resilience import Timeout
from simulator import Environment
from simulator.randomness import Constant
from tests.models.caching.patterns.origin import FAILED, ask

from .building import FAR, NEAR, World


def test_a_miss_takes_a_hop_more_than_the_origin_and_a_hit_one_less() -> None:
    world = World()
    client = world.host("client", world.europe)
    website = world.network.connect(client, world.proxy())
    told = [ask(world.env, website, time) for time in (0.0, 4.0)]
    world.env.run()
    assert told == [(2 * NEAR + 2 * FAR + 1.0, "old"), (4.0 + 2 * NEAR, "old")]
    assert world.origin.read_times == [NEAR + FAR]


def test_what_one_client_has_asked_for_the_others_find() -> None:
    world = World()
    proxy = world.proxy()
    clients = [world.host(f"client {number}", world.europe) for number in range(3)]
    told = [
        ask(world.env, world.network.connect(client, proxy), 4.0 * number)
        for number, client in enumerate(clients)
    ]
    world.env.run()
    assert len(world.origin.read_times) == 1
    assert [each.response.as_of for each in told if each.response] == [None, NEAR, NEAR]
    assert isinstance(proxy.cache, Cache)
    assert proxy.cache.statistics().hit_count == 2


def test_each_request_costs_its_cores_hits_too() -> None:
    world = World()
    proxy = world.proxy(request_work=Constant(0.5))
    website = world.network.connect(world.host("client", world.europe), proxy)
    told = [ask(world.env, website, time) for time in (0.0, 4.0, 4.0)]
    world.env.run()
    assert [each.at for each in told] == [0.5 + 2 * NEAR + 2 * FAR + 1.0, 4.5 + 2 * NEAR, 5.0 + 2 * NEAR]
    assert proxy.host is not None
    assert proxy.host.statistics().work_done == 1.5


def test_what_waits_for_the_origin_holds_a_thread_and_hits_wait_behind_it() -> None:
    world = World()
    proxy = world.proxy(threads=1, queue_size_max=1)
    website = world.network.connect(world.host("client", world.europe), proxy)
    ask(world.env, website, 0.0)
    missing = ask(world.env, website, 4.0, key="b")
    hit, rejected = ask(world.env, website, 4.25), ask(world.env, website, 4.5)
    world.env.run()
    origin_time = 2 * FAR + 1.0
    assert missing.at == hit.at == 4.0 + 2 * NEAR + origin_time
    assert rejected == (4.5 + 2 * NEAR, Rejected)


def test_a_failure_behind_it_is_its_own_server_error() -> None:
    world = World()
    website = world.network.connect(world.host("client", world.europe), world.proxy())
    world.server.crash_process(world.origin)
    told = ask(world.env, website, 0.0)
    world.env.run()
    assert told.at == 2 * NEAR + 2 * FAR
    assert issubclass(told.result, ServerError)
    world.server.restart_process(world.origin)
    world.origin.fails = [FAILED]
    again = ask(world.env, website, 1.0)
    world.env.run()
    assert issubclass(again.result, ServerError)


@pytest.mark.parametrize("what", ["host", "process"])
def test_it_restarts_cold(what: str) -> None:
    world = World()
    proxy = world.proxy()
    host = proxy.host
    assert host is not None
    website = world.network.connect(world.host("client", world.europe), proxy)
    crashing = host if what == "host" else proxy
    for time in (0.0, 3.0):
        ask(world.env, website, time)
    world.env.call_later(4.0, crashing.crash)
    world.env.call_later(5.0, crashing.restart)
    ask(world.env, website, 6.0)
    world.env.run()
    assert world.origin.read_times == [NEAR + FAR, 6.0 + NEAR + FAR]


def test_a_load_dies_with_it_and_its_caller_hears_of_that() -> None:
    world = World()
    proxy = world.proxy()
    website = world.network.connect(world.host("client", world.europe), proxy)
    told = ask(world.env, website, 0.0)
    world.env.call_later(0.5, proxy.crash)
    later = ask(world.env, website, 1.0)
    world.env.run()
    assert told == (0.5 + NEAR, ConnectionLost)
    assert later == (1.0 + 2 * NEAR, Refused)
    assert isinstance(proxy.cache, Cache)
    assert len(proxy.cache.store) == 0


def test_who_follows_it_is_told_at_the_instant() -> None:
    world = World()
    proxy = world.proxy(start_time=0.5)
    told: list[tuple[float, bool]] = []
    proxy.follow(lambda is_ready: told.append((world.env.now, is_ready)))
    world.env.call_later(1.0, proxy.crash)
    world.env.call_later(2.0, proxy.restart)
    world.env.call_later(4.0, lambda: proxy.stop(linger=1.0))
    world.env.run()
    assert told == [(1.0, False), (2.5, True), (4.0, False), (5.0, False)]


def test_a_timeout_around_its_way_to_the_origin_is_its_own() -> None:
    world = World()
    host = world.host("edge", world.europe)
    way = Timeout(world.env, world.network.connect(host, world.origin), 0.5)
    proxy = ReverseProxy(world.env, Cache(world.env, way, CacheStore(world.env, Lru(1))))
    told = ask(world.env, world.network.connect(world.host("client", world.europe), proxy), 0.0)
    world.env.run()
    assert told.at == 0.5 + 2 * NEAR
    assert issubclass(told.result, ServerError)


def test_it_needs_a_cache_that_has_a_host() -> None:
    env = Environment()
    cache = Cache(env, FunctionEndpoint(lambda request: iter(())), CacheStore(env, Lru(1)))  # type: ignore[arg-type, return-value]  # never called
    with pytest.raises(TypeError, match="host of the cache must be a Host, got None"):
        ReverseProxy(env, cache)
    with pytest.raises(TypeError, match="cache must be a Cache or an HttpCaching"):
        ReverseProxy(env, cache.target)  # type: ignore[arg-type]  # that is the misuse


def test_one_proxy_may_stand_before_another_on_its_host() -> None:
    """Then the cache of the first would live in the process of the second, if it were not told otherwise."""
    world = World()
    second = world.proxy()
    cache = Cache(world.env, second, CacheStore(world.env, Lru(10)))
    first = ReverseProxy(world.env, cache, name="first")
    website = world.network.connect(world.host("client", world.europe), first)
    ask(world.env, website, 0.0)
    world.env.run(until=20.0)
    assert second.host is not None
    second.host.crash_process(second)
    hit = ask(world.env, website, 21.0)
    world.env.run()
    assert (hit.at, cache.home) == (21.0 + 2 * NEAR, first)
