"""Stale answers: given while they are loaded anew, or because that has failed, and marked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from models import CallFailed, Refused, ServerError, TimedOut
from models.caching.eviction import Lru
from models.caching.patterns import Cache, Coalescing, StaleIfError, StaleWhileRevalidate
from models.caching.stores import CacheStore
from models.resilience import Timeout
from simulator import Environment

from .origin import FAILED, ONE_WAY, Told, ask, cached_origin, client_of_origin


def is_stale(told: Told) -> bool:
    """Whether it says that it is stale, and how old."""
    return told.response is not None and told.response.degraded == ("stale",)


# -- while revalidate ----------------------------------------------------------------------------------------


def test_what_has_expired_is_given_at_once_and_loaded_for_the_next() -> None:
    env = Environment()
    cache, origin = cached_origin(env, ttl=4.0, stale_time=10.0, on_miss=StaleWhileRevalidate())
    told = [ask(env, cache, time) for time in (0.0, 5.0, 5.5, 6.5)]  # kept at 1, until 5
    env.run(until=4.0)
    origin.values["a"] = "new"
    env.run()
    assert told == [(1.0, "old"), (5.0, "old"), (5.5, "old"), (6.5, "new")]
    assert [is_stale(each) for each in told] == [False, True, True, False]
    assert told[1].response is not None
    assert told[1].response.as_of == 0.0
    assert origin.read_times == [0.0, 5.0]


def test_what_has_expired_too_long_ago_or_was_never_there_is_waited_for() -> None:
    env = Environment()
    cache, origin = cached_origin(env, ttl=4.0, stale_time=10.0, on_miss=StaleWhileRevalidate(within=2.0))
    told = [ask(env, cache, time) for time in (0.0, 7.0)]
    env.run()
    assert told == [(1.0, "old"), (8.0, "old")]
    assert not is_stale(told[1])
    assert origin.read_times == [0.0, 7.0]


def test_a_background_load_that_fails_leaves_what_is_stale_for_the_next() -> None:
    env = Environment()
    cache, origin = cached_origin(env, ttl=4.0, stale_time=10.0, on_miss=StaleWhileRevalidate())
    told = [ask(env, cache, time) for time in (0.0, 5.0, 7.0, 8.5)]
    env.run(until=4.0)
    origin.fails.append(FAILED)
    env.run()
    assert told == [(1.0, "old"), (5.0, "old"), (7.0, "old"), (8.5, "old")]
    assert [is_stale(each) for each in told] == [False, True, True, False]
    assert origin.read_times == [0.0, 5.0, 7.0]


def test_what_was_invalidated_is_gone_and_not_given() -> None:
    env = Environment()
    cache, _ = cached_origin(env, ttl=4.0, stale_time=10.0, on_miss=StaleWhileRevalidate())
    ask(env, cache, 0.0)
    ask(env, cache, 5.5, "write", value="new")
    told = ask(env, cache, 7.0)
    env.run()
    assert told == (8.0, "new")


def test_a_cache_further_out_does_not_keep_what_is_stale() -> None:
    env = Environment()
    inner, _ = cached_origin(env, ttl=4.0, stale_time=10.0, on_miss=StaleWhileRevalidate())
    outer = Cache(env, inner, CacheStore(env, Lru(3), ttl=100.0))
    ask(env, inner, 0.0)
    told = [ask(env, outer, time) for time in (5.0, 6.5, 7.0)]
    env.run()
    assert [is_stale(each) for each in told] == [True, False, False]
    assert outer.store.statistics().set_count == 1


def test_a_background_load_dies_with_the_cache() -> None:
    env = Environment()
    client = client_of_origin(env)
    store = CacheStore(env, Lru(3), ttl=4.0, stale_time=10.0)
    cache = Cache(env, client.cache.target, store, on_miss=StaleWhileRevalidate())
    told = [ask(env, cache, time) for time in (0.0, 6.0, 7.0)]
    env.call_later(6.25, client.web.crash)
    env.call_later(6.5, client.web.restart)
    env.run()
    assert told == [(1.02, "old"), (6.0, "old"), (8.02, "old")]
    assert not is_stale(told[2])
    assert not client.web.running


# -- if error ------------------------------------------------------------------------------------------------


def test_what_has_expired_is_given_where_the_target_fails() -> None:
    env = Environment()
    cache, origin = cached_origin(env, ttl=4.0, stale_time=10.0, on_miss=StaleIfError())
    told = [ask(env, cache, time) for time in (0.0, 6.0, 8.0, 10.0)]
    env.run(until=4.0)
    origin.fails.append(FAILED)
    env.run()
    assert told == [(1.0, "old"), (7.0, "old"), (9.0, "old"), (10.0, "old")]
    assert [is_stale(each) for each in told] == [False, True, False, False]
    assert told[1].response is not None
    assert told[1].response.as_of == 0.0
    assert origin.read_times == [0.0, 6.0, 8.0]


def test_it_is_given_only_for_so_long_counted_when_it_is_given() -> None:
    env = Environment()
    cache, origin = cached_origin(env, ttl=4.0, stale_time=10.0, on_miss=StaleIfError(within=3.0))
    told = [ask(env, cache, time) for time in (0.0, 6.5, 7.0)]  # kept at 1, until 5
    env.run(until=4.0)
    origin.fails.extend([FAILED] * 2)
    env.run()
    assert told == [(1.0, "old"), (7.5, "old"), (8.0, ServerError)]


@pytest.mark.parametrize(("kind", "is_told"), [(TimedOut, True), (Refused, True), (ServerError, False)])
def test_only_the_failures_that_are_named_count(kind: type[CallFailed], is_told: bool) -> None:
    env = Environment()
    rule = StaleIfError(on=(TimedOut, Refused))
    cache, origin = cached_origin(env, ttl=4.0, stale_time=10.0, on_miss=rule)
    ask(env, cache, 0.0)
    env.run()
    origin.fails.append(kind("on purpose"))
    told = ask(env, cache, 6.0)
    env.run()
    assert told == (7.0, "old" if is_told else kind)


def test_a_timeout_inside_is_how_long_one_waits_and_one_outside_gets_nothing() -> None:
    env = Environment()
    _, origin = cached_origin(env)
    store = CacheStore(env, Lru(3), ttl=4.0, stale_time=60.0)
    cache = Cache(env, Timeout(env, origin, 1.5), store, on_miss=StaleIfError())
    hasty = Timeout(env, cache, 0.5)
    ask(env, cache, 0.0)
    env.run()
    origin.read_time = 10.0
    told = [ask(env, cache, 6.0), ask(env, hasty, 6.0)]
    env.run()
    assert told == [(7.5, "old"), (6.5, TimedOut)]


def test_a_crash_leaves_nothing_that_could_be_given() -> None:
    env = Environment()
    client = client_of_origin(env)
    store = CacheStore(env, Lru(3), ttl=4.0, stale_time=60.0)
    cache = Cache(env, client.cache.target, store, on_miss=StaleIfError())
    ask(env, cache, 0.0)
    told = ask(env, cache, 6.0)  # its caller is not on the host, and hears of the failure
    env.call_later(6.1, client.web.crash)
    env.call_later(6.2, client.web.restart)
    env.run(until=5.0)
    client.origin.fails.append(FAILED)
    env.run()
    assert told == (7.0 + 2 * ONE_WAY, ServerError)


def test_what_another_load_has_brought_meanwhile_is_fresh_and_not_stale() -> None:
    env = Environment()
    cache, origin = cached_origin(env, ttl=4.0, stale_time=60.0, on_miss=StaleIfError())
    told = [ask(env, cache, time) for time in (0.0, 6.0, 6.5)]
    env.run(until=5.5)
    origin.read_time = 4.0
    env.run(until=6.25)
    origin.read_time = 1.0
    origin.values["a"] = "new"
    env.run(until=8.0)
    origin.fails.append(FAILED)
    env.run()
    assert told == [(1.0, "old"), (10.0, "new"), (7.5, "new")]
    assert not is_stale(told[1])


# -- both ----------------------------------------------------------------------------------------------------


def test_they_nest_and_each_has_its_time() -> None:
    env = Environment()
    rule = StaleWhileRevalidate(within=2.0, loading=StaleIfError(within=20.0, loading=Coalescing()))
    cache, origin = cached_origin(env, ttl=4.0, stale_time=60.0, on_miss=rule)
    told = [ask(env, cache, time) for time in (0.0, 6.0, 10.0, 10.5, 40.0)]
    env.run(until=4.0)
    origin.fails.extend([FAILED] * 3)
    env.run()
    assert told == [(1.0, "old"), (6.0, "old"), (11.0, "old"), (11.0, "old"), (41.0, ServerError)]
    assert [is_stale(each) for each in told] == [False, True, True, True, False]
    assert origin.read_times == [0.0, 6.0, 10.0, 40.0]


@pytest.mark.parametrize("rule", [StaleIfError, StaleWhileRevalidate])
def test_a_store_that_keeps_nothing_stale_is_misuse(rule: Any) -> None:
    env = Environment()
    with pytest.raises(ValueError, match=f"stale_time of the store must be > 0 s for {rule.__name__}, got 0"):
        cached_origin(env, on_miss=rule())


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: StaleIfError(within=0.0), ValueError, "within must be > 0 s, got 0"),
        (lambda: StaleWhileRevalidate(within=-1.0), ValueError, "within must be > 0 s, got -1"),
        (lambda: StaleIfError(on=(KeyError,)), TypeError, "each of on must be a CallFailed class, got"),  # type: ignore[arg-type]
        (lambda: StaleIfError(on=ServerError), TypeError, "on must be a list, each a type, got"),  # type: ignore[arg-type]
        (lambda: StaleIfError(on=()), ValueError, "on must name at least one class, got none"),
        (lambda: StaleIfError(loading=3), TypeError, "loading must be a MissRule, got 3"),  # type: ignore[arg-type]
    ],
)
def test_nonsense_is_one_clear_line(make: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
