"""Write-behind: what is dirty is not lost with its entry, and no older value takes its place."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from models import Request
from models.caching.patterns import Cache
from simulator import Environment

from ..origin import ask
from .behind import Database, adds_up, behind


def evict(cache: Cache) -> None:
    for number in range(cache.store.policy.capacity):
        ask(cache.env, cache, cache.env.now, "get", key=number)
    cache.env.run(until=cache.env.now + 1.25)


def expire(cache: Cache) -> None:
    cache.env.run(until=3.0)
    assert "a" not in cache.store


def invalidate(cache: Cache) -> None:
    cache.invalidate("a")


def invalidate_all(cache: Cache) -> None:
    cache.invalidate_all()


GONE = pytest.mark.parametrize("let_go", [evict, expire, invalidate, invalidate_all])


@GONE
def test_a_dirty_key_without_an_entry_is_answered_at_once_and_flushed_and_loaded_when_it_is_clean(
    let_go: Callable[[Cache], None],
) -> None:
    env = Environment()
    database = Database(env)
    database.values["a"] = "old"
    cache, queue = behind(env, database, capacity=3, ttl=3.0)
    ask(env, cache, 0.0, "write", value="new")
    env.run(until=0.5)
    let_go(cache)
    dirty, in_flight, clean = (ask(env, cache, time) for time in (4.0, 5.25, 6.5))
    env.run()
    assert [dirty, in_flight, clean] == [(4.0, "new"), (5.25, "new"), (7.5, "new")]
    assert [asked for asked in database.asked if asked[2] == "a"] == [
        (5.0, "write", "a", "new"),
        (6.5, "get", "a", None),
    ]
    assert queue.statistics().answered_count == 2
    assert cache.statistics().miss_count >= 3
    assert adds_up(queue)


def test_a_dirty_key_that_the_store_does_not_take_is_answered_and_flushed() -> None:
    env = Environment()
    database = Database(env)
    cache, _ = behind(env, database)
    cache.store.negative_ttl = 0.0
    ask(env, cache, 0.0, "write", value="there")
    ask(env, cache, 1.0, "delete")
    read = ask(env, cache, 2.0)
    env.run()
    assert "a" not in cache.store
    assert read == (2.0, None)
    assert database.asked == [(5.0, "delete", "a", None)]


def test_a_load_that_was_under_way_at_the_write_is_not_kept() -> None:
    env = Environment()
    database = Database(env)
    database.values["a"] = "old"
    cache, _ = behind(env, database)
    before = ask(env, cache, 0.0)
    ask(env, cache, 0.75, "write", value="new")
    after = ask(env, cache, 2.0)
    env.run()
    assert [before, after] == [(1.0, "old"), (2.0, "new")]


@pytest.mark.parametrize("asked_at", [4.25, 5.25, 5.75], ids=["ends dirty", "ends in flight", "ends clean"])
def test_a_load_that_begins_while_the_key_is_dirty_is_not_kept_whenever_it_ends(asked_at: float) -> None:
    env = Environment()
    database = Database(env)
    database.values["a"] = "old"
    cache, _ = behind(env, database)
    ask(env, cache, 0.0, "write", value="new")
    env.run(until=1.0)
    cache.invalidate("a")
    env.call_later(asked_at - env.now, cache.load_in_background, Request(key="a"))
    reads = [ask(env, cache, time) for time in (asked_at + 0.5, asked_at + 1.0, asked_at + 1.25)]
    env.run()
    assert [read.result for read in reads] == ["new", "new", "new"]
    assert cache.statistics().void_count == 1


def test_a_clean_key_is_loaded_and_kept_as_ever() -> None:
    env = Environment()
    database = Database(env)
    database.values["b"] = "old"
    cache, _ = behind(env, database)
    ask(env, cache, 0.0, "write")
    ask(env, cache, 1.0, key="b")
    again = ask(env, cache, 3.0, key="b")
    env.run()
    assert again == (3.0, "old")
    assert cache.statistics().void_count == 0


def test_an_invalidation_during_the_flush_leaves_nothing_that_could_be_older_than_the_target() -> None:
    env = Environment()
    database = Database(env)
    cache, _ = behind(env, database)
    ask(env, cache, 0.0, "write", value="ours")
    elsewhere = ask(env, database, 5.25, "write", value="theirs")  # ours takes effect at 5.5, theirs at 5.75
    env.call_later(5.75, cache.invalidate, "a")
    told = [ask(env, cache, time) for time in (5.875, 6.5)]
    env.run()
    assert elsewhere == (6.25, None)
    assert told == [(5.875, "ours"), (7.5, "theirs")]


def test_a_scan_passes_and_shows_what_the_target_has() -> None:
    env = Environment()
    database = Database(env)
    cache, _ = behind(env, database)
    ask(env, cache, 0.0, "write", value="new")
    ask(env, cache, 1.0, "scan")
    env.run(until=3.0)
    assert [operation for _, operation, _, _ in database.asked] == ["scan"]
