"""Locks made at home: what they do well enough, and each way in which two hold one at once."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import Host, Network, Rejected, ServerError
from models.consensus import FencedResource, KeyLock
from models.consensus.lock_service import Fencing, Versioned, fenced_read, fenced_write
from models.replication import SingleNodeStore, read
from simulator import Environment

TTL = 1.0


class World:
    """Three clients on hosts of their own, and a store."""

    def __init__(self, **options: Any) -> None:
        self.env = Environment(seed=1)
        network = Network(self.env, latencies=0.001)
        self.store = SingleNodeStore(self.env, network, Host(self.env, "db"))
        self.hosts = [Host(self.env, f"web-{number}") for number in range(1, 4)]
        self.clients = [
            KeyLock(host, self.store.client(host), ttl=TTL, name=host.name, **options) for host in self.hosts
        ]

    def get(self, number: int, *, waits: bool = True) -> list[Any]:
        """Let a client get the lock; what is returned will have what it got."""
        got: list[Any] = []

        def acquire() -> Generator[Any, Any, None]:
            got.append((yield from self.clients[number].acquire("stock", waits=waits)))

        self.hosts[number].start(acquire())
        self.run(0.1)
        return got

    def run(self, duration: float) -> None:
        """Let some time pass."""
        self.env.run(self.env.now + duration)


def test_one_at_a_time_while_nobody_is_late() -> None:
    world = World()
    (held,) = world.get(0)
    assert held.is_held
    assert held.token is None
    assert world.get(1, waits=False) == [None]
    waiting = world.get(1)
    assert waiting == []
    world.clients[0].release(held)
    world.run(0.1)
    assert waiting[0].is_held


def test_of_two_who_find_the_key_absent_at_once_one_gets_it() -> None:
    world = World()
    got: list[Any] = []

    def acquire(number: int) -> Generator[Any, Any, None]:
        got.append((yield from world.clients[number].acquire("stock", waits=False)))

    for number in (0, 1):
        world.hosts[number].start(acquire(number))
    world.run(0.1)
    assert sorted(held is None for held in got) == [False, True]


def test_key_that_cannot_be_deleted_stays_until_its_time_is_up() -> None:
    world = World()
    (held,) = world.get(0)
    world.store.node.crash()
    world.clients[0].release(held)
    world.run(0.1)
    world.store.node.restart()
    world.run(0.1)
    assert world.get(1, waits=False) == [None]
    world.run(TTL)
    assert world.get(1, waits=False)[0].is_held


def test_holder_who_dies_blocks_nobody_for_ever() -> None:
    world = World()
    world.get(0)
    world.hosts[0].crash()
    waiting = world.get(1)
    world.run(TTL)
    assert waiting[0].is_held


@pytest.mark.parametrize("checks_release", [False, True])
def test_late_holder_deletes_the_lock_of_his_successor_unless_he_looks(checks_release: bool) -> None:
    world = World(checks_release=checks_release)
    (late,) = world.get(0)
    world.run(TTL)
    (successor,) = world.get(1)
    assert not late.is_held
    world.clients[0].release(late)
    world.run(0.05)
    third = world.get(2, waits=False)
    assert successor.is_held
    assert (third == [None]) == checks_release


@pytest.mark.parametrize("offset", [0.0, 2.0])
def test_time_is_up_by_the_clock_of_whoever_wants_it(offset: float) -> None:
    world = World()
    (held,) = world.get(0)
    if offset:
        world.hosts[1].skew_clock("test", offset)
    taken = world.get(1, waits=False)
    assert held.is_held
    assert (taken[0] is not None) == (offset > TTL)


def test_nobody_waits_in_order() -> None:
    world = World(retry_pause=0.3)
    (held,) = world.get(0)
    first = world.get(1)
    world.run(0.05)
    world.clients[0].release(held)
    world.run(0.05)
    assert first == []
    assert world.get(2, waits=False)[0] is not None


def test_resource_knows_what_it_is_asked() -> None:
    env = Environment(seed=1)
    host = Host(env, "files")
    resource = FencedResource(host, work=0.1)
    found: list[Any] = []

    def use() -> Generator[Any, Any, None]:
        found.append((yield from resource.call(fenced_read("a", 3))).value)
        yield from resource.call(fenced_write("a", "x", 3, 0))
        found.append((yield from resource.call(fenced_read("a", 3))).value)
        for request in (fenced_read("a", 2), fenced_write("a", "y", None), read("a")):
            try:
                yield from resource.call(request)
            except (Rejected, ServerError) as failure:
                found.append(str(failure))
        yield from resource.call(fenced_write("b", "y", 1))  # each key has a fence of its own

    env.process(use())
    env.run()
    assert found[:2] == [Versioned(None, 0), Versioned("x", 1)]
    assert found[2:] == [
        "rejected by resource: token 2 is older than 3",
        "rejected by resource: token None is older than 3",
        "resource takes a fenced_read or a fenced_write, got 'read'",
    ]
    # The last of these is turned away before it costs work.
    assert env.now == pytest.approx(0.6)
    statistics = resource.statistics()
    assert (statistics.read_count, statistics.write_count, statistics.refused_count) == (2, 2, 2)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda host: FencedResource(host, fencing="none"), "fencing must be a Fencing, got 'none'"),
        (lambda host: FencedResource(host, work=-1.0), "work must be finite and >= 0 s, got -1.0"),
    ],
)
def test_misuse_is_said_in_plain_words(make: Any, words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        make(Host(Environment(seed=1), "files"))


def test_resource_that_looks_at_nothing_counts_what_is_late() -> None:
    env = Environment(seed=1)
    resource = FencedResource(Host(env, "files"), fencing=Fencing.NONE)

    def use() -> Generator[Any, Any, None]:
        yield from resource.call(fenced_write("a", "new", 2, 0))
        yield from resource.call(fenced_write("a", "late", 1, 0))
        yield from resource.call(fenced_write("a", "late again", 1, 2))
        yield from resource.call(fenced_write("a", "unlocked", None, 3))

    env.process(use())
    env.run()
    assert (resource.statistics().late_count, resource.statistics().lost_update_count) == (2, 1)


@pytest.mark.parametrize("what", ["process", "host"])
def test_fence_is_where_it_was_after_a_restart_of_what_it_protects(what: str) -> None:
    env = Environment(seed=1)
    host = Host(env, "files")
    resource = FencedResource(host)
    way = Network(env, latencies=0.001).connect(Host(env, "web"), resource)
    found: list[Any] = []

    def use(token: int) -> Generator[Any, Any, None]:
        try:
            yield from way.call(fenced_write("a", token, token))
        except Rejected as failure:
            found.append(str(failure))

    env.process(use(2))
    env.run(1.0)
    if what == "process":
        host.crash_process(resource)
        host.restart_process(resource)
    else:
        host.crash()
        host.restart()
    env.run(2.0)
    env.process(use(1))
    env.run(3.0)
    assert found == ["rejected by resource: token 1 is older than 2"]
    assert resource.value("a") == Versioned(2, 1)
