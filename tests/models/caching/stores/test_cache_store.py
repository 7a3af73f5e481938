"""CacheStore: what is fresh and for how long, what has to go, and what is counted."""

from collections.abc import Callable
from math import inf, isnan, nan
from typing import Any

import pytest

from models import Response
from models.caching.eviction import Fifo, Lru
from models.caching.stores import CacheStore, Entry
from simulator import Environment


def at(env: Environment, time: float) -> None:
    env.run(until=time)


def test_an_entry_is_fresh_until_its_time_to_live_is_over_and_not_at_that_instant() -> None:
    env = Environment()
    store = CacheStore(env, Lru(10), ttl=2.0)
    entry = store.set("a", Response(1))
    assert store.get("a") is entry is not None
    at(env, 1.999)
    assert store.get("a") is entry
    assert "a" in store
    at(env, 2.0)
    assert "a" not in store
    assert store.get("a") is None
    statistics = store.statistics()
    assert (statistics.hit_count, statistics.miss_count, statistics.expired_count) == (2, 1, 1)


def test_what_has_expired_takes_room_until_it_is_asked_for() -> None:
    env = Environment()
    store = CacheStore(env, Fifo(2), ttl=1.0)
    store.set("a", Response(1))
    store.set("b", Response(1))
    at(env, 5.0)
    assert len(store) == 2
    store.get("a")
    assert list(store) == ["b"]
    store.set("c", Response(1))
    assert store.statistics().evicted_count == 0


def test_a_stale_entry_is_there_for_its_stale_time_and_is_no_hit() -> None:
    env = Environment()
    store = CacheStore(env, Lru(10), ttl=1.0, stale_time=2.0)
    entry = store.set("a", Response(1))
    assert store.stale("a") is entry
    at(env, 2.999)
    assert store.get("a") is None
    assert store.stale("a") is entry
    at(env, 3.0)
    assert store.stale("a") is None
    assert len(store) == 0
    assert store.stale("never there") is None


def test_without_a_stale_time_nothing_is_stale() -> None:
    env = Environment()
    store = CacheStore(env, Lru(10), ttl=1.0)
    store.set("a", Response(1))
    at(env, 1.0)
    assert store.stale("a") is None


def test_to_look_at_what_has_expired_is_no_use_of_it() -> None:
    env = Environment()
    store = CacheStore(env, Lru(2), ttl=1.0, stale_time=10.0)
    store.set("a", Response(1))
    store.set("b", Response(1))
    at(env, 1.5)
    store.get("a")
    store.stale("a")
    store.set("c", Response(1))  # the least recently used goes: still "a"
    assert list(store) == ["b", "c"]


@pytest.mark.parametrize("ttl", [None, 0.0])
def test_what_is_not_to_be_kept_is_not_kept_as_stale_either(ttl: float | None) -> None:
    store = CacheStore(Environment(), Lru(10), ttl=4.0, negative_ttl=0.0, stale_time=9.0)
    assert store.set("a", Response(None if ttl is None else "a"), ttl=ttl) is None
    assert store.stale("a") is None
    assert (len(store), store.statistics().refused_count) == (0, 1)


@pytest.mark.parametrize(
    ("negative_ttl", "is_kept", "fresh_until"), [(None, True, 4.0), (1.0, True, 1.0), (0.0, False, 0.0)]
)
def test_answers_that_say_there_is_no_value_have_a_time_to_live_of_their_own(
    negative_ttl: float | None, is_kept: bool, fresh_until: float
) -> None:
    env = Environment()
    store = CacheStore(env, Lru(10), ttl=4.0, negative_ttl=negative_ttl)
    entry = store.set("a", Response(None))
    assert (entry is not None) is is_kept
    if entry is not None:
        assert entry.is_negative
        assert entry.expires_at == fresh_until
        assert store.get("a") is entry
    assert store.statistics().negative_hit_count == is_kept
    assert store.statistics().refused_count == (not is_kept)


