"""Write-behind: what a crash loses, which is counted and listed, and what a stop in good order does not."""

from __future__ import annotations

from collections.abc import Callable, Generator
from math import inf
from typing import Any

import pytest

from models import ConnectionLost, Endpoint, Host, Network, Refused, Request
from models.caching.patterns import Cache
from models.caching.patterns.write_behind import LostWrite, WriteBehindQueue
from models.network import LocalityLatencies
from models.services import Instance
from simulator import Environment

from ..origin import ask
from .behind import Database, adds_up, behind, over_a_network

Crash = Callable[[Instance], object]


def crash_host(instance: Instance) -> None:
    instance.host.crash()


def shut_host_down(instance: Instance) -> None:
    instance.host.crash(resets=True)


def crash_process(instance: Instance) -> None:
    instance.crash()


def restart(instance: Instance) -> None:
    if instance.host.is_up:
        instance.restart()
    else:
        instance.host.restart()


CRASHES = pytest.mark.parametrize("crash", [crash_host, shut_host_down, crash_process])


def in_an_instance(env: Environment, **settings: Any) -> tuple[Instance, Cache, WriteBehindQueue, Database]:
    """Return an instance that asks its cache, which lives in it, whatever it is asked."""
    cache, queue, database, web = over_a_network(env, **settings)

    def handle(instance: Instance, request: Request) -> Generator[Any, Any, Any]:
        return (yield from cache.call(request))

    instance = Instance(env, web, handle)
    cache.live_in(instance)
    return instance, cache, queue, database


@CRASHES
def test_a_crash_loses_what_was_not_flushed_at_its_instant_and_lists_it(crash: Crash) -> None:
    env = Environment()
    instance, _, queue, database = in_an_instance(env)
    for time, key in ((0.0, "a"), (1.0, "b"), (2.0, "a")):
        ask(env, instance, time, "write", key=key, value=time)
    env.call_later(5.5, crash, instance)  # "a" was flushed at 5
    env.run(until=5.75)
    assert queue.lost == [LostWrite(key="b", acknowledged_at=1.0, lost_at=5.5, attempt_count=0)]
    assert (len(queue), queue.statistics().waiting_count) == (0, 0)
    assert adds_up(queue)
    restart(instance)
    told = ask(env, instance, 7.0, key="b")
    later = ask(env, instance, 8.0, "write", key="b", value="again")
    env.run()
    assert [told, later] == [(7.02, None), (8.0, None)]
    assert database.values == {"a": 2.0, "b": "again"}
    assert adds_up(queue)


@CRASHES
def test_each_write_of_a_key_is_lost_and_says_whether_it_may_have_arrived(crash: Crash) -> None:
    env = Environment()
    instance, _, queue, database = in_an_instance(env)
    for time, value in ((0.0, "one"), (4.0, "two"), (5.005, "three")):
        ask(env, instance, time, "write", value=value)
    env.call_later(5.0075, crash, instance)
    env.run(until=8.0)
    assert queue.lost == [
        LostWrite(key="a", acknowledged_at=0.0, lost_at=5.0075, attempt_count=1),
        LostWrite(key="a", acknowledged_at=4.0, lost_at=5.0075, attempt_count=1),
        LostWrite(key="a", acknowledged_at=5.005, lost_at=5.0075, attempt_count=0),
    ]
    assert database.done == [(5.01, "write", "a", "two")]  # it was on its way
    assert adds_up(queue)


@CRASHES
def test_what_was_written_after_the_last_flush_began_has_not_been_sent(crash: Crash) -> None:
    env = Environment()
    instance, _, queue, _ = in_an_instance(env)
    for time in (0.0, 5.015):
        ask(env, instance, time, "write", value=time)
    env.call_later(7.0, crash, instance)
    env.run()
    assert queue.lost == [LostWrite(key="a", acknowledged_at=5.015, lost_at=7.0, attempt_count=0)]
    assert adds_up(queue)


@CRASHES
def test_a_crash_at_the_very_instant_of_the_acknowledgement_loses_the_write(crash: Crash) -> None:
    env = Environment()
    instance, cache, queue, database = in_an_instance(env)

    def write_and_crash() -> Generator[Any, Any, None]:
        yield 1.0
        yield from cache.call(Request("write", "a", "new"))
        crash(instance)

    env.launch(write_and_crash())
    env.run()
    assert [(lost.key, lost.lost_at) for lost in queue.lost] == [("a", 1.0)]
    assert database.done == []
    assert env.now == 1.0
    assert adds_up(queue)


@CRASHES
def test_a_crash_during_the_backoff_loses_what_may_have_arrived(crash: Crash) -> None:
    env = Environment()
    instance, _, queue, database = in_an_instance(env, flush_interval=0.0)
    database.fails = lambda request: Refused()
    ask(env, instance, 0.0, "write")
    env.call_later(2.5, crash, instance)
    env.run()
    assert [lost.attempt_count for lost in queue.lost] == [3]
    assert adds_up(queue)


