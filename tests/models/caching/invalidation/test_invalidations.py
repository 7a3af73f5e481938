"""Invalidations: which writes are told of, when, in how many messages, and what a crash takes."""

from __future__ import annotations

from typing import Any

import pytest

from models import FunctionEndpoint, Rejected, ServerError, TimedOut
from models.caching.eviction import Lru
from models.caching.invalidation import Invalidations
from models.caching.patterns import Cache
from models.caching.stores import CacheStore
from models.network import Role
from models.observers.messages import MessageWatch
from models.replication import scan
from models.replication.scans import AllKeys
from models.resilience import ConstantBackoff, Retry, Timeout
from models.services import Instance, Work
from simulator import Environment
from tests.models.caching.patterns.origin import ask

from .building import WAY, World


def results(told: list[Any]) -> list[Any]:
    return [each.result for each in told]


def test_a_cache_hears_of_a_write_one_way_after_the_origin_has_answered() -> None:
    world = World()
    world.invalidations.subscribe(world.cache)
    written_at = 4.0 + WAY + 0.25
    just_before = written_at + WAY - 1 / 1024
    told = world.read(0.0, just_before, written_at + WAY + 1 / 1024)
    world.write(4.0)
    world.env.run()
    assert results(told) == ["old", "old", "new"]
    assert told[1].at == just_before  # a hit
    assert told[2].response is not None
    assert told[2].response.as_of is None


def test_without_a_subscription_the_old_value_is_told_until_it_expires() -> None:
    world = World()
    told = world.read(0.0, 5.0, 99.0, 101.0)
    world.write(4.0)
    world.env.run()
    assert results(told) == ["old", "old", "old", "new"]


def test_a_write_is_a_message_to_each_subscriber_and_reads_are_none() -> None:
    world = World(cache_count=3)
    for cache in world.caches:
        world.invalidations.subscribe(cache)
    for number in (1, 2, 3):
        world.read(0.0, 1.0, number=number)
    world.write(4.0)
    world.write(5.0)
    ask(world.env, world.writer, 6.0, "scan", AllKeys())
    world.env.run()
    statistics = world.invalidations.statistics()
    assert (statistics.write_count, statistics.batch_count, statistics.message_count) == (2, 2, 6)
    assert [cache.statistics().invalidated_count for cache in world.caches] == [2, 2, 2]


def test_a_cache_that_hears_before_the_one_that_it_asks_takes_the_old_value_back() -> None:
    found = []
    for way in (WAY, 1.0):
        world = World(cache_count=2)
        behind, web = world.caches[1], world.web()
        front = Cache(world.env, world.network.connect(web, behind), CacheStore(world.env, Lru(1), ttl=50.0))
        for cache in (front, behind):
            world.invalidations.subscribe(cache)
        world.network.override(world.server, world.web(2), latency=way, one_way=True)
        told = [ask(world.env, front, time) for time in (0.0, 4.75, 8.0)]
        world.write(4.0)  # told of at 4.25 and two ways
        world.env.run()
        found.append(results(told))
    assert found == [["old", "new", "new"], ["old", "old", "old"]]


def test_a_write_that_was_asked_again_is_told_of_whatever_it_has_failed_of_last() -> None:
    world = World()
    retry = Retry(world.env, world.origin, 2, backoff=ConstantBackoff(delay=0.5))
    invalidations = Invalidations(world.env, world.network, retry)
    invalidations.subscribe(world.cache)
    world.read(0.0)
    # The first attempt has done it, though nobody knows.
    world.env.call_later(3.0, world.origin.fails.extend, [TimedOut(), Rejected("origin")])
    write = ask(world.env, world.network.connect(world.writer_host, invalidations), 4.0, "put", value="new")
    told = world.read(6.0)
    world.env.run()
    assert write.result is Rejected
    assert results(told) == ["new"]


def test_a_load_that_was_under_way_at_the_write_is_not_kept() -> None:
    world = World()
    world.invalidations.subscribe(world.cache)
    world.origin.read_time = 1.0
    told = world.read(4.0, 6.0)  # the origin is read at 4.5, and answers at 5
    world.write(4.5)  # which takes effect at 4.625, and is told of at 4.75
    world.env.run()
    assert results(told) == ["old", "new"]
    assert world.cache.statistics().void_count == 1


