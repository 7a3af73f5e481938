"""Write-behind: when a write is acknowledged, when it is flushed, and what a read is told in between."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from models import Host, Rejected, Request
from models.caching.eviction import Lru
from models.caching.patterns import Cache, WriteThrough
from models.caching.patterns.write_behind import WriteBehind, WriteBehindQueue
from models.caching.stores import CacheStore
from models.services import DependencyFailed, Instance
from simulator import Environment

from ..origin import ask
from .behind import ONE_SECOND, Database, adds_up, behind


def test_a_write_is_acknowledged_at_once_and_reaches_the_target_after_the_interval() -> None:
    env = Environment()
    database = Database(env)
    cache, queue = behind(env, database)
    write = ask(env, cache, 1.0, "write", value="new")
    while_dirty, when_clean = ask(env, cache, 2.0), ask(env, cache, 8.0)
    env.run()
    assert [write, while_dirty, when_clean] == [(1.0, None), (2.0, "new"), (8.0, "new")]
    assert database.asked == [(6.0, "write", "a", "new")]
    assert cache.statistics().hit_count == 2
    assert queue.statistics().dirty_time_mean == 6.0
    assert adds_up(queue)


def test_an_acknowledgement_has_no_version_and_says_since_when_nobody_has_asked_the_target() -> None:
    env = Environment()
    cache, _ = behind(env, Database(env))
    write, read = ask(env, cache, 1.0, "write", value="new"), ask(env, cache, 2.0)
    env.run()
    assert write.response is not None
    assert read.response is not None
    assert (write.response.version, write.response.as_of) == (None, 1.0)
    assert (read.response.as_of, read.response.size_bytes) == (1.0, 50)


def test_several_writes_of_a_key_are_coalesced_into_the_last_and_the_first_says_when() -> None:
    env = Environment()
    database = Database(env)
    cache, queue = behind(env, database)
    for time, value in ((0.0, "one"), (3.0, "two"), (4.75, "three")):
        ask(env, cache, time, "write", value=value)
    env.run()
    assert database.asked == [(5.0, "write", "a", "three")]
    statistics = queue.statistics()
    assert (statistics.flushed_count, statistics.coalesced_count, statistics.attempt_count) == (1, 2, 1)
    assert adds_up(queue)


def test_a_write_during_the_flush_makes_the_key_dirty_again_for_an_interval_of_its_own() -> None:
    env = Environment()
    database = Database(env)
    cache, queue = behind(env, database)
    for time, value in ((0.0, "one"), (5.25, "two"), (5.5, "three")):
        ask(env, cache, time, "write", value=value)
    for until, waiting_count, sent_count in ((4.0, 1, 0), (5.75, 3, 1), (6.5, 2, 0)):
        env.run(until=until)
        now = queue.statistics()
        assert (len(queue), now.waiting_count, now.sent_count) == (1, waiting_count, sent_count)
    env.run()
    assert database.asked == [(5.0, "write", "a", "one"), (10.25, "write", "a", "three")]
    assert adds_up(queue)


def test_of_one_key_one_flush_is_under_way_at_a_time_however_long_it_takes() -> None:
    env = Environment()
    database = Database(env, duration=3.0)
    cache, queue = behind(env, database, flush_interval=1.0)
    for time in (0.0, 1.5, 2.0):
        ask(env, cache, time, "write", value=time)
    env.run()
    assert database.asked == [
        (1.0, "write", "a", 0.0),
        (4.0, "write", "a", 2.0),
    ]  # due at 2.5, in flight until 4
    assert adds_up(queue)


def test_without_an_interval_what_comes_during_a_flush_is_coalesced_still() -> None:
    env = Environment()
    database = Database(env)
    cache, _ = behind(env, database, flush_interval=0.0)
    for time in (0.0, 0.25, 0.5):
        ask(env, cache, time, "write", value=time)
    env.run()
    assert database.asked == [(0.0, "write", "a", 0.0), (1.0, "write", "a", 0.5)]


def test_when_so_many_keys_wait_all_of_them_are_due() -> None:
    env = Environment()
    database = Database(env)
    cache, _ = behind(env, database, flush_count=3, flush_interval=inf)
    for time, key in ((0.0, "a"), (1.0, "b"), (1.5, "a"), (2.0, "c"), (3.0, "d")):
        ask(env, cache, time, "write", key=key)
    env.run()
    assert [(time, key) for time, _, key, _ in database.asked] == [(2.0, "a"), (2.0, "b"), (2.0, "c")]


def test_keys_that_became_dirty_again_count_among_those_that_wait() -> None:
    env = Environment()
    database = Database(env)
    cache, _ = behind(env, database, flush_count=2, flush_interval=inf)
    for time, key in ((0.0, "a"), (0.0, "b"), (0.5, "a"), (0.5, "b")):
        ask(env, cache, time, "write", key=key)
    env.run()
    assert [(time, key) for time, _, key, _ in database.asked] == [
        (0.0, "a"),
        (0.0, "b"),
        (1.0, "a"),
        (1.0, "b"),
    ]


def test_when_what_waits_weighs_so_much_all_of_it_is_due() -> None:
    env = Environment()
    database = Database(env)
    cache, _ = behind(env, database, flush_bytes=120)

    def write(at: float, key: str, size_bytes: int) -> None:
        request = Request("write", key, size_bytes=size_bytes)
        env.call_later(at, env.launch, cache.call(request))

    write(0.0, "a", 70)
    write(1.0, "a", 40)  # in place of the 70
    write(2.0, "b", 70)
    write(3.0, "a", 50)
    write(4.0, "b", 119)
    env.run()
    assert [(time, key) for time, _, key, _ in database.asked] == [(3.0, "a"), (3.0, "b"), (9.0, "b")]


def test_so_many_flushes_are_under_way_at_a_time_in_the_order_in_which_they_are_due() -> None:
    env = Environment()
    database = Database(env)
    cache, queue = behind(env, database, concurrency=2)
    for key in ("a", "b", "c", "d", "e"):
        ask(env, cache, 0.0, "write", key=key)
    later = ask(env, cache, 5.5, "write", key="c", value="while it waits")
    env.run()
    asked = [(time, key, value) for time, _, key, value in database.asked]
    assert asked == [
        (5.0, "a", None),
        (5.0, "b", None),
        (6.0, "c", "while it waits"),
        (6.0, "d", None),
        (7.0, "e", None),
    ]
    assert later == (5.5, None)
    assert adds_up(queue)


def test_where_too_many_keys_are_dirty_another_is_rejected_and_nothing_of_it_is_done() -> None:
    env = Environment()
    database = Database(env)
    database.values["c"] = "old"
    cache, queue = behind(env, database, room=2)
    for key in ("a", "b"):
        ask(env, cache, 0.0, "write", key=key)
    rejected = ask(env, cache, 1.0, "write", key="c", value="new")
    of_a_dirty_key = ask(env, cache, 1.0, "write", key="b", value="newer")
    read = ask(env, cache, 2.0, key="c")
    when_there_is_room = ask(env, cache, 7.0, "write", key="c", value="newest")
    env.run()
    assert [rejected, of_a_dirty_key] == [(1.0, Rejected), (1.0, None)]
    assert [read, when_there_is_room] == [(3.0, "old"), (7.0, None)]
    assert database.values == {"a": None, "b": "newer", "c": "newest"}
    assert queue.statistics().rejected_count == 1
    assert adds_up(queue)


def test_an_instance_does_not_take_the_rejection_by_a_cache_of_its_name_for_its_own() -> None:
    env = Environment()
    cache, _ = behind(env, Database(env), room=1)
    instance = Instance(env, Host(env, "web"), lambda instance, request: cache.call(request), name=cache.name)
    ask(env, instance, 0.0, "write")
    rejected = ask(env, instance, 1.0, "write", key="b")
    env.run()
    assert rejected == (1.0, DependencyFailed)


def test_a_delete_waits_as_a_write_does_and_a_read_is_told_that_there_is_nothing() -> None:
    env = Environment()
    database = Database(env)
    database.values["a"] = "old"
    cache, _ = behind(env, database)
    # With what was there, as for a delete that is done only if that is so: it is not there afterwards.
    delete, read = ask(env, cache, 0.0, "delete", value="old"), ask(env, cache, 1.0)
    env.run(until=5.0)
    assert [delete, read, database.values] == [(0.0, None), (1.0, None), {"a": "old"}]
    env.run()
    assert (database.asked, database.values) == ([(5.0, "delete", "a", "old")], {})


def test_the_operations_that_wait_can_be_named() -> None:
    env = Environment()
    database = Database(env)
    cache, queue = behind(env, database, puts=("replace",), deletes=("drop",))
    told = [ask(env, cache, 0.0, operation, key=operation) for operation in ("replace", "drop", "write")]
    env.run(until=4.0)
    assert told == [(0.0, None), (0.0, None), (1.0, None)]
    assert queue.statistics().through_count == 1


def test_a_flush_has_neither_the_deadline_nor_the_idempotency_key_of_the_write() -> None:
    env = Environment()
    database = Database(env)
    cache, _ = behind(env, database)
    request = Request("write", "a", "new", size_bytes=7, origin="user", deadline=1.0, idempotency_key="k")
    env.launch(cache.call(request))
    env.run()
    assert [flushed for _, flushed in database.requests] == [
        replace(request, deadline=None, idempotency_key=None)
    ]


def test_a_queue_that_is_empty_lets_the_run_end_and_so_does_one_that_was_hurried() -> None:
    env = Environment()
    cache, queue = behind(env, Database(env))
    env.run()
    assert env.now == 0.0
    ask(env, cache, 0.0, "write")
    env.run(until=1.0)
    env.launch(queue.flush())
    env.run()
    assert env.now == 2.0


def test_the_mean_number_of_dirty_keys_is_weighted_by_time() -> None:
    env = Environment()
    cache, queue = behind(env, Database(env))
    ask(env, cache, 0.0, "write")
    ask(env, cache, 2.0, "write", key="b")
    env.run(until=12.0)
    assert queue.statistics().dirty.mean == pytest.approx((6.0 + 6.0) / 12.0)
    assert queue.statistics().dirty.maximum == 2


def test_a_queue_is_had_of_a_cache_that_is_written_behind_and_of_no_other() -> None:
    env = Environment()
    cache = Cache(env, Database(env), CacheStore(env, Lru(10)), writes=WriteThrough())
    with pytest.raises(ValueError, match="written behind"):
        WriteBehindQueue.of(cache)


def test_one_rule_serves_many_caches_each_with_a_queue_of_its_own() -> None:
    env = Environment()
    rule = WriteBehind(flush_interval=5.0, backoff=ONE_SECOND)
    database = Database(env)
    first, second = (Cache(env, database, CacheStore(env, Lru(10)), writes=rule) for _ in range(2))
    ask(env, first, 0.0, "write")
    env.run(until=1.0)
    assert [len(WriteBehindQueue.of(cache)) for cache in (first, second)] == [1, 0]


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"flush_interval": -1.0}, "flush_interval must be >= 0 s, got -1.0"),
        ({"flush_count": 0}, "flush_count must be a whole number >= 1, got 0"),
        ({"flush_count": 1.5}, "flush_count must be a whole number >= 1, got 1.5"),
        ({"flush_bytes": -1}, "flush_bytes must be a whole number >= 1, got -1"),
        ({"concurrency": 0}, "concurrency must be a whole number >= 1, got 0"),
        ({"capacity": 0}, "capacity must be a whole number >= 1, got 0"),
        ({"puts": ("set",), "deletes": ("set",)}, "both puts and deletes, got \\['set'\\]"),
    ],
)
def test_parameters_are_checked(settings: dict[str, object], error: str) -> None:
    given: dict[str, object] = {"flush_interval": 1.0} | settings
    with pytest.raises(ValueError, match=error):
        WriteBehind(**given)  # type: ignore[arg-type]


def test_kinds_are_checked() -> None:
    with pytest.raises(TypeError, match="backoff must be a Backoff"):
        WriteBehind(flush_interval=1.0, backoff=1.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="puts must be a list"):
        WriteBehind(flush_interval=1.0, puts="write")