@CRASHES
def test_a_crash_gives_the_places_of_those_that_were_in_flight_back(crash: Crash) -> None:
    env = Environment()
    instance, _, queue, database = in_an_instance(env, flush_interval=0.0, concurrency=1)
    for key in ("a", "b", "c"):
        ask(env, instance, 0.0, "write", key=key)
    env.call_later(0.005, crash, instance)
    env.call_later(1.0, restart, instance)
    for key in ("a", "b"):
        ask(env, instance, 2.0, "write", key=key)
    env.run()
    assert sorted(lost.key for lost in queue.lost) == ["a", "b", "c"]
    assert [key for _, _, key, _ in database.done] == ["a", "a", "b"]
    assert [time for time, *_ in database.done] == pytest.approx([0.01, 2.01, 2.03])
    assert adds_up(queue)


def test_a_process_that_crashes_and_has_no_part_in_the_cache_loses_nothing() -> None:
    env = Environment()
    cache, queue, database, web = over_a_network(env)
    instance = Instance(env, web, lambda instance, request: cache.call(request))
    ask(env, instance, 0.0, "write", value="new")
    env.call_later(1.0, instance.crash)
    env.run()
    assert queue.lost == []
    assert database.values == {"a": "new"}


def test_a_write_that_waits_elsewhere_for_what_a_crash_has_taken_was_not_done() -> None:
    env = Environment()
    cache, queue, database, web = over_a_network(env)
    database.fails = lambda request: Refused()
    ask(env, cache, 0.0, "write", value=10)
    add = ask(env, cache, 1.0, "add", value=3)
    env.call_later(2.5, web.crash)
    env.run()
    assert add == (2.5, Refused)
    assert [operation for _, operation, _, _ in database.asked] == ["write", "write"]
    assert adds_up(queue)


def test_after_a_restart_nothing_is_held_up_by_what_went_through_before() -> None:
    env = Environment()
    instance, _, queue, database = in_an_instance(env, flush_interval=0.0)
    add = ask(env, instance, 0.0, "add", value=3)
    env.call_later(0.005, instance.crash)
    env.call_later(1.0, instance.restart)
    ask(env, instance, 2.0, "write", value=5)
    env.run()
    assert add == (0.005, ConnectionLost)
    assert database.values == {"a": 5}
    assert adds_up(queue)


# -- in good order -----------------------------------------------------------------------------------------


def test_a_flush_on_demand_flushes_all_that_is_dirty_and_waits_for_it() -> None:
    env = Environment()
    database = Database(env)
    cache, queue = behind(env, database, concurrency=2)
    ended = []

    def flush() -> Generator[Any, Any, None]:
        yield 1.0
        yield from queue.flush()
        ended.append(env.now)
        yield from queue.flush()
        ended.append(env.now)

    for key in ("a", "b", "c"):
        ask(env, cache, 0.0, "write", key=key)
    env.launch(flush())
    env.run()
    assert [time for time, *_ in database.asked] == [1.0, 1.0, 2.0]
    assert ended == [3.0, 3.0]
    assert adds_up(queue)


def test_a_flush_on_demand_does_not_wait_for_what_was_written_after_it() -> None:
    env = Environment()
    database = Database(env)
    cache, queue = behind(env, database)
    ended = []

    def flush() -> Generator[Any, Any, None]:
        yield 1.0
        yield from queue.flush()
        ended.append(env.now)

    env.launch(flush())
    for time, key in ((0.0, "a"), (1.5, "a"), (1.5, "b")):
        ask(env, cache, time, "write", key=key)
    env.run()
    assert ended == [2.0]
    assert [time for time, *_ in database.asked] == [1.0, 6.5, 6.5]


def test_who_waits_for_a_flush_is_told_when_a_crash_takes_a_part_of_it() -> None:
    env = Environment()
    cache, queue, database, web = over_a_network(env)
    database.fails = lambda request: Refused() if request.key != "a" else None
    told = []

    def flush() -> Generator[Any, Any, None]:
        yield 1.0
        try:
            yield from queue.flush()
        except Refused:
            told.append(env.now)

    for key in ("a", "b", "c"):
        ask(env, cache, 0.0, "write", key=key)
    env.launch(flush())
    env.call_later(3.5, web.crash)
    env.run()
    assert told == [3.5]
    assert [lost.key for lost in queue.lost] == ["b", "c"]


def test_whoever_stops_waiting_for_a_flush_leaves_it_as_it_is() -> None:
    env = Environment()
    database = Database(env)
    cache, queue = behind(env, database)
    for key in ("a", "b"):
        ask(env, cache, 0.0, "write", key=key)
    env.run(until=1.0)
    waiting = env.process(queue.flush())
    env.call_later(0.5, waiting.cancel)
    env.run()
    assert [time for time, *_ in database.asked] == [1.0, 1.0]
    assert adds_up(queue)