def test_jitter_shortens_each_life_by_up_to_its_share_and_never_lengthens_it() -> None:
    env = Environment(seed=1)
    store = CacheStore(env, Lru(2000), ttl=10.0, ttl_jitter=0.2)
    lives = []
    for key in range(2000):
        entry = store.set(key, Response(key))
        assert entry is not None
        lives.append(entry.expires_at)
    assert 8.0 <= min(lives) < 8.05
    assert 9.95 < max(lives) <= 10.0
    assert sum(lives) / len(lives) == pytest.approx(9.0, abs=5 * 2.0 / 12**0.5 / 2000**0.5)


def test_jitter_leaves_an_endless_life_endless() -> None:
    store = CacheStore(Environment(seed=1), Lru(10), ttl_jitter=0.5)
    entry = store.set("a", Response(1))
    assert entry is not None
    assert entry.expires_at == inf


@pytest.mark.parametrize(("by_age", "expires_at"), [(False, 15.0), (True, 8.0)])
def test_a_life_counts_from_the_origin_s_answer_if_it_goes_by_age(by_age: bool, expires_at: float) -> None:
    env = Environment()
    at(env, 5.0)
    store = CacheStore(env, Lru(10), ttl=10.0, by_age=by_age)
    entry = store.set("a", Response(1, as_of=-2.0))
    assert entry is not None
    assert entry.expires_at == expires_at


def test_what_is_too_old_when_it_comes_is_not_kept_and_takes_its_place_with_it() -> None:
    env = Environment()
    store = CacheStore(env, Lru(10), ttl=1.0, by_age=True)
    store.set("a", Response(1))
    assert store.set("a", Response(2, as_of=-1.0)) is None
    assert store.get("a") is None
    assert len(store) == len(store.policy) == 0


def test_what_has_expired_when_it_comes_is_kept_for_those_who_take_what_is_stale() -> None:
    store = CacheStore(Environment(), Lru(10), ttl=1.0, by_age=True, stale_time=5.0)
    entry = store.set("a", Response(1, as_of=-5.9))
    assert store.stale("a") is entry is not None
    assert store.get("a") is None
    assert store.set("b", Response(1, as_of=-6.0)) is None


def test_one_entry_may_have_a_life_of_its_own() -> None:
    store = CacheStore(Environment(), Lru(10), ttl=10.0)
    entry = store.set("a", Response(1), ttl=3.0, load_time=0.25)
    assert entry is not None
    assert (entry.stored_at, entry.expires_at, entry.load_time) == (0.0, 3.0, 0.25)


def test_capacity_counts_items_or_bytes() -> None:
    env = Environment()
    items = CacheStore(env, Lru(2))
    in_bytes = CacheStore(env, Lru(100), unit="bytes")
    for store in (items, in_bytes):
        for key, size in (("a", 60), ("b", 40), ("c", 0)):
            store.set(key, Response(key, size_bytes=size))
    assert list(items) == ["b", "c"]
    assert list(in_bytes) == ["b", "c"]  # what has no bytes weighs one all the same
    assert (items.statistics().used, in_bytes.statistics().used) == (2, 41)


def test_whoever_wants_to_is_told_what_had_to_go_and_nothing_else() -> None:
    env = Environment()
    store = CacheStore(env, Lru(100), unit="bytes")
    told: list[tuple[Any, Entry]] = []
    store.on_evicted = lambda key, entry: told.append((key, entry))
    first = store.set("a", Response(1, size_bytes=70))
    store.set("b", Response(2, size_bytes=50))
    assert told == [("a", first)]
    store.set("b", Response(3, size_bytes=60))
    store.delete("b")
    store.set("c", Response(3, size_bytes=101))
    store.clear()
    assert len(told) == 1
    assert store.statistics().evicted_count == 1


def test_an_overwrite_weighs_what_it_weighs_and_may_drive_others_out() -> None:
    env = Environment()
    store = CacheStore(env, Lru(100), unit="bytes")
    for key in ("a", "b"):
        store.set(key, Response(key, size_bytes=40))
    store.set("a", Response("new", size_bytes=70))
    assert list(store) == ["a"]
    assert store.statistics().used == 70


