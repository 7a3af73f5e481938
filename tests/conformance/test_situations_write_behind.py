"""What an upgrade, and a service that shrinks, do to what its instances have acknowledged and not written.

Each instance keeps what it is told in a cache of its own, written behind to one database that all share: by
itself it would write an hour later. The network takes 10 ms one way. Each write has a key of its own.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from models import Call, Host, Network, Request, System
from models.caching.eviction import Lru
from models.caching.patterns import Cache
from models.caching.patterns.write_behind import WriteBehind, WriteBehindQueue
from models.caching.stores import CacheStore
from models.deployment import (
    BlueGreen,
    Bounds,
    Deployment,
    Draining,
    RollingUpgrade,
    Routes,
    Strategy,
    Version,
)
from models.infrastructure import HostPool, HostType
from models.instance_groups import InstanceGroup
from models.outcome import Outcome
from models.replication import SingleNodeStore
from models.resilience import ConstantBackoff, Timeout
from models.services import Instance, Step
from models.services.step import Handler
from models.workload import Client
from simulator import Environment

from .world import ONE_WAY

HOUR = 3_600.0
RULE = WriteBehind(flush_interval=HOUR, backoff=ConstantBackoff(delay=0.5))


@dataclass(frozen=True, slots=True)
class _FromItsCache(Step):
    """Answers what the cache does, which lives in the instance."""

    cache: Cache

    def handler(self, instance: Instance) -> Handler:
        self.cache.live_in(instance)

        def handle(instance: Instance, request: Request) -> Call:
            return (yield from self.cache.call(request))

        return handle


class Street:
    """Users on an edge host with a balancer, the shop, and the database."""

    def __init__(self) -> None:
        self.env = env = Environment(seed=1)
        self.system = system = System(env, network=Network(env, latencies=ONE_WAY))
        self.store = SingleNodeStore(env, system.network, system.add_host("database"), name="database")
        self.queues: list[WriteBehindQueue] = []
        self.pool = HostPool(env, "host", HostType(), make_host=system.add_host)
        there = [self.pool.provision(boots=False) for _ in range(3)]
        self.shop = system.add_service("shop", there, self.make_handler, start_time=1.0)
        edge = system.add_host("edge")
        self.routes = Routes(system, self.shop)
        self.balancer = self.routes.balanced(edge)
        self.client = Client(env, self.balancer)
        self.acknowledged: set[int] = set()
        self._number = count(1)

    def make_handler(self, host: Host) -> Step:
        way = Timeout(self.env, self.store.client(host), 0.25)
        cache = Cache(self.env, way, CacheStore(self.env, Lru(1_000)), writes=RULE)
        self.queues.append(WriteBehindQueue.of(cache))
        return _FromItsCache(cache)

    def write(self, *times: float) -> None:
        """Let a user write at each of the times; what is acknowledged is noted."""
        for time in times:
            self.env.call_later(time, self.env.launch, self._write(next(self._number)))

    def _write(self, number: int) -> Generator[Any, Any, None]:
        outcome = yield from self.client.send(Request("write", number, number))
        if outcome == Outcome.OK:
            self.acknowledged.add(number)

    @property
    def written(self) -> set[int]:
        """The keys that the database has."""
        (contents,) = self.store.contents().values()
        return set(contents)

    @property
    def waiting(self) -> set[int]:
        """The keys that are dirty."""
        return {key for queue in self.queues for key in queue._dirty}

    @property
    def lost(self) -> list[tuple[int, float]]:
        """What was lost, and when."""
        return [(each.key, each.lost_at) for queue in self.queues for each in queue.lost]


UPGRADES = {
    "rolling": RollingUpgrade(),
    "in place": RollingUpgrade(bounds=Bounds(max_surge=0, max_unavailable=1)),
    "blue-green": BlueGreen(keep=0.5),
}


@pytest.mark.parametrize("strategy", UPGRADES.values(), ids=UPGRADES)
def test_upgrade_loses_no_write_that_was_acknowledged_and_waited_for_nothing_but_its_flush(
    strategy: Strategy,
) -> None:
    street = Street()
    deployment = Deployment(
        street.system, street.shop, host=street.system.add_host("controller"), routes=street.routes
    )
    street.write(*(0.2 * number for number in range(60)))
    version = Version(name="2", make_handler=street.make_handler)
    street.env.call_later(5.0, deployment.upgrade, version, strategy)
    street.env.run(until=30.0)
    assert [instance.version for instance in street.shop.instances] == ["2"] * 3
    assert len(street.queues) == 6
    assert [len(queue) for queue in street.queues[:3]] == [0] * 3
    assert street.queues[0].statistics().flushed_count > 5
    assert street.lost == []
    assert street.acknowledged == street.written | street.waiting == set(range(1, 61))
    assert street.written & street.waiting == set()


@pytest.mark.parametrize("linger", [0.0, 0.5])
def test_service_that_shrinks_writes_what_those_had_who_go(linger: float) -> None:
    street = Street()
    group = InstanceGroup(street.env, street.shop, street.pool, 3, linger=linger)
    street.write(*(0.1 * number for number in range(30)))
    street.env.call_later(2.0, group.scale_to, 1)
    street.env.run(until=4.0)
    assert len(street.pool.hosts) == len(street.shop.instances) == 1
    assert sorted(len(queue) > 0 for queue in street.queues) == [False, False, True]
    assert street.lost == []
    assert street.acknowledged == street.written | street.waiting
    assert len(street.written) >= 13  # two thirds of the first twenty


def test_while_the_database_is_away_a_stop_takes_its_grace_and_loses_what_it_could_not_write() -> None:
    street = Street()
    group = InstanceGroup(street.env, street.shop, street.pool, 3, grace=4.0)
    street.write(*(0.1 * number for number in range(15)))
    database = street.store.node.host
    street.env.call_later(1.8, database.crash)
    street.env.call_later(2.0, group.scale_to, 0)
    street.env.run(until=5.5)
    assert len(street.pool.hosts) == 3
    assert street.lost == []
    street.env.run(until=7.0)
    database.restart()
    street.env.run(until=20.0)
    assert street.pool.hosts == ()
    assert [number for number, _ in sorted(street.lost)] == sorted(street.acknowledged) == list(range(1, 16))
    assert {time for _, time in street.lost} == {6.0}
    statistics = [queue.statistics() for queue in street.queues]
    assert sum(each.lost_count for each in statistics) == 15
    assert street.written == set()


def test_a_database_that_comes_back_within_the_grace_gets_it_all() -> None:
    street = Street()
    group = InstanceGroup(street.env, street.shop, street.pool, 3, grace=10.0)
    street.write(*(0.1 * number for number in range(15)))
    database = street.store.node.host
    street.env.call_later(1.8, database.crash)
    street.env.call_later(2.0, group.scale_to, 0)
    street.env.call_later(7.0, database.restart)
    street.env.run(until=9.0)
    assert street.pool.hosts == ()
    assert street.lost == []
    assert street.written == street.acknowledged == set(range(1, 16))


def test_upgrade_with_too_little_grace_loses_what_was_dirty_and_says_so() -> None:
    street = Street()
    deployment = Deployment(
        street.system,
        street.shop,
        host=street.system.add_host("controller"),
        routes=street.routes,
        draining=Draining(linger=0.0, grace=0.0),
    )
    street.write(*(0.05 * number for number in range(20)))
    street.env.call_later(
        5.0, deployment.upgrade, Version(name="2", make_handler=street.make_handler), RollingUpgrade()
    )
    street.env.run(until=30.0)
    assert sorted(number for number, _ in street.lost) == sorted(street.acknowledged) == list(range(1, 21))
    assert street.written == set()
