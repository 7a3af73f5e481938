"""Situations with caches, from the table of verdicts, and those that a cache must not change."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import CallFailed, Endpoint, Host, Network, Request, TimedOut
from models.caching.eviction import Lru
from models.caching.patterns import Cache, WriteThrough
from models.caching.patterns.write_behind import WriteBehind, WriteBehindQueue
from models.caching.stores import CacheStore
from models.network import LocalityLatencies
from models.replication import SingleNodeStore
from models.resilience import CircuitBreaker, Timeout, consecutive_failures
from simulator import Environment

ONE_WAY = 0.01


class Shop:
    """A cache on one host, and the store that it is a copy of on another, 10 ms (one way) away."""

    def __init__(self, capacity: int, **rules: Any) -> None:
        self.env = Environment(seed=1)
        self.web, self.database = Host(self.env, "web"), Host(self.env, "database")
        self.network = Network(self.env, latencies=LocalityLatencies.uniform(ONE_WAY))
        self.store = SingleNodeStore(self.env, self.network, self.database)
        way = Timeout(self.env, self.store.client(self.web), 0.5)
        self.cache = Cache(self.env, way, CacheStore(self.env, Lru(capacity)), **rules)

    @property
    def written(self) -> dict[Any, Any]:
        """What the store has."""
        (contents,) = self.store.contents().values()
        return dict(contents)

    def ask(self, operation: str, key: str, value: Any = None, target: Endpoint | None = None) -> Any:
        """What one call comes to: a value, or the class of a failure."""

        def caller() -> Generator[Any, Any, Any]:
            try:
                response = yield from (target or self.cache).call(Request(operation, key, value))
            except CallFailed as failure:
                return type(failure)
            return response.value

        return self.env.run(self.env.process(caller()))


def test_write_behind_cache_that_evicts_a_dirty_key_flushes_it() -> None:
    shop = Shop(1, writes=WriteBehind(flush_interval=5.0))
    shop.ask("write", "first", 1)
    shop.ask("write", "second", 2)  # the only place is the second's now
    assert list(shop.cache.store) == ["second"]
    assert shop.written == {}
    assert shop.ask("read", "first") == 1  # not what the store has, which is nothing
    shop.env.run(until=6.0)
    assert shop.written == {"first": 1, "second": 2}
    assert WriteBehindQueue.of(shop.cache).statistics().lost_count == 0


def test_crash_before_the_flush_loses_it_and_it_is_counted_as_lost() -> None:
    shop = Shop(1, writes=WriteBehind(flush_interval=5.0))
    shop.ask("write", "first", 1)
    shop.env.run(until=5.5)
    for key in ("first", "second"):
        shop.ask("write", key, "newer")
    shop.env.call_later(1.0, shop.web.crash)
    shop.env.run(until=20.0)
    queue = WriteBehindQueue.of(shop.cache)
    assert shop.written == {"first": 1}
    assert [(each.key, each.lost_at) for each in queue.lost] == [("first", 6.5), ("second", 6.5)]
    statistics = queue.statistics()
    assert (statistics.acknowledged_count, statistics.flushed_count, statistics.lost_count) == (3, 1, 2)


def test_database_may_be_away_while_writes_wait() -> None:
    shop = Shop(10, writes=WriteBehind(flush_interval=1.0))
    shop.database.crash()
    for number in range(3):
        shop.ask("write", "key", number)
    shop.env.run(until=30.0)
    assert WriteBehindQueue.of(shop.cache).statistics().waiting_count == 3
    shop.database.restart()
    shop.env.run(until=60.0)
    assert shop.written == {"key": 2}


def test_write_through_is_acknowledged_only_when_the_store_has_it() -> None:
    shop = Shop(10, writes=WriteThrough())
    shop.database.crash()
    assert shop.ask("write", "key", 1) is TimedOut
    assert shop.env.now == pytest.approx(0.5)
    assert "key" not in shop.cache.store


def test_cached_read_needs_no_network_and_a_miss_does() -> None:
    shop = Shop(10)
    shop.ask("write", "key", 1)
    start = shop.env.now
    assert shop.ask("read", "key") == 1
    assert shop.env.now == pytest.approx(start + 2 * ONE_WAY)
    shop.network.partition(shop.web, shop.database)
    before = shop.env.now
    assert shop.ask("read", "key") == 1
    assert shop.env.now == before
    assert shop.ask("read", "another") is TimedOut


def test_breaker_inside_a_cache_sees_misses_alone_and_one_outside_sees_hits_as_successes() -> None:
    shop = Shop(10)
    shop.ask("write", "key", 1)
    shop.ask("read", "key")
    inside = CircuitBreaker(shop.env, shop.cache.target, consecutive_failures(3))
    shop.cache.target = inside
    outside = CircuitBreaker(shop.env, shop.cache, consecutive_failures(3))
    shop.database.crash()
    for _ in range(3):
        shop.ask("read", "another", target=outside)
        shop.ask("read", "key", target=outside)
    assert [breaker.state.value for breaker in (inside, outside)] == ["open", "closed"]


def test_host_that_restarts_has_an_empty_cache_and_the_store_what_it_made_durable() -> None:
    shop = Shop(10, writes=WriteThrough())
    shop.ask("write", "key", 1)
    for host in (shop.web, shop.database):
        host.crash()
        shop.env.run(until=shop.env.now + 1.0)
        host.restart()
    assert len(shop.cache.store) == 0
    assert shop.ask("read", "key") == 1