@pytest.mark.parametrize(
    ("failure", "message_count"), [(ServerError("?"), 1), (TimedOut("?"), 1), (Rejected("origin"), 0)]
)
def test_a_write_that_failed_is_told_of_unless_nothing_was_done(failure: Any, message_count: int) -> None:
    world = World()
    world.invalidations.subscribe(world.cache)
    world.origin.fails = [failure]
    told = world.write(4.0)
    world.env.run()
    assert told.result is type(failure)
    assert world.invalidations.statistics().message_count == message_count


def test_a_write_that_is_cut_short_is_told_of() -> None:
    world = World()
    world.invalidations.subscribe(world.cache)
    told = ask(world.env, Timeout(world.env, world.invalidations, 0.125), 4.0, "put", "a", "new")
    world.env.run()
    assert told == (4.125, TimedOut)
    assert world.invalidations.statistics().message_count == 1


@pytest.mark.parametrize("what", ["host", "host, with resets", "process"])
def test_a_write_in_whose_middle_the_origin_dies_nobody_is_told_of(what: str) -> None:
    world = World()
    subscription = world.invalidations.subscribe(world.cache)
    told = world.read(0.0, 8.0)
    world.write(4.0)

    def crash() -> None:
        if what == "process":
            world.server.crash_process(world.origin)
        else:
            world.server.crash(resets="resets" in what)

    world.env.call_later(4.0 + WAY + 0.1875, crash)  # it has taken effect, and is not answered yet
    world.env.run()
    assert world.origin.values["a"] == "new"
    assert results(told) == ["old", "old"]
    assert world.invalidations.statistics().message_count == 0
    assert subscription.statistics().received_count == 0


def test_writes_are_collected_for_the_batch_time_each_key_once() -> None:
    world = World(batch_time=1.0)
    subscription = world.invalidations.subscribe(world.cache)
    watch = MessageWatch(world.network)
    for time, key in ((4.0, "a"), (4.25, "b"), (4.5, "a"), (6.0, "c")):
        world.write(time, key=key)
    world.env.run()
    arrived = [each.arrives_at for each in watch.messages() if each.role is Role.MESSAGE]
    first_write = 4.0 + WAY + 0.25
    assert arrived == [first_write + 1.0 + WAY, first_write + 2.0 + 1.0 + WAY]
    statistics = world.invalidations.statistics()
    assert (statistics.write_count, statistics.batch_count) == (4, 2)
    assert subscription.statistics().key_count == 3


def test_a_batch_that_is_full_goes_at_once_and_the_next_begins_anew() -> None:
    world = World(batch_time=1.0, batch_count_max=2)
    subscription = world.invalidations.subscribe(world.cache)
    for time, key in ((4.0, "a"), (4.5, "b"), (4.75, "c")):
        world.write(time, key=key)
    world.env.run(until=4.5 + 0.25 + 2 * WAY + 1 / 1024)
    assert subscription.statistics().key_count == 2
    world.env.run(until=4.75 + 0.25 + WAY + 1.0)
    assert subscription.statistics().key_count == 2
    world.env.run()
    assert subscription.statistics().key_count == 3


@pytest.mark.parametrize("restarts", [True, False])
def test_what_waits_for_a_batch_is_lost_in_a_crash_and_counted(restarts: bool) -> None:
    world = World(batch_time=1.0)
    world.invalidations.subscribe(world.cache)
    world.write(4.0)
    world.env.call_later(5.0, world.server.crash_process, world.origin)
    world.env.run(until=5.0)
    assert world.invalidations.statistics().forgotten_count == 0
    world.env.call_later(0.0625, world.invalidations.send, "b")  # which nobody is there to do
    if restarts:
        world.env.call_later(0.125, world.server.restart_process, world.origin)
    world.env.run()
    statistics = world.invalidations.statistics()
    assert (statistics.write_count, statistics.forgotten_count, statistics.message_count) == (1, 1, 0)


def test_an_origin_that_is_told_to_stop_sends_what_it_has_collected_and_collects_no_more() -> None:
    world = World()
    instance = Instance(world.env, world.server, Work(0.25), name="origin")
    invalidations = Invalidations(world.env, world.network, instance, batch_time=1.0)
    subscription = invalidations.subscribe(world.cache)
    writer = world.network.connect(world.writer_host, invalidations)
    for time, key in ((4.0, "a"), (4.375, "b")):  # written a way and 0.25 s later
        ask(world.env, writer, time, "put", key, "new")
    world.env.call_later(4.5, instance.stop)
    world.env.run(until=4.5 + WAY + 1 / 1024)
    assert subscription.statistics().key_count == 1
    world.env.run(until=4.625 + 2 * WAY + 1 / 1024)
    assert subscription.statistics().key_count == 2
    world.env.run()
    statistics = invalidations.statistics()
    assert (statistics.batch_count, statistics.forgotten_count) == (2, 0)


