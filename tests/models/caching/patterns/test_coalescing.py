"""Coalescing: one question for all who miss a key at one time, whatever becomes of each of them."""

from __future__ import annotations

from contextlib import suppress
from traceback import walk_tb
from typing import Any

import pytest

from models import FunctionEndpoint, Request, Response, ServerError, TimedOut
from models.caching.eviction import Lru
from models.caching.patterns import (
    Cache,
    Coalescing,
    EarlyExpiry,
    LoadOnMiss,
    RefreshAhead,
    StaleIfError,
    WriteThrough,
)
from models.caching.stores import CacheStore
from models.resilience import Timeout
from models.resilience.deadlines import Deadline, HonourDeadline
from models.services import Dependency, Instance
from simulator import Environment

from .origin import FAILED, ONE_WAY, ask, cached_origin, client_of_origin


def test_reads_that_miss_at_one_time_are_one_question() -> None:
    env = Environment()
    cache, origin = cached_origin(env, on_miss=Coalescing())
    told = [ask(env, cache, time) for time in (0.0, 0.0, 0.25, 0.999)]
    other = ask(env, cache, 0.5, key="b")
    env.run()
    assert told == [(1.0, "old")] * 4
    assert other == (1.5, None)
    assert origin.asked == [(0.0, "get", "a"), (0.5, "get", "b")]
    statistics = cache.statistics()
    assert (statistics.miss_count, statistics.load_count, statistics.joined_count) == (5, 2, 3)
    assert (statistics.loaded_count, statistics.kept_count, statistics.background_count) == (2, 2, 2)


def test_who_began_has_the_origin_s_answer_and_who_joined_one_that_is_as_of_the_question() -> None:
    env = Environment()
    cache, _ = cached_origin(env, on_miss=Coalescing())
    told = [ask(env, cache, time) for time in (2.0, 2.5, 9.0)]
    env.run()
    assert [each.response and each.response.as_of for each in told] == [None, 2.0, 2.0]
    entry = cache.store.stale("a")
    assert entry is not None
    assert (entry.stored_at, entry.load_time) == (3.0, 1.0)


def test_a_caller_that_gives_up_leaves_the_question_to_the_others() -> None:
    for end in ("cancel", "kill"):
        env = Environment()
        cache, origin = cached_origin(env, on_miss=Coalescing())
        first, second = ask(env, cache, 0.0), ask(env, cache, 0.25)
        assert first.process is not None
        env.call_later(0.5, getattr(first.process, end))
        env.run()
        assert first.at is None
        assert second == (1.0, "old")
        assert origin.read_times == [0.0]


def test_the_entry_comes_although_all_have_given_up() -> None:
    """Else callers less patient than the origin is slow would ask for ever, and never be told anything."""
    env = Environment()
    cache, origin = cached_origin(env, on_miss=Coalescing())
    impatient = Timeout(env, cache, 0.75)
    told = [ask(env, impatient, time) for time in (0.0, 0.125, 1.25)]
    env.run()
    assert told == [(0.75, TimedOut), (0.875, TimedOut), (1.25, "old")]
    assert origin.read_times == [0.0]


def test_a_timeout_inside_ends_the_question_for_all() -> None:
    env = Environment()
    _, origin = cached_origin(env)
    cache = Cache(env, Timeout(env, origin, 0.5), CacheStore(env, Lru(3)), on_miss=Coalescing())
    told = [ask(env, cache, time) for time in (0.0, 0.25, 0.5, 0.75)]
    env.run()
    assert told == [(0.5, TimedOut), (0.5, TimedOut), (0.5, TimedOut), (1.25, TimedOut)]
    assert origin.read_times == [0.0, 0.75]


def test_the_deadline_of_one_is_not_that_of_the_others() -> None:
    env = Environment()
    _, origin = cached_origin(env)
    shared = Cache(env, HonourDeadline(env, origin), CacheStore(env, Lru(3)), on_miss=Coalescing())
    hurried = ask(env, Deadline(env, shared, 0.25), 0.0)
    patient = ask(env, shared, 0.125)
    env.run()
    assert [hurried, patient] == [(0.25, TimedOut), (1.0, "old")]
    assert origin.read_times == [0.0]


def test_the_question_has_the_idempotency_key_of_who_began_it() -> None:
    """His retry is the same request; what joins it is none that a server could tell apart."""
    env = Environment()
    seen: list[str | None] = []

    def answer(request: Request) -> Any:
        seen.append(request.idempotency_key)
        yield 1.0
        raise FAILED

    cache = Cache(env, FunctionEndpoint(answer), CacheStore(env, Lru(3)), on_miss=Coalescing())

    def reader(key: str, at: float) -> Any:
        yield at
        for _ in range(2):
            with suppress(ServerError):
                yield from cache.call(Request("get", "a", idempotency_key=key))

    env.process(reader("first", 0.0))
    env.process(reader("second", 0.5))
    env.run()
    assert seen == ["first", "first"]


