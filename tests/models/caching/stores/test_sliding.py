"""Sliding expiration: each hit begins the life of an entry anew."""

from __future__ import annotations

import pytest

from models import Response
from models.caching.eviction import Lru
from models.caching.stores import CacheStore
from simulator import Environment


def store_with(env: Environment, **settings: float | bool) -> CacheStore:
    """A store whose entries live for 10 s."""
    return CacheStore(env, Lru(3), ttl=10.0, **settings)  # type: ignore[arg-type]


def is_there(env: Environment, store: CacheStore, at: float) -> bool:
    env.run(until=at)
    return store.get("a") is not None


def test_what_is_asked_for_often_enough_does_not_expire() -> None:
    env = Environment()
    store = store_with(env, slides=True)
    store.set("a", Response("old"))
    assert [is_there(env, store, at) for at in (9.5, 19.0, 28.5, 38.5)] == [True, True, True, False]


def test_only_a_hit_is_a_use() -> None:
    env = Environment()
    store = store_with(env, slides=True, stale_time=5.0)
    store.set("a", Response("old"))
    env.run(until=9.0)
    assert "a" in store
    assert store.stale("a") is not None
    assert not is_there(env, store, 10.0)
    env.run(until=14.0)
    assert store.stale("a") is not None
    env.run(until=15.0)
    assert store.stale("a") is None


def test_each_entry_slides_by_its_own_time() -> None:
    env = Environment(seed=1)
    store = store_with(env, slides=True, negative_ttl=2.0, ttl_jitter=0.5)
    store.set("a", Response("old"), ttl=4.0)
    drawn = store.stale("a")
    assert drawn is not None
    life = drawn.expires_at
    assert 2.0 <= life < 4.0
    env.run(until=1.0)
    entry = store.get("a")
    assert entry is not None
    assert entry.expires_at == 1.0 + life
    assert entry.stored_at == 0.0


def test_without_it_a_hit_prolongs_nothing() -> None:
    env = Environment()
    store = store_with(env)
    store.set("a", Response("old"))
    assert [is_there(env, store, at) for at in (9.5, 10.0)] == [True, False]


def test_what_never_expires_slides_nowhere() -> None:
    env = Environment()
    store = CacheStore(env, Lru(3), slides=True)
    store.set("a", Response("old"))
    assert is_there(env, store, 1e9)
    assert is_there(env, store, 2e9)


def test_to_count_by_age_and_to_slide_exclude_each_other() -> None:
    with pytest.raises(
        ValueError, match="by_age and slides must not both be set: a hit makes nothing younger"
    ):
        store_with(Environment(), by_age=True, slides=True)