def test_messages_weigh_what_their_keys_weigh() -> None:
    world = World(batch_time=1.0, key_bytes=100)
    subscription = world.invalidations.subscribe(world.cache)
    world.network.override(world.server, world.web(), bandwidth=1_600.0)
    for key in "ab":
        world.write(4.0, key=key)
    arrived = 4.0 + WAY + 0.25 + 1.0 + 200 / 1_600 + WAY
    world.env.run(until=arrived - 1 / 1024)
    assert subscription.statistics().received_count == 0
    world.env.run(until=arrived + 1 / 1024)
    assert subscription.statistics().received_count == 1


def test_heartbeats_are_sent_by_whoever_is_up() -> None:
    world = World(heartbeat=1.0)
    subscription = world.invalidations.subscribe(world.cache)
    world.env.call_later(2.5, world.server.crash)
    world.env.call_later(5.25, world.server.restart)
    world.env.run(until=7.5)
    assert world.invalidations.statistics().heartbeat_count == 2 + 2  # at 1 and 2, at 6.25 and 7.25
    assert subscription.statistics().received_count == 4


def test_heartbeats_and_batches_are_timed_by_the_clock_of_the_origin() -> None:
    world = World(heartbeat=1.0, batch_time=1.0)
    world.invalidations.subscribe(world.cache)
    world.server.skew_clock(world, 0.0, drift=1.0)  # the first heartbeat is awaited already
    world.write(4.0)
    world.env.run(until=3.25)
    assert world.invalidations.statistics().heartbeat_count == 5  # at 1, 1.5, 2, 2.5, 3
    for time, batches in ((4.25 + WAY + 0.4375, 0), (4.25 + WAY + 0.5625, 1)):
        world.env.run(until=time)
        assert world.invalidations.statistics().batch_count == batches


def test_heartbeats_of_the_last_life_end_with_it_however_soon_the_next_one_begins() -> None:
    world = World(heartbeat=1.0)
    world.invalidations.subscribe(world.cache)
    world.env.call_later(2.5, world.server.crash_process, world.origin)
    world.env.call_later(2.75, world.server.restart_process, world.origin)
    world.env.run(until=4.5)
    assert world.invalidations.statistics().heartbeat_count == 2 + 1  # at 1 and 2, at 3.75


def test_datagrams_are_lost_where_tcp_sends_again() -> None:
    arrived = {}
    for transport in ("tcp", "datagram"):
        world = World(seed=1, transport=transport)
        subscription = world.invalidations.subscribe(world.cache, flushes=False)
        for number in range(100):
            world.env.call_later(float(number), world.invalidations.send, "a")
        world.network.override(world.server, world.web(), loss_probability=0.3)
        world.env.run()
        arrived[transport] = subscription.statistics().received_count
    assert arrived["tcp"] == 100
    assert 55 <= arrived["datagram"] <= 85  # 70, with a deviation of 4.6


def test_what_cannot_act_is_refused() -> None:
    env = Environment()
    world = World()
    nowhere = FunctionEndpoint(lambda request: scan(AllKeys()))  # type: ignore[arg-type, return-value]  # never called
    with pytest.raises(TypeError, match="host of the target must be a Host, got None"):
        Invalidations(env, world.network, nowhere)
    with pytest.raises(ValueError, match="batch_time"):
        World(batch_time=-1.0)
    with pytest.raises(ValueError, match="heartbeat"):
        World(heartbeat=0.0)
    with pytest.raises(ValueError, match="batch_count_max"):
        World(batch_count_max=0)
    with pytest.raises(ValueError, match="transport must be one of tcp, datagram, got 'pigeon'"):
        World(transport="pigeon")
    for heartbeat in (None, 2.0):
        with pytest.raises(ValueError, match="silence_max must be > heartbeat"):
            World(heartbeat=heartbeat).invalidations.subscribe(world.cache, silence_max=2.0)
