"""What each level waits for, over regions and without."""

from __future__ import annotations

from typing import Any

import pytest

from models.replication import read, write
from models.replication.quorums import Level, ReadsFrom, at_level
from tests.models.replication.quorums.building import WRITTEN, World, found, plain

THREE_AND_TWO = plain(replicas={"region-0": 3, "region-1": 2})
"""Five replicas, of which the coordinator's region has three."""


def demanded(level: Level | int, coordinator: int = 0) -> tuple[int, dict[str, int] | None]:
    world = World(THREE_AND_TWO, regions=(3, 2))
    cluster = world.store._cluster
    demand = cluster.demand(level, cluster.preference("x"), world.nodes[coordinator].region)
    return demand.needed, demand.by_region


@pytest.mark.parametrize(
    ("level", "needed", "by_region"),
    [
        (2, 2, None),
        (Level.ONE, 1, None),
        (Level.TWO, 2, None),
        (Level.THREE, 3, None),
        (Level.QUORUM, 3, None),
        (Level.ALL, 5, None),
        (Level.ANY, 1, None),
        (Level.LOCAL_ONE, 1, {"region-0": 1}),
        (Level.LOCAL_QUORUM, 2, {"region-0": 2}),
        (Level.EACH_QUORUM, 4, {"region-0": 2, "region-1": 2}),
    ],
)
def test_levels_want_what_cassandras_do(
    level: Level | int, needed: int, by_region: dict[str, int] | None
) -> None:
    assert demanded(level) == (needed, by_region)


def test_local_is_where_the_coordinator_is() -> None:
    assert demanded(Level.LOCAL_QUORUM, coordinator=4) == (2, {"region-1": 2})


@pytest.mark.parametrize(
    ("level", "cut", "outcome"),
    [
        (Level.LOCAL_QUORUM, (3, 4), WRITTEN),
        (Level.LOCAL_QUORUM, (1, 2), "TimedOut"),
        (Level.EACH_QUORUM, (2,), WRITTEN),
        (Level.EACH_QUORUM, (4,), "TimedOut"),
        (Level.QUORUM, (3, 4), WRITTEN),
        (Level.QUORUM, (2, 3, 4), "TimedOut"),
        (Level.ALL, (4,), "TimedOut"),
        (Level.ONE, (1, 2, 3, 4), WRITTEN),
    ],
)
def test_a_write_waits_for_as_many_as_its_level_says_and_where(
    level: Level, cut: tuple[int, ...], outcome: Any
) -> None:
    world = World(THREE_AND_TWO, regions=(3, 2))
    world.network.partition([world.hosts[place] for place in cut], [world.hosts[0]])
    told = world.call(world.client(), at_level(write("x", 1), level))
    world.env.run(until=10.0)
    assert told.outcome == outcome


@pytest.mark.parametrize("reads_from", ReadsFrom)
def test_a_local_read_asks_nobody_far_away(reads_from: ReadsFrom) -> None:
    world = World(plain(replicas=THREE_AND_TWO.replicas, reads_from=reads_from), regions=(3, 2))
    world.network.partition(world.hosts[1:3], world.hosts[0])
    told = world.call(world.client(), at_level(read("x"), Level.LOCAL_QUORUM))
    world.env.run(until=10.0)
    assert told.outcome == "TimedOut"
    assert [node.received_count for node in world.nodes[3:]] == [0, 0]


def test_each_request_and_each_client_can_have_its_own_level() -> None:
    world = World(plain(write_level=Level.ALL))
    world.network.partition(world.hosts[2], world.hosts[0])
    by_store = world.call(world.client(), write("a", 1))
    by_client = world.call(world.client(write_level=1), write("b", 1))
    by_request = world.call(world.client(write_level=Level.ALL), at_level(write("c", 1), 2))
    world.env.run(until=10.0)
    assert [by_store.outcome, by_client.outcome, by_request.outcome] == ["TimedOut", WRITTEN, WRITTEN]


def test_whatever_the_level_all_replicas_are_written_to() -> None:
    world = World(plain(write_level=1))
    world.put(7)
    assert world.held("x") == [7, 7, 7]
    assert world.get() == found(7)


def test_local_where_there_are_no_replicas_is_unavailable() -> None:
    world = World(plain(replicas={"region-0": 3}), regions=(3, 1))
    told = world.call(world.client(3), at_level(write("x", 1), Level.LOCAL_QUORUM))
    world.env.run(until=3.0)
    assert told.outcome == "Unavailable"


@pytest.mark.parametrize(
    ("level", "suspected", "is_met"),
    [
        (Level.EACH_QUORUM, (4,), False),
        (Level.EACH_QUORUM, (2,), True),
        (Level.LOCAL_QUORUM, (3, 4), True),
        (Level.LOCAL_QUORUM, (0, 1), False),
        (Level.QUORUM, (0, 1), True),
        (Level.QUORUM, (0, 1, 2), False),
    ],
)
def test_who_is_alive_has_to_be_enough_where_the_level_wants_them(
    level: Level, suspected: tuple[int, ...], is_met: bool
) -> None:
    world = World(THREE_AND_TWO, regions=(3, 2))
    cluster = world.store._cluster
    alive = [node for place, node in enumerate(world.nodes) if place not in suspected]
    assert cluster.demand(level, cluster.preference("x"), "region-0").is_met_by(alive) == is_met