def test_a_failure_is_told_to_all_and_the_next_read_asks_again() -> None:
    env = Environment()
    cache, origin = cached_origin(env, on_miss=Coalescing())
    origin.fails.append(FAILED)
    told = [ask(env, cache, time) for time in (0.0, 0.25, 0.5, 1.5)]
    env.run()
    assert told == [(1.0, ServerError)] * 3 + [(2.5, "old")]
    assert origin.read_times == [0.0, 1.5]


def test_a_failure_that_many_are_told_of_does_not_hold_what_all_of_them_were_doing() -> None:
    depths = []
    for count in (2, 20):
        env = Environment()
        cache, origin = cached_origin(env, on_miss=Coalescing())
        failure = ServerError("on purpose")
        origin.fails.append(failure)
        for _ in range(count):
            ask(env, cache, 0.0)
        env.run()
        depths.append(len(list(walk_tb(failure.__traceback__))))
    assert depths[0] == depths[1] > 0


def test_an_answer_that_is_not_kept_is_shared_all_the_same() -> None:
    """And its key is not served one caller after the other, as by a cache that lets only one ask."""
    env = Environment()
    cache, origin = cached_origin(env, on_miss=Coalescing())
    origin.degraded = ("price",)
    told = [ask(env, cache, time) for time in (0.0, 0.25, 0.5, 1.5, 1.75)]
    env.run()
    assert told == [(1.0, "old")] * 3 + [(2.5, "old")] * 2
    assert all(each.response is not None and each.response.degraded == ("price",) for each in told)
    assert (origin.read_times, len(cache.store)) == ([0.0, 1.5], 0)


@pytest.mark.parametrize("by", ["write", "invalidation"])
def test_who_reads_after_a_change_does_not_join_a_question_from_before(by: str) -> None:
    env = Environment()
    cache, origin = cached_origin(env, on_miss=Coalescing())
    origin.read_time, origin.write_time = 4.0, 1.0
    before = [ask(env, cache, time) for time in (0.0, 2.5)]  # read at 2, told at 4
    if by == "write":
        ask(env, cache, 2.0, "write", value="new")
    else:
        env.call_later(2.75, origin.values.update, {"a": "new"})
        env.call_later(3.0, cache.invalidate, "a")
    after = [ask(env, cache, time) for time in (3.0625, 3.5, 7.5)]
    env.run()
    assert before == [(4.0, "old")] * 2
    assert after == [(7.0625, "new"), (7.0625, "new"), (7.5, "new")]
    assert origin.read_times == [0.0, 3.0625]
    assert cache.statistics().void_count == 1


def test_a_write_through_is_read_by_those_who_come_after_it() -> None:
    env = Environment()
    cache, origin = cached_origin(env, on_miss=Coalescing(), writes=WriteThrough())
    origin.read_time = 4.0
    ask(env, cache, 0.0)
    ask(env, cache, 1.0, "write", value="new")
    told = [ask(env, cache, 2.125), ask(env, cache, 5.0)]
    env.run()
    assert told == [(2.125, "new"), (5.0, "new")]
    assert origin.read_times == [0.0]


def test_a_load_that_another_rule_has_begun_is_joined() -> None:
    """One in the background, near the end of the entry; and one in the process of a reader."""
    env = Environment()
    cache, origin = cached_origin(env, ttl=4.0, on_miss=Coalescing(), renewal=RefreshAhead(0.75))
    told = [ask(env, cache, time) for time in (0.0, 4.5, 5.25)]
    env.run(until=2.0)
    origin.read_time = 2.0
    env.run()
    assert told == [(1.0, "old"), (4.5, "old"), (6.5, "old")]
    assert origin.read_times == [0.0, 4.5]


def test_a_load_in_a_reader_s_own_process_that_is_cut_short_is_begun_anew_by_one_of_those_who_wait() -> None:
    for end in ("cancel", "kill"):
        env = Environment(seed=1)
        cache, origin = cached_origin(
            env, ttl=4.0, on_miss=Coalescing(), renewal=EarlyExpiry(1e9)
        )  # each hit loads anew
        ask(env, cache, 0.0)
        early = ask(env, cache, 4.5)
        assert early.process is not None
        late = [ask(env, cache, time) for time in (5.125, 5.25)]
        env.call_later(5.375, getattr(early.process, end))
        env.run()
        assert early.at is None
        assert late == [(6.375, "old")] * 2
        assert origin.read_times == [0.0, 4.5, 5.375]


def test_a_question_that_is_too_old_is_joined_no_more() -> None:
    env = Environment()
    cache, origin = cached_origin(env, on_miss=Coalescing(age_max=2.0))
    origin.read_time = 10.0
    told = [ask(env, cache, time) for time in (0.0, 1.5)]
    env.run(until=2.0)
    origin.read_time = 1.0
    told += [ask(env, cache, time) for time in (2.0, 2.5)]
    env.run()
    assert told == [(10.0, "old"), (10.0, "old"), (3.0, "old"), (3.0, "old")]
    assert origin.read_times == [0.0, 2.0]


