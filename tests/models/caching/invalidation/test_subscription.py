"""Subscriptions: what a cache does about messages that it has missed, and how it finds out.

A write at time t is told of at t + 1/4 + 2 ways, at the cache.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import Host, Response
from models.caching.eviction import Lru
from models.caching.invalidation import InvalidationMessage, Subscription
from models.caching.servers import CacheServer
from models.caching.stores import CacheStore
from models.network import PacketLoss
from simulator import Environment
from simulator.randomness import Uniform

from .building import WAY, World


def results(told: list[Any]) -> list[Any]:
    return [each.result for each in told]


def hearing(world: World, messages: dict[float, InvalidationMessage], **options: Any) -> Subscription:
    """Return a subscription of the first cache that gets the messages at these times."""
    subscription = Subscription(world.env, world.cache, heard=(0, 0), **options)
    for time, message in messages.items():
        world.env.call_later(time, subscription.receive, message)
    return subscription


def test_a_cache_that_has_missed_a_message_flushes_when_the_next_one_comes() -> None:
    world = World()
    subscription = world.invalidations.subscribe(world.cache)
    told = world.read(0.0, 5.0, 8.0)
    world.cut_off(3.0, 4.5)
    world.write(4.0)
    world.write(6.0, key="b")
    world.env.run()
    assert results(told) == ["old", "old", "new"]
    statistics = subscription.statistics()
    assert (statistics.gap_count, statistics.flush_count, statistics.received_count) == (1, 1, 1)


def test_with_heartbeats_it_need_not_wait_for_the_next_write() -> None:
    world = World(heartbeat=1.0)
    subscription = world.invalidations.subscribe(world.cache)
    hears = 5.0 + WAY
    told = world.read(0.0, hears - 1 / 1024, hears + 1 / 1024)
    world.cut_off(3.5, 4.5)  # of the heartbeats, only that of 4 s is lost
    world.write(4.0)
    world.env.run(until=10.0)
    assert results(told) == ["old", "old", "new"]
    assert subscription.statistics().flush_count == 1


def test_without_flushes_it_counts_what_it_misses_and_goes_on_with_what_it_has() -> None:
    world = World(heartbeat=1.0)
    subscription = world.invalidations.subscribe(world.cache, flushes=False)
    told = world.read(0.0, 8.0, 99.0, 101.0)
    world.cut_off(3.5, 4.5)
    world.write(4.0)
    world.env.run(until=110.0)
    assert results(told) == ["old", "old", "old", "new"]
    statistics = subscription.statistics()
    assert (statistics.gap_count, statistics.flush_count) == (1, 0)
    with pytest.raises(ValueError, match="silence_max must be None where nothing flushes, got 5"):
        World(heartbeat=1.0).invalidations.subscribe(world.cache, flushes=False, silence_max=5.0)


def test_only_the_cache_that_has_missed_something_flushes() -> None:
    world = World(cache_count=2, heartbeat=1.0)
    subscriptions = [world.invalidations.subscribe(cache) for cache in world.caches]
    world.cut_off(3.5, 4.5, number=2)
    world.write(4.0)
    world.env.run(until=8.0)
    assert [each.statistics().flush_count for each in subscriptions] == [0, 1]


def test_messages_that_overtake_each_other_flush_at_once_and_with_patience_do_not() -> None:
    messages = {
        1.0: InvalidationMessage(0, 2, ("b",)),
        1.25: InvalidationMessage(0, 1, ("a",)),
        2.0: InvalidationMessage(0, 3, ("c",)),
    }
    found = []
    for patience in (0.0, 0.125, 0.5):
        world = World()
        subscription = hearing(world, messages, patience=patience)
        world.env.run()
        statistics = subscription.statistics()
        found.append((statistics.gap_count, statistics.flush_count, statistics.late_count))
    assert found == [(1, 1, 1), (1, 1, 1), (0, 0, 0)]


def test_what_is_missing_for_as_long_as_the_patience_is_lost_then_and_once() -> None:
    world = World()
    messages = {1.0: InvalidationMessage(0, 3, ("a",)), 1.25: InvalidationMessage(0, 4, ())}
    subscription = hearing(world, messages, patience=0.5)
    world.env.run(until=1.4375)
    assert subscription.statistics().flush_count == 0
    world.env.run(until=1.5625)
    assert subscription.statistics().gap_count == subscription.statistics().flush_count == 1
    world.env.run()
    # Of number 4 only a heartbeat has told, so that message was missing for itself; the flush was for all.
    assert subscription.statistics().gap_count == 1


def test_a_heartbeat_that_comes_before_its_message_waits_for_that() -> None:
    world = World()
    messages = {1.0: InvalidationMessage(0, 1, ()), 1.25: InvalidationMessage(0, 1, ("a",))}
    subscription = hearing(world, messages, patience=0.5)
    world.env.run()
    statistics = subscription.statistics()
    assert (statistics.gap_count, statistics.late_count, statistics.key_count) == (0, 0, 1)


def test_a_message_that_comes_twice_does_no_harm() -> None:
    world = World()
    message = InvalidationMessage(0, 1, ("a",))
    subscription = hearing(world, {1.0: message, 1.5: message})
    world.env.run()
    statistics = subscription.statistics()
    assert (statistics.received_count, statistics.late_count, statistics.flush_count) == (2, 1, 0)


@pytest.mark.parametrize("what", ["host", "process"])
def test_an_origin_that_has_restarted_flushes_with_its_first_message(what: str) -> None:
    world = World(heartbeat=1.0, batch_time=1.0)
    subscription = world.invalidations.subscribe(world.cache)
    told = world.read(0.0, 5.0, 8.0)
    world.write(4.0)  # told of at 5.25: nobody does

    def crash() -> None:
        if what == "host":
            world.server.crash()
            world.server.restart()
        else:
            world.server.crash_process(world.origin)
            world.server.restart_process(world.origin)

    world.env.call_later(4.75, crash)
    world.env.run(until=10.0)
    assert results(told) == ["old", "old", "new"]
    statistics = subscription.statistics()
    assert (statistics.restart_count, statistics.flush_count, statistics.gap_count) == (1, 1, 0)


def test_a_message_of_the_origins_last_life_invalidates_and_counts_as_nothing_missed() -> None:
    world = World()
    messages = {
        1.0: InvalidationMessage(1, 5, ()),
        2.0: InvalidationMessage(0, 9, ("a",)),
        3.0: InvalidationMessage(1, 6, ("b",)),
    }
    subscription = hearing(world, messages)
    world.env.run()
    statistics = subscription.statistics()
    assert (statistics.restart_count, statistics.gap_count, statistics.late_count) == (1, 0, 1)
    assert statistics.key_count == 2


def test_a_heartbeat_that_is_late_is_not_taken_for_the_message_of_its_number() -> None:
    world = World()
    messages = {1.0: InvalidationMessage(0, 2, ("b",)), 1.25: InvalidationMessage(0, 1, ())}
    subscription = hearing(world, messages, patience=0.5)
    world.env.run()
    statistics = subscription.statistics()
    assert (statistics.gap_count, statistics.flush_count, statistics.late_count) == (1, 1, 0)


def test_a_message_of_the_last_life_is_not_taken_for_the_one_of_this_life_that_is_missing() -> None:
    world = World()
    messages = {
        1.0: InvalidationMessage(1, 3, ()),
        2.0: InvalidationMessage(1, 5, ("a",)),
        2.25: InvalidationMessage(0, 4, ("b",)),
    }
    subscription = hearing(world, messages, patience=0.5)
    world.env.run()
    statistics = subscription.statistics()
    assert (statistics.gap_count, statistics.flush_count, statistics.late_count) == (1, 2, 1)


@pytest.mark.parametrize("what", ["sender", "cache"])
def test_patience_with_what_was_missing_before_a_restart_ends_with_that(what: str) -> None:
    """Message 1 is missing before the restart at 1.25 s and after it; then it comes in time."""
    life = int(what == "sender")
    world = World()
    messages = {
        1.0: InvalidationMessage(0, 2, ("a",)),
        1.5: InvalidationMessage(life, 0, ()),
        1.75: InvalidationMessage(life, 2, ("a",)),
        2.25: InvalidationMessage(life, 1, ("b",)),
    }
    subscription = hearing(world, messages, patience=1.0)
    if what == "cache":
        world.env.call_later(1.25, world.web().crash)
        world.env.call_later(1.25, world.web().restart)
    world.env.run()
    statistics = subscription.statistics()
    assert (statistics.restart_count, statistics.gap_count) == (1, 0)


def test_what_was_given_up_is_late_when_it_comes_though_nothing_was_flushed() -> None:
    world = World()
    messages = {1.0: InvalidationMessage(0, 2, ("a",)), 1.75: InvalidationMessage(0, 1, ("b",))}
    subscription = hearing(world, messages, patience=0.5, flushes=False)
    world.env.run()
    statistics = subscription.statistics()
    assert (statistics.gap_count, statistics.late_count, statistics.flush_count) == (1, 1, 0)


def test_a_cache_that_has_restarted_waits_for_nothing_that_was_missing_before() -> None:
    world = World()
    messages = {
        1.0: InvalidationMessage(0, 2, ("a",)),
        2.0: InvalidationMessage(0, 3, ("b",)),
        2.25: InvalidationMessage(0, 1, ("c",)),
    }
    subscription = hearing(world, messages, patience=5.0)
    world.env.call_later(1.25, world.web().crash)
    world.env.call_later(1.5, world.web().restart)
    world.env.run()
    statistics = subscription.statistics()
    assert (statistics.restart_count, statistics.gap_count, statistics.late_count) == (1, 0, 1)


def test_who_subscribes_later_has_missed_nothing_of_what_was_before() -> None:
    world = World()
    for crash in (False, True):
        world.write(world.env.now + 1.0)
        world.env.run(until=world.env.now + 2.0)
        if crash:
            world.server.crash_process(world.origin)
            world.server.restart_process(world.origin)
            world.write(world.env.now)
            world.env.run(until=world.env.now + 2.0)
    subscription = world.invalidations.subscribe(world.cache)
    world.write(world.env.now + 1.0)
    world.env.run()
    statistics = subscription.statistics()
    assert (statistics.received_count, statistics.restart_count, statistics.flush_count) == (1, 0, 0)


def test_patience_is_that_with_which_it_has_subscribed() -> None:
    flushes = []
    for patience in (0.0, 2.0):
        world = World()
        subscription = world.invalidations.subscribe(world.cache, patience=patience)
        world.network.override(world.server, world.web(), latency=1.0, one_way=True)
        back = partial(world.network.override, world.server, world.web(), latency=WAY, one_way=True)
        world.env.call_later(4.5, back)
        world.write(4.0)
        world.write(4.75)  # which overtakes the first
        world.env.run()
        flushes.append(subscription.statistics().flush_count)
    assert flushes == [1, 0]


def test_patience_and_silence_are_told_by_the_clock_of_the_cache() -> None:
    world = World(heartbeat=1.0)
    world.web().skew_clock(world, 0.0, drift=1.0)
    silent = world.invalidations.subscribe(world.cache, silence_max=2.5)
    patient = hearing(world, {1.0: InvalidationMessage(0, 2, ("a",))}, patience=0.5)
    world.cut_off(3.5, 9.5)  # last heard of at 3 s and a way
    for time, found in ((1.1875, (0, 0)), (1.3125, (1, 0)), (4.25, (1, 0)), (4.25 + 2 * WAY, (1, 1))):
        world.env.run(until=time)
        assert (patient.statistics().gap_count, silent.statistics().silence_count) == found


def test_a_cache_that_has_restarted_flushes_with_the_first_message() -> None:
    """It cannot know what was sent between its restart and then."""
    world = World(heartbeat=4.0)
    subscription = world.invalidations.subscribe(world.cache)
    world.env.call_later(1.0, world.web().crash)
    world.env.call_later(2.0, world.web().restart)
    told = world.read(2.25, 3.75, 4.5)
    world.cut_off(3.0, 3.5)
    world.write(2.75)  # told of at 3, when that is lost
    world.env.run(until=6.0)
    assert results(told) == ["old", "old", "new"]
    statistics = subscription.statistics()
    assert (statistics.restart_count, statistics.gap_count) == (1, 0)


def test_silence_flushes_once_and_what_was_missed_flushes_again_when_it_is_over() -> None:
    world = World(heartbeat=1.0)
    subscription = world.invalidations.subscribe(world.cache, silence_max=2.5)
    world.cut_off(3.5, 9.5)  # last heard of at 3 s and a way
    world.write(4.0)
    world.env.run(until=5.5)
    assert subscription.statistics().silence_count == 0
    world.env.run(until=5.5 + 2 * WAY)
    assert subscription.statistics().silence_count == 1
    world.env.run(until=9.75)
    assert subscription.statistics().flush_count == 1
    world.env.run(until=12.0)
    statistics = subscription.statistics()
    assert (statistics.silence_count, statistics.gap_count, statistics.flush_count) == (1, 1, 2)
    world.cut_off(0.5, 100.0)
    world.env.run(until=20.0)
    assert subscription.statistics().silence_count == 2


def test_silence_is_counted_from_the_restart_of_the_cache_and_once() -> None:
    world = World(heartbeat=1.0)
    subscription = world.invalidations.subscribe(world.cache, silence_max=2.5)
    world.env.call_later(3.5, world.web().crash)
    world.env.call_later(3.75, world.web().restart)
    world.cut_off(3.5, 100.0)
    world.env.run(until=6.0)
    assert subscription.statistics().silence_count == 0
    world.env.run(until=20.0)
    assert subscription.statistics().silence_count == 1


def test_a_cache_that_is_down_hears_no_silence() -> None:
    world = World(heartbeat=1.0)
    subscription = world.invalidations.subscribe(world.cache, silence_max=2.5)
    world.env.call_later(1.5, world.web().crash)
    world.env.run(until=10.0)
    statistics = subscription.statistics()
    assert (statistics.silence_count, statistics.flush_count) == (0, 0)


def test_what_comes_while_the_cache_is_down_is_dropped() -> None:
    world = World()
    subscription = hearing(world, {1.0: InvalidationMessage(0, 1, ("a",))})
    world.web().crash_process(world.cache.home)
    world.env.run()
    statistics = subscription.statistics()
    assert (statistics.received_count, statistics.dropped_count) == (0, 1)


def test_it_needs_a_cache_with_a_host() -> None:
    env = Environment()
    world = World()
    with pytest.raises(ValueError, match="patience"):
        Subscription(env, world.cache, heard=(0, 0), patience=-1.0)
    world.cache.host = None
    with pytest.raises(TypeError, match="host of the cache must be a Host, got None"):
        Subscription(env, world.cache, heard=(0, 0))
    with pytest.raises(TypeError, match="cache must be a Cache or a CacheServer, got Origin"):
        Subscription(env, world.origin, heard=(0, 0))  # type: ignore[arg-type]  # that is the misuse


def test_a_cache_server_is_told_as_any_cache_and_a_lease_that_is_out_becomes_void() -> None:
    world = World(heartbeat=1.0)
    host = Host(world.env, "cache")
    store = CacheStore(world.env, Lru(10), ttl=100.0, name="cache")
    server = CacheServer(world.env, host, store, name="cache")
    subscription = world.invalidations.subscribe(server)
    for key in ("a", "b"):
        store.set(key, Response("old"))
    token = server.leases.take("c")
    assert token is not None
    world.write(1.0)
    world.write(1.0, key="c")
    world.env.run(until=2.0)
    assert [key in store for key in ("a", "b")] == [False, True]
    assert not server.leases.redeem("c", token)
    server.leases.take("d")
    rule = world.network.partition(world.server, host, one_way=True)
    world.write(2.5)
    world.env.run(until=3.5)
    world.network.heal(rule)
    world.env.run(until=4.5)  # a heartbeat tells of what was lost
    assert (len(store), server.leases.out_count) == (0, 0)
    server.crash()
    world.write(5.0)
    world.env.call_later(1.5, server.restart)
    world.env.run(until=8.0)
    statistics = subscription.statistics()
    assert (statistics.gap_count, statistics.flush_count, statistics.restart_count) == (1, 2, 1)
    assert statistics.dropped_count >= 1


@pytest.mark.slow
@given(st.integers(0, 2**16), st.sampled_from([0.0, 0.5, 2.0]))
def test_however_messages_are_lost_doubled_and_late_a_flushing_cache_ends_with_nothing_old(
    seed: int, patience: float
) -> None:
    """When the network is well again, heartbeats find every loss: each key that is held is as it was last."""
    world = World(seed=seed, heartbeat=1.0, transport="datagram")
    subscription = world.invalidations.subscribe(world.cache, patience=patience)
    world.network.override(world.server, world.web(), latency=Uniform(0.0, 1.5), duplicate_probability=0.2)
    loss = PacketLoss(world.env, world.server, world.web(), 0.4, name="loss", one_way=True)
    world.network.install(loss)
    for number in range(20):
        key = f"{number % 3}"
        world.write(0.5 * number, number, key=key)
        world.read(0.5 * number + 0.125, key=key)
    world.env.call_later(11.0, world.network.heal, loss)
    world.env.run(until=20.0)
    for key in world.cache.store:
        entry = world.cache.store.stale(key)
        assert entry is not None
        assert entry.response.value == world.origin.values.get(key)
    statistics = subscription.statistics()
    assert statistics.flush_count == statistics.gap_count
