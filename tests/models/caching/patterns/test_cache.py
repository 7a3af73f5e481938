"""Cache: what is answered from the store, what is kept, and what is not any more."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

import pytest

from models import FunctionEndpoint, Host, Network, Refused, Request, Response, ServerError, TimedOut
from models.caching.eviction import Lru
from models.caching.patterns import Cache, LoadOnMiss, RefreshAhead, WriteAround
from models.caching.stores import CacheStore
from models.network import LocalityLatencies
from models.replication import scan
from models.replication.scans import AllKeys
from models.resilience import ConstantBackoff, Retry, Timeout
from models.services import Dependency, Instance
from simulator import Environment

from .origin import FAILED, ONE_WAY, Origin, ask, cached_origin, client_of_origin


def test_a_read_that_misses_asks_the_target_and_the_next_one_takes_no_time() -> None:
    env = Environment()
    cache, origin = cached_origin(env, ttl=10.0)
    told = [ask(env, cache, time) for time in (0.0, 1.5, 10.999, 11.0)]
    env.run()
    assert told == [(1.0, "old"), (1.5, "old"), (10.999, "old"), (12.0, "old")]
    assert origin.read_times == [0.0, 11.0]


def test_an_answer_is_as_of_when_the_target_was_asked() -> None:
    env = Environment()
    cache, _ = cached_origin(env)
    told = [ask(env, cache, time) for time in (3.0, 7.0)]
    env.run()
    first, second = (each.response for each in told)
    assert first is not None
    assert second is not None
    assert (first.as_of, second.as_of) == (None, 3.0)
    assert second.size_bytes == 100


def test_what_was_old_already_stays_as_old_as_it_was() -> None:
    env = Environment()
    inner, _ = cached_origin(env)
    outer = Cache(env, inner, CacheStore(env, Lru(10)))
    told = [ask(env, inner, 0.0), ask(env, outer, 5.0), ask(env, outer, 6.0)]
    env.run()
    assert told[1].response is not None
    assert told[2].response is not None
    assert told[1].response.as_of == told[2].response.as_of == 0.0


def test_when_all_is_invalidated_nothing_is_held_and_no_load_under_way_is_kept() -> None:
    env = Environment()
    cache, _ = cached_origin(env)
    restarts: list[float] = []
    cache.on_restart(lambda: restarts.append(env.now))
    told = [ask(env, cache, time, key=key) for time, key in ((0.0, "a"), (4.5, "b"), (6.0, "a"), (7.0, "b"))]
    env.call_later(5.0, cache.invalidate_all)
    env.run()
    assert [each.at for each in told] == [1.0, 5.5, 7.0, 8.0]
    statistics = cache.statistics()
    assert (statistics.void_count, statistics.invalidated_count, restarts) == (1, 1, [])


def test_misses_at_one_time_are_as_many_questions() -> None:
    env = Environment()
    cache, origin = cached_origin(env)
    told = [ask(env, cache, time) for time in (0.0, 0.25, 0.5)]
    env.run()
    assert told == [(1.0, "old"), (1.25, "old"), (1.5, "old")]
    assert len(origin.asked) == 3
    statistics = cache.statistics()
    assert (statistics.load_count, statistics.loaded_count, statistics.loaded_bytes) == (3, 3, 300)


def test_keys_are_apart_and_operations_are_not() -> None:
    env = Environment()
    cache, origin = cached_origin(env)
    origin.values["b"] = "other"
    told = [
        ask(env, cache, 0.0, "get", "a"),
        ask(env, cache, 2.0, "read", "a"),
        ask(env, cache, 4.0, "read", "b"),
    ]
    env.run()
    assert told == [(1.0, "old"), (2.0, "old"), (5.0, "other")]


def test_failures_and_degraded_answers_are_passed_on_and_not_kept() -> None:
    env = Environment()
    cache, origin = cached_origin(env)
    origin.fails.append(FAILED)
    failed = ask(env, cache, 0.0)
    env.run()
    origin.degraded = ("price",)
    degraded = ask(env, cache, 1.0)
    env.run()
    origin.degraded = ()
    full = ask(env, cache, 2.0)
    env.run()
    assert [failed, degraded, full] == [(1.0, ServerError), (2.0, "old"), (3.0, "old")]
    assert degraded.response is not None
    assert degraded.response.degraded == ("price",)
    assert origin.read_times == [0.0, 1.0, 2.0]
    assert cache.statistics().kept_count == 1


def test_a_scan_passes_and_touches_nothing() -> None:
    env = Environment()
    seen = []

    def answer(request: Request) -> Any:
        seen.append(request.operation)
        yield 1.0
        return "all of it"

    cache = Cache(env, FunctionEndpoint(answer), CacheStore(env, Lru(10)))

    def caller() -> Any:
        for _ in range(2):
            yield from cache.call(scan(AllKeys()))

    env.run(env.process(caller()))
    assert seen == ["scan", "scan"]
    assert cache.statistics().passed_count == 2
    assert len(cache.store) == 0


def test_a_load_that_a_write_has_overtaken_is_given_and_not_kept() -> None:
    env = Environment()
    cache, origin = cached_origin(env)
    origin.read_time, origin.write_time = 4.0, 1.0
    origin.values["a"] = "old"
    slow = ask(env, cache, 0.0)  # read at 2, told at 4
    write = ask(env, cache, 2.5, "write", value="new")
    late = ask(env, cache, 5.0)
    env.run()
    assert [slow, write, late] == [(4.0, "old"), (3.5, None), (9.0, "new")]
    assert cache.statistics().void_count == 1


def test_an_invalidation_from_outside_voids_what_is_under_way_as_well() -> None:
    env = Environment()
    cache, _ = cached_origin(env)
    ask(env, cache, 0.0)
    ask(env, cache, 2.0, key="b")
    env.call_later(0.5, cache.invalidate, "a")
    env.call_later(0.5, cache.invalidate, "never asked for")
    env.run()
    assert list(cache.store) == ["b"]
    cache.invalidate("b")
    assert list(cache.store) == []
    assert cache.statistics().invalidated_count == 3


def test_a_load_that_began_after_the_write_was_done_is_kept() -> None:
    env = Environment()
    cache, _ = cached_origin(env)
    ask(env, cache, 0.0, "write", value="new")
    ask(env, cache, 1.1)
    told = ask(env, cache, 2.5)
    env.run()
    assert told == (2.5, "new")


@pytest.mark.parametrize(("kind", "is_kept"), [(ServerError, False), (TimedOut, False), (Refused, True)])
def test_a_write_that_failed_and_may_have_been_done_lets_go_of_the_entry(
    kind: type[Exception], is_kept: bool
) -> None:
    env = Environment()
    cache, origin = cached_origin(env)
    ask(env, cache, 0.0)
    env.run()
    origin.fails.append(kind("on purpose"))  # type: ignore[arg-type] # each is a CallFailed
    assert ask(env, cache, 1.0, "write", value="new").result is None
    env.run()
    assert ("a" in cache.store) is is_kept


def test_a_write_that_was_asked_again_lets_go_of_the_entry_whatever_it_has_failed_of_last() -> None:
    env = Environment()
    origin = Origin(env)
    origin.values["a"] = "old"
    retry = Retry(env, origin, 2, backoff=ConstantBackoff(delay=0.1))
    cache = Cache(env, retry, CacheStore(env, Lru(10)))
    ask(env, cache, 0.0)
    env.run()
    # The first attempt has done it, though nobody knows; the second has not come that far.
    origin.fails = [TimedOut(), Refused()]
    told = ask(env, cache, 2.0, "write", value="new")
    env.run()
    assert told.result is Refused
    assert "a" not in cache.store


def test_a_write_that_was_cut_short_lets_go_of_the_entry() -> None:
    for end in ("cancel", "kill", "timeout"):
        env = Environment()
        cache, _ = cached_origin(env)
        target = Timeout(env, cache, 0.5) if end == "timeout" else cache
        ask(env, cache, 0.0)
        told = ask(env, target, 2.0, "write", value="new")
        assert told.process is not None
        if end != "timeout":
            env.call_later(2.5, getattr(told.process, end))
        env.run()
        assert "a" not in cache.store
        assert told.result == (TimedOut if end == "timeout" else None)


def test_a_read_that_was_cut_short_leaves_nothing_behind() -> None:
    for end in ("cancel", "kill"):
        env = Environment()
        cache, _ = cached_origin(env)
        told = ask(env, cache, 0.0)
        assert told.process is not None
        env.call_later(0.5, getattr(told.process, end))
        later = ask(env, cache, 2.0)
        env.run()
        assert later == (3.0, "old")
        assert not cache._loads  # nothing of it is remembered


def test_a_crash_of_the_host_empties_the_cache_and_a_dead_one_answers_nothing() -> None:
    env = Environment()
    client = client_of_origin(env, ttl=100.0)
    first = ask(env, client.cache, 0.0)
    env.call_later(2.0, client.web.crash)
    while_down = ask(env, client.cache, 3.0)
    env.call_later(4.0, client.web.restart)
    after = ask(env, client.cache, 5.0)
    env.run()
    assert first == (1.0 + 2 * ONE_WAY, "old")
    assert after == (6.0 + 2 * ONE_WAY, "old")
    assert client.origin.read_times == pytest.approx([ONE_WAY, 3.0 + ONE_WAY, 5.0 + ONE_WAY])
    assert while_down.at is not None  # its caller was not on the host, and the network carried it
    assert client.cache.store.statistics().cleared_count == 1


def test_a_load_that_has_outlived_a_crash_is_not_kept() -> None:
    for restarts_at, time in ((0.7, 1.02), (None, 1.02)):
        env = Environment()
        client = client_of_origin(env)
        told = ask(env, client.cache, 0.0)
        env.call_later(0.5, client.web.crash)
        if restarts_at is not None:
            env.call_later(restarts_at, client.web.restart)
        env.run()
        assert told == (time, "old")
        assert len(client.cache.store) == 0
        assert client.cache.statistics().void_count == 1


@pytest.mark.parametrize(("read_time", "stopped_at"), [(4.0, 12.5), (1_000.0, 18.5)])
def test_who_stops_the_process_waits_for_its_refreshes_no_longer_than_the_grace(
    read_time: float, stopped_at: float
) -> None:
    env = Environment()
    web = Host(env, "web")
    origin = Origin(env, host=web)
    cache = Cache(env, origin, CacheStore(env, Lru(10), ttl=10.0), renewal=RefreshAhead(0.5))
    instance = Instance(env, web, Dependency(cache), name="shop")
    cache.live_in(instance)
    ask(env, instance, 0.0)
    env.call_later(2.0, setattr, origin, "read_time", read_time)
    refreshed = ask(env, instance, 8.5)
    env.call_later(8.5 + 1e-9, lambda: instance.stop(grace=10.0))
    env.run()
    assert (refreshed.at, cache.statistics().hit_count) == (8.5, 1)
    assert [(each.time, each.kind) for each in env.event_log if each.kind == "process.stopped"] == [
        (pytest.approx(stopped_at), "process.stopped")
    ]
    assert cache.loading_count == 0


def test_a_cache_that_has_been_called_stays_where_it_is() -> None:
    env = Environment()
    client = client_of_origin(env)
    ask(env, client.cache, 0.0)
    env.run()
    instance = Instance(env, client.web, Dependency(client.cache), name="shop")
    with pytest.raises(ValueError, match=r"must be told where to live before its first call, got 1"):
        client.cache.live_in(instance)
    assert client.cache.home is client.cache.target


def test_a_cache_lives_in_the_process_that_it_is_told_to_live_in() -> None:
    env = Environment()
    web, server = Host(env, "web"), Host(env, "server")
    network = Network(env, latencies=LocalityLatencies.uniform(ONE_WAY))
    origin = Origin(env, host=server)
    cache = Cache(env, network.connect(web, origin), CacheStore(env, Lru(10)))
    instance = Instance(env, web, Dependency(cache), name="shop")
    cache.live_in(instance)
    assert cache.home is instance
    ask(env, instance, 0.0)
    env.run()
    assert len(cache.store) == 1
    instance.crash()
    told = ask(env, cache, 2.0)
    env.run()
    assert told.at == pytest.approx(3.02)  # past the store: the process is down
    instance.restart()
    assert len(cache.store) == 0
    with pytest.raises(ValueError, match="endpoint must be on the host of"):
        cache.live_in(origin)


def test_around_an_instance_it_dies_with_that_instance_s_process() -> None:
    env = Environment()
    server = Host(env, "server")
    instance = Instance(env, server, lambda instance, request: instance.work(1.0), name="shop")
    cache = Cache(env, instance, CacheStore(env, Lru(10)))
    ask(env, cache, 0.0)
    env.run()
    assert len(cache.store) == 1
    instance.crash()
    refused = ask(env, cache, 2.0)
    env.run()
    instance.restart()
    assert refused == (2.0, Refused)
    assert len(cache.store) == 0


def test_a_background_load_asks_for_nobody_and_dies_with_the_cache() -> None:
    env = Environment()
    client = client_of_origin(env)
    cache = client.cache
    process = cache.load_in_background(Request("get", "a", deadline=0.1, idempotency_key="once"))
    env.run()
    assert process.triggered
    assert cache.store.get("a") is not None
    client.origin.fails.append(FAILED)
    cache.load_in_background(Request("get", "b"))
    env.run()  # the failure has ended it, and stopped nothing
    crashed = cache.load_in_background(Request("get", "b"))
    env.call_later(0.5, client.web.crash)
    env.run()
    assert not crashed.is_alive
    statistics = cache.statistics()
    assert (statistics.background_count, statistics.loaded_count, statistics.kept_count) == (3, 1, 1)
    assert not client.web.running


def test_a_background_load_has_neither_the_deadline_nor_the_idempotency_key_of_who_has_caused_it() -> None:
    env = Environment()
    asked: list[Request] = []

    def answer(request: Request) -> Any:
        asked.append(request)
        yield 1.0

    cache = Cache(env, FunctionEndpoint(answer), CacheStore(env, Lru(10)))
    cache.load_in_background(Request("get", "a", size_bytes=7, deadline=0.1, idempotency_key="once"))
    env.run()
    assert asked == [Request("get", "a", size_bytes=7)]


def test_an_instance_that_has_been_told_to_stop_finishes_with_its_memory() -> None:
    env = Environment()
    web = Host(env, "web")
    origin = Origin(env, host=web)
    cache = Cache(env, origin, CacheStore(env, Lru(10)))

    def handle(instance: Instance, request: Request) -> Any:
        yield from cache.call(request)
        yield 2.0
        return (yield from cache.call(request))

    instance = Instance(env, web, handle, name="shop")
    cache.live_in(instance)
    told = ask(env, instance, 0.0)
    env.call_later(2.0, instance.stop)
    env.run()
    assert (told.at, origin.read_times, cache.statistics().hit_count) == (3.0, [0.0], 1)
    assert ask(env, cache, 4.0).at is None
    env.run()
    assert cache.statistics().passed_count == 1  # it has stopped


def test_what_it_says_adds_up() -> None:
    env = Environment()
    cache, _ = cached_origin(env, ttl=3.0)
    for number in range(30):
        ask(
            env,
            cache,
            number * 0.7,
            "write" if number % 7 == 6 else "get",
            key="ab"[number % 2],
            value=number if number % 7 == 6 else None,
        )
    env.run()
    statistics = cache.statistics()
    reads = statistics.hit_count + statistics.miss_count
    assert statistics.call_count == reads + statistics.write_count + statistics.passed_count == 30
    assert statistics.load_count == statistics.miss_count == statistics.loaded_count
    assert statistics.loaded_count == statistics.kept_count + statistics.void_count
    assert min(statistics.hit_count, statistics.miss_count, statistics.write_count) > 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"store": Lru(3)}, "store must be a CacheStore"),
        ({"on_miss": WriteAround()}, "on_miss must be a MissRule"),
        ({"writes": LoadOnMiss()}, "writes must be a WriteRule"),
        ({"renewal": LoadOnMiss()}, "renewal must be a RenewalRule"),
        ({"reads": "get"}, "reads must be a list, each a str, got 'get' alone"),
        ({"target": "origin"}, "target must be an Endpoint"),
    ],
)
def test_nonsense_is_one_clear_line(settings: dict[str, Any], message: str) -> None:
    env = Environment()
    arguments = {"target": Origin(env), "store": CacheStore(env, Lru(3), ttl=inf), **settings}
    make: Callable[..., Cache] = Cache
    with pytest.raises(TypeError, match=message):
        make(env, **arguments)


def test_a_hit_is_the_very_answer_that_was_kept() -> None:
    env = Environment()
    cache, _ = cached_origin(env)
    told = [ask(env, cache, time) for time in (0.0, 2.0, 3.0)]
    env.run()
    assert told[1].response is told[2].response
    assert isinstance(told[1].response, Response)


def test_a_load_that_another_has_overtaken_is_not_kept_over_its_answer() -> None:
    env = Environment()
    cache, origin = cached_origin(env, ttl=10.0)
    origin.read_time = 8.0
    slow = ask(env, cache, 0.0)
    env.call_later(4.5, setattr, origin, "read_time", 1.0)
    env.call_later(4.5, origin.values.update, {"a": "new"})
    quick = ask(env, cache, 5.0)
    late = [ask(env, cache, time) for time in (9.0, 15.5, 16.5)]
    env.run()
    assert [slow, quick] == [(8.0, "old"), (6.0, "new")]
    assert late == [(9.0, "new"), (15.5, "new"), (17.5, "new")]
    assert cache.statistics().void_count == 1
