"""Hiding the origin: a miss fails at once, and so many loads at a time fill the cache."""

from __future__ import annotations

import pytest

from models import Host, Network, Rejected, Request, ServerError
from models.caching.eviction import Lru
from models.caching.patterns import (
    NOT_CACHED,
    NOT_QUEUED,
    Cache,
    EarlyExpiry,
    HiddenOrigin,
    RefreshAhead,
    WriteThrough,
)
from models.caching.stores import CacheStore
from models.network import LocalityLatencies
from models.resilience import ConstantBackoff, Retry
from models.services import Dependency, Instance
from simulator import Environment

from .origin import FAILED, ONE_WAY, Origin, ask, cached_origin, client_of_origin


def test_a_miss_fails_at_once_and_the_entry_comes_behind_the_scenes() -> None:
    env = Environment()
    cache, origin = cached_origin(env, ttl=4.0, on_miss=HiddenOrigin())
    told = [ask(env, cache, time) for time in (0.0, 0.5, 1.5, 4.75, 5.5, 6.75)]
    env.run()
    assert told == [
        (0.0, Rejected),
        (0.5, Rejected),
        (1.5, "old"),
        (4.75, "old"),
        (5.5, Rejected),
        (6.75, "old"),
    ]
    assert origin.read_times == [0.0, 5.5]


def test_so_many_loads_at_a_time_first_asked_first_loaded_each_key_once() -> None:
    env = Environment()
    cache, origin = cached_origin(env, on_miss=HiddenOrigin(concurrency=2))
    for key in "aabcabcdde":
        ask(env, cache, 0.25, key=key)
    env.run()
    assert origin.asked == [
        (0.25, "get", "a"),
        (0.25, "get", "b"),
        (1.25, "get", "c"),
        (1.25, "get", "d"),
        (2.25, "get", "e"),
    ]


def test_a_key_that_does_not_fit_is_told_so_and_forgotten() -> None:
    env = Environment()
    cache, origin = cached_origin(env, on_miss=HiddenOrigin(concurrency=1, queue=1))
    reasons: dict[str, list[str]] = {}
    said_by: set[tuple[str, object]] = set()

    def reader(key: str, at: float) -> object:
        yield at
        try:
            yield from cache.call(Request("get", key))
        except Rejected as rejected:
            reasons.setdefault(key, []).append(rejected.reason)
            said_by.add((rejected.by, rejected.part))

    for key, at in (("a", 0.0), ("b", 0.0), ("c", 0.0), ("b", 0.5), ("c", 0.5), ("c", 1.5)):
        env.process(reader(key, at))  # type: ignore[arg-type]
    env.run()
    assert reasons == {
        "a": [NOT_CACHED],
        "b": [NOT_CACHED, NOT_CACHED],
        "c": [NOT_QUEUED, NOT_QUEUED, NOT_CACHED],
    }
    assert said_by == {("cache", cache)}
    assert [key for _, _, key in origin.asked] == ["a", "b", "c"]


def test_without_a_queue_only_what_is_loaded_at_once_is_loaded() -> None:
    env = Environment()
    cache, origin = cached_origin(env, on_miss=HiddenOrigin(queue=0))
    for key in "ab":
        ask(env, cache, 0.0, key=key)
    env.run()
    assert origin.asked == [(0.0, "get", "a")]


def test_what_has_expired_is_given_meanwhile_if_the_store_has_it() -> None:
    env = Environment()
    cache, origin = cached_origin(env, ttl=4.0, stale_time=10.0, on_miss=HiddenOrigin())
    told = [ask(env, cache, time) for time in (0.0, 6.0, 6.5, 7.5, 60.0)]
    env.run()
    assert told == [(0.0, Rejected), (6.0, "old"), (6.5, "old"), (7.5, "old"), (60.0, Rejected)]
    assert [each.response and each.response.degraded for each in told[1:4]] == [("stale",), ("stale",), ()]
    assert origin.read_times == [0.0, 6.0, 60.0]


def test_a_load_that_fails_is_over_and_a_later_read_begins_another() -> None:
    env = Environment()
    cache, origin = cached_origin(env, on_miss=HiddenOrigin())
    origin.fails.append(FAILED)
    told = [ask(env, cache, time) for time in (0.0, 1.5, 3.0)]
    ask(env, cache, 0.5, key="b")
    env.run()
    assert told == [(0.0, Rejected), (1.5, Rejected), (3.0, Rejected)]
    assert origin.asked == [(0.0, "get", "a"), (1.0, "get", "b"), (2.0, "get", "a")]
    assert "a" in cache.store


def test_who_asks_again_gets_it() -> None:
    env = Environment()
    cache, origin = cached_origin(env, on_miss=HiddenOrigin())
    told = ask(env, Retry(env, cache, attempts=5, backoff=ConstantBackoff(delay=0.75)), 0.0)
    env.run()
    assert told == (1.5, "old")
    assert origin.read_times == [0.0]


def test_a_write_goes_to_the_origin_and_voids_the_load() -> None:
    env = Environment()
    cache, origin = cached_origin(env, on_miss=HiddenOrigin(concurrency=2))
    origin.read_time, origin.write_time = 4.0, 1.0
    ask(env, cache, 0.0)
    ask(env, cache, 2.5, "write", value="new")  # done at 3.5; the load has read at 2
    told = [ask(env, cache, time) for time in (3.75, 4.5, 8.0)]
    env.run()
    assert told == [(3.75, Rejected), (4.5, Rejected), (8.0, "new")]
    assert origin.read_times == [0.0, 3.75]


