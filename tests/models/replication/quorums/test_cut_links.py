"""The network is the only way: each direction of each link, cut alone, has its effect and no other."""

from __future__ import annotations

from typing import Any

import pytest

from models.replication import read, write
from models.replication.quorums import AntiEntropy, Coordination, HintedHandoff, Level, Versioning
from tests.models.replication.quorums.building import WRITTEN, World, found, plain

CLIENT = "client"


def cut_for_a_write(source: Any, target: Any, level: Level) -> tuple[Any, list[Any]]:
    """What a write through n0 is told, and who holds it."""
    world = World(plain(write_level=level))
    hosts = {CLIENT: world.client_host, **dict(enumerate(world.hosts))}
    world.cut(hosts[source], hosts[target])
    told = world.call(world.client(0), write("x", 1))
    world.env.run(until=20.0)
    return told.outcome, world.held("x")


@pytest.mark.parametrize(
    ("source", "target", "outcome", "held"),
    [
        (CLIENT, 0, None, [None, None, None]),  # never arrives
        (0, CLIENT, None, [1, 1, 1]),  # done, and never told
        (0, 1, "TimedOut", [1, None, 1]),  # the request
        (1, 0, "TimedOut", [1, 1, 1]),  # the acknowledgement
        (0, 2, "TimedOut", [1, 1, None]),
        (2, 0, "TimedOut", [1, 1, 1]),
        (1, 2, WRITTEN, [1, 1, 1]),  # replicas do not speak to each other
        (2, 1, WRITTEN, [1, 1, 1]),
    ],
)
def test_a_write_at_all_needs_every_leg_and_leaves_what_arrived(
    source: Any, target: Any, outcome: Any, held: list[Any]
) -> None:
    assert cut_for_a_write(source, target, Level.ALL) == (outcome, held)


@pytest.mark.parametrize(("source", "target"), [(0, 1), (1, 0), (0, 2), (2, 0)])
def test_a_write_at_quorum_does_without_any_one_leg_to_a_replica(source: int, target: int) -> None:
    outcome, held = cut_for_a_write(source, target, Level.QUORUM)
    assert outcome == WRITTEN
    assert held == [None if (source, target) == (0, place) else 1 for place in range(3)]


@pytest.mark.parametrize(
    ("source", "target", "outcome"),
    [
        (CLIENT, 0, None),
        (0, CLIENT, None),
        (0, 1, "TimedOut"),
        (1, 0, "TimedOut"),
        (0, 2, "TimedOut"),
        (2, 0, "TimedOut"),
        (1, 2, found(1)),
        (2, 1, found(1)),
    ],
)
def test_a_read_of_all_needs_every_leg(source: Any, target: Any, outcome: Any) -> None:
    world = World(plain(read_level=Level.ALL))
    world.put(1)
    hosts = {CLIENT: world.client_host, **dict(enumerate(world.hosts))}
    world.cut(hosts[source], hosts[target])
    told = world.call(world.client(0), read("x"), at=5.0)
    world.env.run(until=20.0)
    assert told.outcome == outcome


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("is_request", [True, False])
def test_a_coordinating_client_needs_the_network_to_each_replica_both_ways(
    place: int, is_request: bool
) -> None:
    world = World(
        plain(
            coordination=Coordination.CLIENT,
            versioning=Versioning.CLIENT_CLOCK,
            write_level=3,
            read_level=3,
        )
    )
    ends = (world.client_host, world.hosts[place])
    world.cut(*(ends if is_request else reversed(ends)))
    client = world.store.client(world.client_host)
    written, was_read = world.call(client, write("x", 1)), world.call(client, read("x"), at=5.0)
    world.env.run(until=20.0)
    assert [written.outcome, was_read.outcome] == ["TimedOut", "TimedOut"]
    assert world.held("x") == [None if is_request and place == each else 1 for each in range(3)]


@pytest.mark.parametrize(
    ("source", "target", "held", "is_gone"),
    [(0, 1, None, False), (1, 0, 1, False), (1, 2, 1, True), (0, 2, 1, True)],
)
def test_a_hint_is_replayed_until_it_is_acknowledged(
    source: int, target: int, held: Any, is_gone: bool
) -> None:
    world = World(plain(hints=HintedHandoff(interval=1.0), write_level=1))
    outage = world.network.partition(world.hosts[0], world.hosts[1])
    world.call(world.client(0), write("x", 1))
    world.at(5.0, world.network.heal, outage)
    world.at(5.0, world.cut, world.hosts[source], world.hosts[target])
    world.env.run(until=30.0)
    assert world.held("x")[1] == held
    assert world.nodes[0].hints is not None
    assert (len(world.nodes[0].hints) == 0) == is_gone


@pytest.mark.parametrize(
    ("source", "target", "held"),
    [
        # n0 alone has it; each begins sessions with each, and one message lost ends a session.
        (0, 1, [1, None, 1]),
        (1, 0, [1, None, 1]),
        (0, 2, [1, 1, None]),
        (2, 0, [1, 1, None]),
        (1, 2, [1, 1, 1]),
        (2, 1, [1, 1, 1]),
    ],
)
def test_anti_entropy_needs_both_directions_between_two(source: int, target: int, held: list[Any]) -> None:
    """With 1 and 2 cut from each other, so that neither has it from the other."""
    world = World(plain(anti_entropy=AntiEntropy(interval=1.0), write_level=1))
    outage = world.network.partition(world.hosts[0], world.hosts[1:])
    world.call(world.client(0), write("x", 1))
    world.at(0.9, world.network.heal, outage)
    world.network.partition(world.hosts[1], world.hosts[2])
    world.cut(world.hosts[source], world.hosts[target])
    world.env.run(until=30.0)
    assert world.held("x") == held