def test_what_does_not_fit_is_not_kept_and_what_was_there_is_gone() -> None:
    env = Environment()
    store = CacheStore(env, Lru(100), unit="bytes")
    store.set("a", Response("old", size_bytes=40))
    store.set("b", Response("b", size_bytes=40))
    assert store.set("a", Response("new", size_bytes=101)) is None
    assert store.set("c", Response("new", size_bytes=101)) is None
    assert list(store) == list(store.policy) == ["b"]
    statistics = store.statistics()
    assert (statistics.refused_count, statistics.evicted_count) == (2, 0)


def test_delete_says_whether_there_was_anything_to_give() -> None:
    env = Environment()
    store = CacheStore(env, Lru(10), ttl=1.0)
    store.set("a", Response(1))
    store.set("b", Response(1))
    assert store.delete("a")
    assert not store.delete("a")
    at(env, 1.0)
    assert not store.delete("b")
    assert store.statistics().deleted_count == 2
    assert len(store) == 0


def test_a_cleared_store_is_a_new_one() -> None:
    env = Environment()
    store = CacheStore(env, Lru(2))
    for key in "abc":
        store.set(key, Response(key))
    store.clear()
    assert len(store) == len(store.policy) == 0
    assert store.get("c") is None
    assert store.statistics().cleared_count == 2


def test_all_that_came_in_is_there_or_accounted_for() -> None:
    env = Environment()
    store = CacheStore(env, Lru(3), ttl=0.7)
    for number in range(40):
        at(env, number / 4 + 0.1)
        key = number * number % 5 if number % 8 else "seldom"
        if store.get(key) is None:
            store.set(key, Response(number, size_bytes=5))
        if number % 9 == 8:
            store.delete(1)
    statistics = store.statistics()
    assert statistics.lookup_count == statistics.hit_count + statistics.miss_count == 40
    assert statistics.hit_bytes == 5 * statistics.hit_count
    gone = statistics.evicted_count + statistics.deleted_count + statistics.expired_count
    assert statistics.set_count == statistics.held_count + gone
    assert min(statistics.evicted_count, statistics.expired_count, statistics.hit_count) > 0
    assert statistics.hit_ratio == statistics.hit_count / 40


def test_there_is_no_hit_ratio_without_a_lookup() -> None:
    assert isnan(CacheStore(Environment(), Lru(1)).statistics().hit_ratio)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda env: CacheStore(env, Lru), "policy must be an EvictionPolicy"),
        (lambda env: CacheStore(env, Lru(1), ttl=0.0), "ttl must be > 0 s, got 0.0"),
        (lambda env: CacheStore(env, Lru(1), negative_ttl=-1.0), "negative_ttl must be >= 0 s, got -1.0"),
        (lambda env: CacheStore(env, Lru(1), ttl_jitter=1.0), r"ttl_jitter must lie in \[0, 1\), got 1.0"),
        (lambda env: CacheStore(env, Lru(1), stale_time=-1), "stale_time must be >= 0 s, got -1"),
        (lambda env: CacheStore(env, Lru(1), unit="MiB"), "unit must be one of items, bytes, got 'MiB'"),
        (lambda env: CacheStore(env, Lru(1), name=""), "name must not be empty"),
        (lambda env: CacheStore(env, Lru(1)).set("a", Response(1), ttl=nan), "ttl must be >= 0 s, got nan"),
    ],
)
def test_nonsense_is_one_clear_line(make: Callable[[Environment], Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        make(Environment(seed=1))


def test_a_policy_is_one_store_s_own() -> None:
    env = Environment()
    policy = Lru(2)
    CacheStore(env, policy).set("a", Response(1))
    with pytest.raises(ValueError, match="policy must be one of its own, got one that holds 1 key"):
        CacheStore(env, policy)
