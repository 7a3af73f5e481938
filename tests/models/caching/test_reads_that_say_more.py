"""A read that says more than its key is no question that a cache can answer: it is passed on as it is."""

from __future__ import annotations

from typing import Any

import pytest

from models import Endpoint, Host, Network, Request
from models.caching.aside import CacheAside
from models.caching.eviction import Lru
from models.caching.patterns import Cache
from models.caching.patterns.write_behind import WriteBehind
from models.caching.servers import CacheCluster, CacheServer
from models.caching.stores import CacheStore
from models.cqrs import Command, CommandHandler, DiskEventLog, Projection, UntilItIsThere, carry_out
from models.cqrs.items import ItemDecider, Restock, StockPerItem
from models.replication import QuorumStore, read, write
from models.replication.quorums import Level, at_level
from simulator import Environment

from .patterns.origin import Origin

DEMANDS = [Request("read", "k", "and more"), at_level(Request("read", "k"), Level.ALL)]


def cached(env: Environment, target: Endpoint, **rules: Any) -> Cache:
    return Cache(env, target, CacheStore(env, Lru(10)), **rules)


def told(env: Environment, endpoint: Endpoint, request: Request) -> Any:
    return env.run(env.process(endpoint.call(request))).value


@pytest.mark.parametrize("demand", DEMANDS)
def test_it_is_passed_on_and_neither_answered_from_the_store_nor_kept(demand: Request) -> None:
    env = Environment()
    origin = Origin(env)
    cache = cached(env, origin)
    origin.values["k"] = "old"
    assert told(env, cache, Request("read", "k")) == "old"
    origin.values["k"] = "new"
    assert told(env, cache, demand) == "new"
    assert told(env, cache, Request("read", "k")) == "old"
    counts = cache.statistics()
    assert (counts.hit_count, counts.miss_count, counts.passed_count, counts.kept_count) == (1, 1, 1, 1)


@pytest.mark.parametrize("demand", DEMANDS)
def test_what_is_not_written_yet_is_newer_than_what_the_target_could_tell(demand: Request) -> None:
    env = Environment(seed=1)
    cache = cached(env, Origin(env), writes=WriteBehind(flush_interval=10.0))
    told(env, cache, write("k", "dirty"))
    cache.store.clear()
    assert told(env, cache, demand) == "dirty"


@pytest.mark.parametrize("demand", DEMANDS)
def test_beside_a_cache_it_is_the_origin_s(demand: Request) -> None:
    env = Environment()
    network, web, origin = Network(env, latencies=0.01), Host(env, "web"), Origin(env)
    server = CacheServer(env, Host(env, "cache"), CacheStore(env, Lru(10)), name="cache")
    aside = CacheAside(env, origin, CacheCluster(env, network, [server]).client(web))
    origin.values["k"] = "old"
    assert told(env, aside, Request("read", "k")) == "old"
    env.run(until=env.now + 1.0)
    origin.values["k"] = "new"
    assert told(env, aside, demand) == "new"
    assert told(env, aside, Request("read", "k")) == "old"


def test_a_read_of_all_replicas_is_one_behind_a_cache_too() -> None:
    env = Environment(seed=1)
    network = Network(env, latencies=0.01)
    store = QuorumStore(env, network, [Host(env, f"node-{number}") for number in range(3)])
    cache = cached(env, store.client(Host(env, "web")))
    elsewhere = store.client(Host(env, "elsewhere"))
    told(env, elsewhere, write("k", "old"))
    assert told(env, cache, read("k")) == "old"
    told(env, elsewhere, write("k", "new"))
    assert told(env, cache, at_level(read("k"), Level.ALL)) == "new"


def test_who_waits_for_his_own_command_sees_it_through_a_cache() -> None:
    env = Environment(seed=1)
    network = Network(env, latencies=0.01)
    shop, pages, web = (Host(env, name) for name in ("shop", "pages", "web"))
    log = DiskEventLog(env, network, shop)
    handler = CommandHandler(env, shop, network, log.client(shop), ItemDecider())
    stock = Projection(env, pages, network, log.client(pages), StockPerItem())
    cache = cached(env, network.connect(web, stock))
    ann = UntilItIsThere(network.connect(web, handler), cache, patience=5.0)
    assert told(env, ann, read("book")) is None
    told(env, ann, carry_out(Command("restock", "book", Restock(10))))
    assert told(env, ann, read("book")) == 10