def test_a_key_that_has_come_otherwise_is_not_loaded_when_it_is_its_turn() -> None:
    env = Environment()
    cache, origin = cached_origin(env, on_miss=HiddenOrigin(), writes=WriteThrough())
    origin.write_time = 0.25
    ask(env, cache, 0.0, key="b")
    ask(env, cache, 0.0)
    ask(env, cache, 0.0, key="c")
    ask(env, cache, 0.5, "write", value="new")
    told = ask(env, cache, 5.0)
    env.run()
    assert told == (5.0, "new")
    assert origin.asked == [(0.0, "get", "b"), (0.5, "write", "a"), (1.0, "get", "c")]


def test_a_key_that_another_rule_loads_is_not_queued() -> None:
    env = Environment()
    cache, origin = cached_origin(env, ttl=4.0, on_miss=HiddenOrigin(), renewal=RefreshAhead(0.5))
    ask(env, cache, 0.0)
    env.run(until=2.0)
    origin.read_time = 3.0
    told = [ask(env, cache, time) for time in (4.0, 5.5, 7.5)]  # expires at 5, is back at 7
    env.run()
    assert told == [(4.0, "old"), (5.5, Rejected), (7.5, "old")]
    assert origin.read_times == [0.0, 4.0]


def test_another_rule_may_load_as_it_does_with_a_limit_and_without_waiting() -> None:
    env = Environment(seed=1)
    rule = HiddenOrigin(concurrency=1)
    cache, origin = cached_origin(env, on_miss=rule, renewal=EarlyExpiry(1e9, rule))
    told = [ask(env, cache, time) for time in (0.0, 2.0, 2.5, 3.5)]
    env.run()
    assert told == [(0.0, Rejected), (2.0, "old"), (2.5, "old"), (3.5, "old")]
    assert origin.read_times == [0.0, 2.0, 3.5]


@pytest.mark.parametrize("restarts_at", [0.5, 3.0])
def test_a_crash_takes_the_loads_and_the_queue_with_it(restarts_at: float) -> None:
    env = Environment()
    client = client_of_origin(env, on_miss=HiddenOrigin(concurrency=2))
    for key in "abcdef":
        ask(env, client.cache, 0.0, key=key)
    env.call_later(0.5, client.web.crash)
    env.call_later(restarts_at, client.web.restart)
    env.run(until=4.0)
    assert [key for _, _, key in client.origin.asked] == ["a", "b"]
    assert not client.web.running
    for key in "cdcd":
        ask(env, client.cache, 5.0, key=key)
    told = [ask(env, client.cache, 6.5, key=key) for key in "cd"]
    env.run()
    assert client.origin.read_times[2:] == pytest.approx([5.0 + ONE_WAY] * 2)
    assert told == [(6.5, None)] * 2


def test_a_process_that_crashes_and_starts_at_one_instant_begins_with_an_empty_queue() -> None:
    env = Environment()
    client = client_of_origin(env, on_miss=HiddenOrigin())
    for key in "abc":
        ask(env, client.cache, 0.0, key=key)

    def crash_and_start() -> None:
        client.web.crash_process(client.cache.home)
        client.web.restart_process(client.cache.home)

    env.call_later(0.5, crash_and_start)
    ask(env, client.cache, 0.75, key="d")
    env.run()
    assert [key for _, _, key in client.origin.asked] == ["a", "d"]


def test_a_process_that_is_told_to_stop_ends_with_the_load_under_way() -> None:
    env = Environment()
    web = Host(env, "web")
    origin = Origin(env, host=web)
    cache = Cache(env, origin, CacheStore(env, Lru(10)), on_miss=HiddenOrigin())
    instance = Instance(env, web, Dependency(cache), name="shop")
    cache.live_in(instance)
    for key in "abc":
        ask(env, cache, 0.0, key=key)
    env.call_later(0.5, instance.stop)
    env.run(until=1.5)
    assert instance.has_stopped
    assert origin.asked == [(0.0, "get", "a")]


def test_around_an_instance_it_lives_in_that_and_is_reached_over_the_network() -> None:
    env = Environment()
    web, server = Host(env, "web"), Host(env, "server")
    network = Network(env, latencies=LocalityLatencies.uniform(ONE_WAY))
    origin = Origin(env, host=server)
    origin.values["a"] = "old"
    shop = Instance(env, server, Dependency(origin), name="shop")
    cache = Cache(env, shop, CacheStore(env, Lru(10)), on_miss=HiddenOrigin())
    told = [ask(env, network.connect(web, cache), time) for time in (0.0, 2.0)]
    env.call_later(3.0, shop.crash)
    env.call_later(4.0, shop.restart)
    told.append(ask(env, network.connect(web, cache), 5.0))
    env.run()
    assert [each.result for each in told] == [Rejected, "old", Rejected]
    assert [each.at for each in told] == pytest.approx([0.02, 2.02, 5.02])


def test_a_failing_handler_behind_it_is_tried_at_the_pace_of_the_loads() -> None:
    env = Environment()
    cache, origin = cached_origin(env, on_miss=HiddenOrigin(concurrency=2))
    origin.fails.extend(ServerError("on purpose") for _ in range(1000))
    for number in range(1000):
        ask(env, cache, number / 100, key=number % 50)
    env.run(until=10.0)
    assert len(origin.asked) == pytest.approx(2 * 10, abs=2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"concurrency": 0}, "concurrency must be a whole number >= 1, got 0"),
        ({"queue": -1}, "queue must be a whole number >= 0 or infinite, got -1"),
        ({"queue": 1.5}, "queue must be a whole number >= 0 or infinite, got 1.5"),
    ],
)
def test_nonsense_is_one_clear_line(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        HiddenOrigin(**settings)  # type: ignore[arg-type]
