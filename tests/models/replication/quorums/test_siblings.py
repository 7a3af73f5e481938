"""A store that keeps siblings: what one client has not seen another's write does not overwrite."""

from __future__ import annotations

from typing import Any

import pytest

from models.replication import delete, read, write
from models.replication.quorums import (
    AntiEntropy,
    Detection,
    HintedHandoff,
    Level,
    Versioning,
    at_level,
    dynamo,
)
from models.storage import PeriodicSync, SyncEachWrite
from tests.models.replication.quorums.building import ROUND, WRITTEN, World, found, plain


def keeping_siblings(**changes: Any) -> World:
    return World(plain(versioning=Versioning.SIBLINGS, **changes))


def test_a_client_that_reads_before_it_writes_replaces_what_it_has_read() -> None:
    world = keeping_siblings()
    client = world.client()
    told = [
        world.call(client, request, at=float(at))
        for at, request in enumerate([write("x", 1), read("x"), write("x", 2), read("x")])
    ]
    world.env.run(until=10.0)
    assert [each.outcome for each in told] == [WRITTEN, found(1), WRITTEN, found(2)]


def test_what_a_client_has_read_is_forgotten_with_its_host() -> None:
    world = keeping_siblings()
    client = world.client()
    world.put(1)
    world.call(client, read("x"), at=2.0)
    world.at(4.0, world.client_host.crash)
    world.at(5.0, world.client_host.restart)
    world.call(client, write("x", 2), at=6.0)
    world.env.run(until=8.0)
    assert world.get() == found((1, 2))


@pytest.mark.parametrize("other", [0, 1])
def test_two_clients_that_have_read_nothing_leave_both_values(other: int) -> None:
    world = keeping_siblings()
    world.call(world.client(0), write("x", 1))
    world.call(world.client(other), write("x", 2))
    world.env.run(until=2.0)
    value = world.get()
    assert sorted(value[1]) == [1, 2]
    assert len({repr(held) for held in world.held("x")}) == 1


def test_two_at_one_coordinator_that_waits_for_its_disk_leave_both_values() -> None:
    world = keeping_siblings(durability=SyncEachWrite(), sync_time=0.1)
    world.call(world.client(0), write("x", 1))
    world.call(world.client(0), write("x", 2))
    world.env.run(until=3.0)
    assert world.get() == found((1, 2))


def test_who_has_read_siblings_resolves_them_with_a_write() -> None:
    world = keeping_siblings()
    world.call(world.client(0), write("x", 1))
    world.call(world.client(1), write("x", 2))
    resolver = world.client(2)
    world.call(resolver, read("x"), at=2.0)
    world.call(resolver, write("x", 3), at=4.0)
    world.env.run(until=6.0)
    assert world.get() == found(3)


def test_what_a_delete_has_not_seen_stays() -> None:
    world = keeping_siblings()
    first, second = world.client(0), world.client(1)
    world.call(first, write("x", 1))
    world.call(first, read("x"), at=1.0)
    world.call(second, write("x", 2), at=2.0)
    world.call(first, delete("x"), at=3.0)
    world.env.run(until=5.0)
    assert world.get() == found(2)


def test_a_skewed_clock_loses_nothing() -> None:
    """Where the last writer's value would win, the second of these would be lost."""
    world = keeping_siblings()
    world.hosts[1].skew_clock("test", -100.0)
    first, second = world.client(0), world.client(1)
    world.call(first, write("x", "first"))
    world.call(second, read("x"), at=2.0)
    world.call(second, write("x", "second"), at=4.0)
    world.env.run(until=6.0)
    assert world.get() == found("second")


def test_both_sides_of_a_cut_write_and_both_values_are_there_when_it_is_healed() -> None:
    world = keeping_siblings(write_level=1, read_level=1, anti_entropy=AntiEntropy(interval=1.0))
    world.put("before")
    cut = world.network.partition(world.hosts[0], world.hosts[1:])
    for place in (0, 1):
        client = world.client(place)
        world.call(client, read("x"), at=2.0)
        world.call(client, write("x", f"side {place}"), at=3.0)
    world.at(10.0, world.network.heal, cut)
    world.env.run(until=30.0)
    assert world.get(node=2) == found(("side 0", "side 1"))
    assert len({repr(held) for held in world.held("x")}) == 1


