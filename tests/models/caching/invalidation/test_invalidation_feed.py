"""The feed: what has become durable is told of, whoever wrote it and whatever has died since.

A way takes 1/64 s, the feed asks every 1/2 s; its answer is there two ways later, and told a way after that.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from models import Endpoint, Host, Network, ServerError
from models.caching.eviction import Lru
from models.caching.invalidation import InvalidationFeed, Subscription
from models.caching.patterns import Cache
from models.caching.stores import CacheStore
from models.network import Role
from models.observers.messages import MessageWatch
from models.replication import QuorumStore, SingleNodeStore
from models.storage import Disk
from simulator import Environment
from tests.models.caching.patterns.origin import Told, ask

from .building import WAY

INTERVAL = 0.5
SEEN_WITHIN = INTERVAL + 5 * WAY
"""Until a change is told of: who asks has just been told nothing."""


class World:
    """A store on "server" that holds "old" under "a", a feed beside it, and a cache at "web"."""

    def __init__(self, **settings: Any) -> None:
        self.env = Environment(seed=1)
        self.network = Network(self.env, latencies=WAY)
        self.server, self.feed_host = Host(self.env, "server"), Host(self.env, "feed")
        self.web, self.editor_host = Host(self.env, "web"), Host(self.env, "editor")
        self.disk = Disk(self.server)
        self.store = SingleNodeStore(
            self.env, self.network, self.server, contents={"a": "old"}, disk=self.disk, name="store"
        )
        self.feed = InvalidationFeed(
            self.env, self.feed_host, self.network, store=self.store, interval=INTERVAL, **settings
        )
        way: Endpoint = self.store.client(self.web)
        self.cache = Cache(self.env, way, CacheStore(self.env, Lru(10), ttl=100.0))
        self.subscription: Subscription = self.feed.subscribe(self.cache)
        self.editor = self.store.client(self.editor_host)

    def read(self, *times: float) -> list[Told]:
        return [ask(self.env, self.cache, time, "read") for time in times]

    def write(self, time: float, value: Any = "new", operation: str = "write") -> Told:
        return ask(self.env, self.editor, time, operation, "a", value)


def results(told: list[Told]) -> list[Any]:
    return [each.result for each in told]


def test_what_anybody_writes_is_told_of_within_an_interval() -> None:
    world = World()
    told = world.read(2.0, 4.0, 4.0 + SEEN_WITHIN)
    world.write(4.0)
    world.env.run(until=10.0)
    assert results(told) == ["old", "old", "new"]
    sent = world.feed.told()
    assert (sent.write_count, sent.batch_count) == (1, 1)
    assert world.cache.statistics().invalidated_count == 1 + 1  # and the flush at the beginning


def test_a_key_that_is_written_twice_between_two_questions_is_told_of_once() -> None:
    world = World()
    for time in (4.0, 4.0625, 4.125):
        world.write(time, str(time))
    world.env.run(until=10.0)
    assert world.feed.told().write_count == 1


def test_a_deletion_is_a_change() -> None:
    world = World()
    told = world.read(2.0, 5.0)
    world.write(4.0, None, "delete")
    world.env.run(until=10.0)
    assert results(told) == ["old", None]


def test_a_write_whose_writer_has_died_is_told_of() -> None:
    world = World()
    told = world.read(2.0, 5.0)
    written = world.write(4.0)
    assert written.process is not None
    world.editor_host.bind(written.process)
    world.env.call_later(4.0 + WAY, world.editor_host.crash)
    world.env.run(until=10.0)
    assert written.result is None
    assert results(told) == ["old", "new"]


def test_a_write_of_which_the_writer_never_heard_is_told_of() -> None:
    world = World()
    told = world.read(2.0, 5.0)
    written = world.write(4.0)
    rules: list[Any] = []
    world.env.call_later(
        3.0, lambda: rules.append(world.network.partition(world.server, world.editor_host, one_way=True))
    )
    world.env.run(until=10.0)
    assert written == (None, None)
    assert results(told) == ["old", "new"]


@pytest.mark.parametrize("what", ["host", "process"])
def test_a_feed_that_restarts_has_the_caches_flushed(what: str) -> None:
    world = World()
    told = world.read(2.0, 5.0, 7.0)
    crashing = world.feed_host if what == "host" else world.feed
    world.env.call_later(3.0, crashing.crash)
    world.write(4.0)
    world.env.call_later(6.0, crashing.restart)
    world.env.run(until=10.0)
    assert results(told) == ["old", "old", "new"]
    statistics = world.subscription.statistics()
    assert (statistics.restart_count, statistics.flush_count) == (2, 2)


def test_a_store_that_is_cut_off_is_asked_again_and_nothing_is_missed() -> None:
    world = World(patience=0.25)
    told = world.read(2.0, 8.0)
    rules: list[Any] = []
    world.env.call_later(3.0, lambda: rules.append(world.network.partition(world.server, world.feed_host)))
    world.env.call_later(6.0, lambda: world.network.heal(rules.pop()))
    world.write(4.0)
    world.env.run(until=10.0)
    assert results(told) == ["old", "new"]
    assert world.subscription.statistics().flush_count == 1  # that of the beginning


def test_it_asks_and_waits_by_its_own_clock() -> None:
    world = World(patience=0.25)
    watch = MessageWatch(world.network)
    world.feed_host.skew_clock(world, 0.0, drift=1.0)
    world.env.call_later(4.0, lambda: world.network.partition(world.server, world.feed_host, one_way=True))
    world.env.run(until=8.0)
    asked = [each.sent_at for each in watch.messages() if each.role is Role.REQUEST]
    rounds = set(pairwise(asked))
    assert {later - before for before, later in rounds if later < 4.0} == {INTERVAL / 2 + 2 * WAY}
    assert {later - before for before, later in rounds if before > 4.0} == {INTERVAL / 2 + 0.125}


def test_a_store_with_another_history_has_the_caches_flushed() -> None:
    world = World()
    told = world.read(2.0, 8.0)

    def lose_everything() -> None:
        world.disk.destroy()
        world.server.restart()

    world.env.call_later(4.0, lose_everything)
    world.env.run(until=10.0)
    assert results(told) == ["old", None]
    assert world.subscription.statistics().restart_count >= 2


def test_a_store_whose_scans_have_no_mark_has_everything_flushed_every_time() -> None:
    env = Environment(seed=1)
    network = Network(env, latencies=WAY)
    hosts = [Host(env, f"node {number}") for number in range(3)]
    store = QuorumStore(env, network, hosts, name="store")
    feed = InvalidationFeed(env, Host(env, "feed"), network, store=store, interval=1.0)
    cache = Cache(env, store.client(Host(env, "web")), CacheStore(env, Lru(1)))
    subscription = feed.subscribe(cache)
    env.run(until=5.5)
    assert subscription.statistics().flush_count >= 5


def test_heartbeats_tell_of_a_lost_message() -> None:
    world = World(heartbeat=1.0, transport="datagram")
    told = world.read(2.0, 5.0, 7.0)
    rules: list[Any] = []
    world.env.call_later(
        3.875, lambda: rules.append(world.network.partition(world.feed_host, world.web, one_way=True))
    )
    world.env.call_later(4.75, lambda: world.network.heal(rules.pop()))
    world.write(4.0)
    world.env.run(until=10.0)
    assert results(told)[0] == "old"
    assert results(told)[-1] == "new"
    assert world.subscription.statistics().gap_count == 1


def test_it_answers_nobody_and_refuses_what_cannot_act() -> None:
    world = World()
    told = ask(world.env, world.network.connect(world.web, world.feed), 1.0)
    world.env.run(until=2.0)
    assert issubclass(told.result, ServerError)
    for name in ("interval", "patience"):
        with pytest.raises(ValueError, match=name):
            InvalidationFeed(
                world.env,
                Host(world.env, name),
                world.network,
                store=world.store,
                **{"interval": 1.0, name: 0.0},  # type: ignore[arg-type]  # they are numbers
            )
    with pytest.raises(TypeError, match="store must be a Store"):
        InvalidationFeed(world.env, Host(world.env, "x"), world.network, store=world.cache, interval=1.0)  # type: ignore[arg-type]  # that is the misuse