def test_it_joins_within_another_rule() -> None:
    env = Environment()
    cache, origin = cached_origin(env, ttl=2.0, stale_time=60.0, on_miss=StaleIfError(loading=Coalescing()))
    ask(env, cache, 0.0)
    told = [ask(env, cache, time) for time in (5.0, 5.5)]
    env.run(until=4.0)
    origin.fails.append(FAILED)
    env.run()
    assert told == [(6.0, "old")] * 2
    assert [each.response and each.response.degraded for each in told] == [("stale",)] * 2
    assert origin.read_times == [0.0, 5.0]


def test_a_crash_of_the_host_takes_the_question_with_it_and_nobody_is_answered() -> None:
    env = Environment()
    client = client_of_origin(env, on_miss=Coalescing())
    told = [ask(env, client.cache, time) for time in (0.0, 0.25)]
    for each in told:
        assert each.process is not None
        client.web.bind(each.process)
    env.call_later(0.5, client.web.crash)
    env.call_later(0.75, client.web.restart)
    after = ask(env, client.cache, 0.8)
    env.run()
    assert [each.at for each in told] == [None, None]
    assert after == (0.8 + 1.0 + 2 * ONE_WAY, "old")
    assert client.cache.statistics().load_count == 2
    assert not client.web.running
    assert not client.cache._loads


@pytest.mark.parametrize("restarts_at", [None, 0.75])
def test_who_has_outlived_the_crash_asks_the_target_himself_while_the_cache_is_down(
    restarts_at: float | None,
) -> None:
    """Callers that run nowhere in particular, and so are not killed."""
    env = Environment()
    client = client_of_origin(env, on_miss=Coalescing())
    told = [ask(env, client.cache, time) for time in (0.0, 0.25)]
    env.call_later(0.5, client.web.crash)
    if restarts_at is not None:
        env.call_later(restarts_at, client.web.restart)
    env.run()
    assert told == [(0.5 + 1.0 + 2 * ONE_WAY, "old")] * 2
    assert len(client.origin.asked) == 3
    assert len(client.cache.store) == 0


def test_who_has_outlived_the_crash_joins_the_others_where_the_cache_is_up_again_at_once() -> None:
    env = Environment()
    client = client_of_origin(env, on_miss=Coalescing())
    cache = client.cache
    told = [ask(env, cache, time) for time in (0.0, 0.25)]
    env.call_later(0.5, client.web.crash_process, cache.home)
    env.call_later(0.5, client.web.restart_process, cache.home)
    env.run()
    assert told == [(0.5 + 1.0 + 2 * ONE_WAY, "old")] * 2
    assert len(client.origin.asked) == 2
    assert len(cache.store) == 1


def test_who_waits_for_a_load_that_never_began_is_told_of_its_end() -> None:
    """It is killed at the very instant at which a reader has begun it, before it could do anything."""
    env = Environment()
    client = client_of_origin(env, on_miss=Coalescing())

    def crash() -> Any:
        client.web.crash()
        yield from ()

    def reader() -> Any:
        env.process(crash())  # starts before the load, which is made later
        told.append((yield from client.cache.call(Request("get", "a"))))

    told: list[Response] = []
    env.process(reader())
    env.run()
    assert (told[0].value, client.origin.asked) == ("old", [(ONE_WAY, "get", "a")])
    assert not client.cache._loads


def test_a_crash_of_the_instance_whose_memory_it_is_in_is_the_end_of_all_its_loads() -> None:
    env = Environment()
    client = client_of_origin(env, on_miss=Coalescing())
    shop = Instance(env, client.web, Dependency(client.cache), name="shop")
    client.cache.live_in(shop)
    told = [ask(env, client.network.connect(client.server, shop), time) for time in (0.0, 0.25)]
    env.call_later(0.5, shop.crash)
    env.run()
    assert [each.at for each in told] == [pytest.approx(0.51)] * 2  # the connections are reset
    assert not client.web.running
    shop.restart()
    again = ask(env, client.network.connect(client.server, shop), 2.0)
    env.run()
    assert again == (pytest.approx(2.0 + 1.0 + 4 * ONE_WAY), "old")
    statistics = client.cache.statistics()
    assert (statistics.load_count, statistics.loaded_count, statistics.kept_count) == (2, 1, 1)


def test_an_instance_may_be_behind_it() -> None:
    env = Environment()
    asked: list[float] = []

    def answer(request: Request) -> Any:
        asked.append(env.now)
        yield 1.0
        return Response(request.key)

    cache = Cache(env, FunctionEndpoint(answer), CacheStore(env, Lru(3)), on_miss=Coalescing())
    told = [ask(env, cache, 0.0) for _ in range(100)]
    env.run()
    assert told == [(1.0, "a")] * 100
    assert asked == [0.0]


def test_nonsense_is_one_clear_line() -> None:
    with pytest.raises(ValueError, match=r"age_max must be > 0 s, got 0"):
        Coalescing(age_max=0.0)
    assert isinstance(LoadOnMiss(), type(EarlyExpiry().loading))
