"""Refresh-ahead: loaded in the background before it expires, for those who ask in time."""

from __future__ import annotations

import pytest

from models.caching.patterns import RefreshAhead
from simulator import Environment

from .origin import FAILED, ONE_WAY, ask, cached_origin, client_of_origin


def test_a_read_near_the_end_is_answered_at_once_and_the_entry_loaded_for_the_next() -> None:
    env = Environment()
    cache, origin = cached_origin(env, renewal=RefreshAhead(0.75))  # kept at 1, until 11
    told = [ask(env, cache, time) for time in (0.0, 8.375, 8.5, 9.0, 9.75, 12.0, 19.25)]
    env.run(until=8.4)
    origin.values["a"] = "new"
    env.run()
    assert told == [
        (1.0, "old"),
        (8.375, "old"),
        (8.5, "old"),
        (9.0, "old"),
        (9.75, "new"),
        (12.0, "new"),
        (19.25, "new"),
    ]
    assert origin.read_times == [0.0, 8.5, 19.25]
    statistics = cache.statistics()
    assert (statistics.hit_count, statistics.background_count) == (6, 2)


def test_one_load_of_a_key_at_a_time_whoever_has_begun_it() -> None:
    env = Environment()
    cache, origin = cached_origin(env, ttl=4.0, renewal=RefreshAhead(0.5))  # kept at 1, until 5
    origin.values["b"] = "other"
    ask(env, cache, 0.0)
    ask(env, cache, 0.0, key="b")
    env.run(until=2.0)
    origin.read_time = 5.0
    told = [ask(env, cache, time) for time in (3.0, 3.5, 4.0)]
    told += [ask(env, cache, 4.5, key="b")]
    env.run()
    assert told == [(3.0, "old"), (3.5, "old"), (4.0, "old"), (4.5, "other")]
    assert origin.asked[2:] == [(3.0, "get", "a"), (4.5, "get", "b")]


def test_what_nobody_asks_for_expires() -> None:
    env = Environment()
    cache, origin = cached_origin(env, ttl=4.0, renewal=RefreshAhead(0.5))
    told = [ask(env, cache, time) for time in (0.0, 2.5, 5.0)]
    env.run()
    assert told == [(1.0, "old"), (2.5, "old"), (6.0, "old")]
    assert origin.read_times == [0.0, 5.0]


def test_a_refresh_that_fails_is_nobody_s_and_the_next_read_tries_again() -> None:
    env = Environment()
    cache, origin = cached_origin(env, ttl=4.0, renewal=RefreshAhead(0.5))
    ask(env, cache, 0.0)
    told = [ask(env, cache, time) for time in (3.0, 3.5, 4.25, 5.5)]
    env.run(until=2.0)
    origin.fails.append(FAILED)
    env.run()
    assert told == [(3.0, "old"), (3.5, "old"), (4.25, "old"), (5.5, "old")]
    assert origin.read_times == [0.0, 3.0, 4.25]


def test_a_refresh_that_a_write_has_overtaken_is_not_kept() -> None:
    env = Environment()
    cache, origin = cached_origin(env, ttl=8.0, renewal=RefreshAhead(0.5))  # kept at 1, until 9
    ask(env, cache, 0.0)
    env.run(until=2.0)
    origin.read_time = 4.0
    told = [ask(env, cache, 6.0), ask(env, cache, 11.0)]  # the refresh reads at 8, and is back at 10
    ask(env, cache, 8.25, "write", value="new")
    env.run()
    assert told == [(6.0, "old"), (15.0, "new")]
    assert cache.statistics().void_count == 1


def test_an_entry_that_never_expires_is_never_refreshed() -> None:
    env = Environment()
    cache, origin = cached_origin(env, ttl=float("inf"), renewal=RefreshAhead(0.5))
    told = [ask(env, cache, time) for time in (0.0, 1e9)]
    env.run()
    assert told[1] == (1e9, "old")
    assert len(origin.asked) == 1


def test_a_refresh_dies_with_the_cache_and_the_next_life_refreshes_again() -> None:
    env = Environment()
    client = client_of_origin(env, ttl=4.0, renewal=RefreshAhead(0.5))
    ask(env, client.cache, 0.0)
    ask(env, client.cache, 3.5)
    env.call_later(3.75, client.web.crash)
    env.call_later(4.0, client.web.restart)
    told = [ask(env, client.cache, time) for time in (5.0, 8.5, 9.75)]
    env.run()
    assert told == [(6.0 + 2 * ONE_WAY, "old"), (8.5, "old"), (9.75, "old")]
    assert client.origin.read_times == pytest.approx([time + ONE_WAY for time in (0.0, 3.5, 5.0, 8.5)])
    assert not client.web.running


@pytest.mark.parametrize("factor", [0.0, 1.0, -1.0, float("nan")])
def test_nonsense_is_one_clear_line(factor: float) -> None:
    with pytest.raises(ValueError, match=r"factor must be (finite and > 0|< 1, or nothing is ahead), got"):
        RefreshAhead(factor)