def test_a_coordinator_that_does_not_keep_the_key_passes_the_write_on() -> None:
    world = World(plain(versioning=Versioning.SIBLINGS, replicas=2, write_level=2, read_level=2), count=4)
    replicas = world.store.replicas_of("x")
    outsider = next(place for place, node in enumerate(world.nodes) if node not in replicas)
    world.put(1, node=outsider)
    assert world.get(node=outsider) == found(1)
    replicas[0].crash()
    told = world.call(world.client(outsider), write("x", 2), at=world.env.now)
    world.env.run(until=world.env.now + 10.0)
    assert told.outcome == "TimedOut"  # the other one coordinates, and misses an acknowledgement


@pytest.mark.slow
def test_with_all_replicas_away_a_sloppy_store_takes_writes_and_gives_no_dot_twice() -> None:
    world = World(dynamo(anti_entropy=None, hints=HintedHandoff(interval=1.0)), count=6, seed=1)
    replicas = world.store.replicas_of("x")
    one, other = [place for place, node in enumerate(world.nodes) if node not in replicas][:2]
    told = []
    for at, value in ((100.0, "first"), (300.0, "later")):
        for replica in replicas:
            world.at(at - 60.0, replica.host.crash)
            world.at(at + 60.0, replica.host.restart)
        told += [
            world.call(world.client(place), write("x", f"{value} {place}"), at=at) for place in (one, other)
        ]
        world.env.run(until=at + 120.0)
    assert [each.outcome for each in told] == [WRITTEN] * 4
    values = sorted(f"{value} {place}" for value in ("first", "later") for place in (one, other))
    for replica in replicas:
        assert sorted(replica.contents()["x"]) == values  # type: ignore[attr-defined] # replicas are nodes


def test_a_write_that_is_local_is_not_passed_on_to_another_region() -> None:
    settings = plain(
        versioning=Versioning.SIBLINGS, replicas={"region-0": 1, "region-1": 3}, detection=Detection()
    )
    world = World(settings, regions=(2, 3))
    (near,) = [replica for replica in world.store.replicas_of("x") if replica.region == "region-0"]
    outsider = next(place for place in (0, 1) if world.nodes[place] is not near)
    told = []
    for at in (1.0, 60.0):
        local = at_level(write("x", at), Level.LOCAL_QUORUM)
        told.append(world.call(world.client(outsider), local, at=at))
        world.env.run(until=at + 5.0)
        if at == 1.0:
            near.host.crash()
    assert [each.outcome for each in told] == [WRITTEN, "Unavailable"]


def test_a_coordinator_that_has_forgotten_a_dot_does_not_give_it_again() -> None:
    """n0 loses its first write in a crash, and the others have it: they would take the next for it."""
    world = keeping_siblings(durability=PeriodicSync(interval=1000.0), write_level=1, read_level=3)
    world.call(world.client(0), write("x", "first"))
    world.at(0.2, world.hosts[0].crash)
    world.at(1.0, world.hosts[0].restart)
    world.call(world.client(0), write("x", "second"), at=2.0)
    world.env.run(until=5.0)
    assert world.get() == found(("first", "second"))
    assert world.held("x")[0] == ("first", "second")


@pytest.mark.parametrize(
    ("is_request", "held"), [(True, None), (False, 1)], ids=["the request is cut", "the answer is cut"]
)
def test_a_write_that_is_passed_on_needs_the_network_both_ways(is_request: bool, held: Any) -> None:
    world = World(plain(versioning=Versioning.SIBLINGS, replicas=1, write_level=1, read_level=1))
    (keeper,) = world.store.replicas_of("x")
    outsider = next(place for place, node in enumerate(world.nodes) if node is not keeper)
    world.hosts[outsider].skew_clock("test", 0.0, drift=1.0)
    ends = (world.hosts[outsider], keeper.host)
    world.cut(*(ends if is_request else reversed(ends)))
    told = world.call(world.client(outsider), write("x", 1))
    world.env.run(until=10.0)
    assert (told.outcome, told.at) == ("TimedOut", ROUND + 2.0 / 2)
    assert keeper.contents().get("x") == held


def test_dynamos_settings_make_a_store_that_answers_through_a_cut_and_converges() -> None:
    world = World(
        dynamo(anti_entropy=AntiEntropy(interval=5.0), write_level=1, read_level=1), count=4, seed=1
    )
    cut = world.network.partition(world.hosts[:2], world.hosts[2:])
    told = [world.call(world.client(place), write("x", place), at=60.0) for place in range(4)]
    world.at(70.0, world.network.heal, cut)
    world.env.run(until=200.0)
    assert [each.outcome for each in told] == [WRITTEN] * 4
    replicas = [node for node in world.nodes if node in world.store.replicas_of("x")]
    held = [sorted(node.contents()["x"]) for node in replicas]
    assert held == [[0, 1, 2, 3]] * 3