def test_an_instance_that_is_told_to_stop_flushes_at_once_what_is_dirty_and_has_then_stopped() -> None:
    env = Environment()
    instance, _, queue, database = in_an_instance(env, flush_interval=inf, concurrency=2)
    for key in ("a", "b", "c"):
        ask(env, instance, 0.0, "write", key=key, value="new")
    stopped_at = []
    instance.on_stopped = lambda _: stopped_at.append(env.now)
    env.call_later(1.0, instance.stop)
    env.run()
    assert [(time, key) for time, _, key, _ in database.done] == [(1.01, "a"), (1.01, "b"), (1.03, "c")]
    assert stopped_at == [1.04]
    assert queue.lost == []
    assert adds_up(queue)


def test_while_it_lingers_it_takes_writes_and_flushes_them_in_their_time() -> None:
    env = Environment()
    instance, _, queue, database = in_an_instance(env)
    for time, key in ((0.0, "a"), (3.0, "b")):
        ask(env, instance, time, "write", key=key)
    env.call_later(1.0, lambda: instance.stop(linger=5.0))
    env.run()
    assert [(time, key) for time, _, key, _ in database.done] == [(5.01, "a"), (6.01, "b")]
    assert env.now == 6.02
    assert adds_up(queue)


def test_what_could_not_be_flushed_within_the_grace_is_lost() -> None:
    env = Environment()
    instance, _, queue, database = in_an_instance(env)
    database.fails = lambda request: Refused() if request.key == "a" else None
    for time, key in ((0.0, "a"), (0.5, "a"), (0.75, "b")):
        ask(env, instance, time, "write", key=key, value="new")
    env.call_later(1.0, lambda: instance.stop(grace=2.5))
    env.run()
    assert queue.lost == [  # tried at 1.0, 2.02 and 3.04
        LostWrite(key="a", acknowledged_at=time, lost_at=3.5, attempt_count=3) for time in (0.0, 0.5)
    ]
    assert database.values == {"b": "new"}
    assert adds_up(queue)


def test_a_stop_without_a_grace_loses_as_a_crash_does() -> None:
    env = Environment()
    instance, _, queue, _ = in_an_instance(env)
    ask(env, instance, 0.0, "write", value="new")
    env.call_later(1.0, lambda: instance.stop(grace=0.0))
    env.run()
    assert queue.lost == [LostWrite(key="a", acknowledged_at=0.0, lost_at=1.0, attempt_count=0)]
    assert adds_up(queue)


def test_only_the_stop_of_the_process_that_the_cache_lives_in_hurries_it() -> None:
    env = Environment()
    cache, queue, database, web = over_a_network(env)
    before, home = (Instance(env, web, lambda instance, request: cache.call(request)) for _ in range(2))
    for instance in (before, home):
        cache.live_in(instance)
    ask(env, home, 0.0, "write")
    env.call_later(1.0, before.stop)
    env.run()
    assert [time for time, *_ in database.done] == [5.01]
    assert queue.lost == []


def test_an_instance_that_has_nothing_to_flush_stops_at_once() -> None:
    env = Environment()
    instance, _, _, _ = in_an_instance(env)
    ask(env, instance, 0.0, "write", value="new")
    env.run(until=6.0)
    env.run(until=instance.stop())
    assert env.now == 6.0


def test_what_a_stopping_instance_writes_does_not_pass_what_it_has_written_before() -> None:
    env = Environment()
    cache, queue, database, web = over_a_network(env)

    def handle(instance: Instance, request: Request) -> Generator[Any, Any, Any]:
        yield from cache.call(Request("write", "a", "early"))
        yield 3.0
        return (yield from cache.call(Request("write", "a", "late")))

    instance = Instance(env, web, handle)
    cache.live_in(instance)
    ask(env, instance, 0.0)
    env.call_later(1.0, instance.stop)
    env.run()
    # Told at 1 s to stop, it flushes what is dirty then, and the write that it finishes with at once.
    assert [(time, value) for time, _, _, value in database.done] == [(1.01, "early"), (3.01, "late")]
    assert env.now == pytest.approx(3.02)
    assert adds_up(queue)


def test_a_cache_around_the_instance_itself_dies_with_it() -> None:
    env = Environment()
    web, user = Host(env, "web"), Host(env, "user")
    network = Network(env, latencies=LocalityLatencies.uniform(0.01))
    seen = []

    def handle(instance: Instance, request: Request) -> Generator[Any, Any, Any]:
        seen.append(request.key)
        yield 0.0

    instance = Instance(env, web, handle)
    cache, queue = behind(env, instance)
    client: Endpoint = network.connect(user, cache)
    written = ask(env, client, 0.0, "write", value="new")
    env.call_later(1.0, instance.crash)
    env.run()
    assert written == (0.02, None)
    assert seen == []
    assert [lost.lost_at for lost in queue.lost] == [1.0]
