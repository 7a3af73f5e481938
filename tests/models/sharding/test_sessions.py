"""Sessions around routers: by the versions of the shards' stores, and of the epochs of their ranges."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from models import Host
from models.infrastructure import Zone
from models.replication import MultiPrimaryStore, PrimaryReplicaStore, QuorumStore, Store, read, write
from models.replication.primary_replica import Asynchronous, ReadPolicy, ReplicationSettings, Source
from models.replication.quorums import QuorumSettings
from models.replication.sessions import Session
from models.replication.versions import VersionVector
from models.sharding import LOWEST
from models.sharding.mover import Listed, Mover, MoveRange
from models.sharding.placed_version import PlacedVersion

from .building import World


def hosts(world: World, name: str) -> list[Host]:
    return [Host(world.env, f"{name}-{number}") for number in range(3)]


SHARDS: dict[str, Callable[[World, str], Store]] = {
    "primary and replicas": lambda world, name: PrimaryReplicaStore(
        world.env, world.network, hosts(world, name), name=name
    ),
    "quorums": lambda world, name: QuorumStore(
        world.env,
        world.network,
        hosts(world, name),
        settings=QuorumSettings(read_level=2, write_level=2),
        name=name,
    ),
    "multi-primary": lambda world, name: MultiPrimaryStore(
        world.env, world.network, hosts(world, name), name=name
    ),
}


@pytest.mark.parametrize(("here", "there"), list(product(SHARDS, SHARDS)))
def test_session_goes_on_when_its_range_moves_to_a_shard_of_whatever_kind(here: str, there: str) -> None:
    world = World()
    world.store.add_shard("three", SHARDS[here](world, "three"))
    world.store.add_shard("four", SHARDS[there](world, "four"))
    world.run(2.0)
    world.moved("a", "three")
    session = Session(world.env, [world.client])
    for number in range(3):
        assert world.now(write("a", number), client=session) is None
        assert world.now(read("a"), client=session) == number
    world.moved("a", "four")
    assert world.now(read("a"), client=session) is None  # nothing was copied
    assert world.now(write("a", "there"), client=session) is None
    assert world.now(read("a"), client=session) == "there"
    assert session.statistics().behind_count == 0


def test_session_does_not_take_what_a_replica_tells_that_is_behind() -> None:
    """The shard's server reads from the nearest replica, to which the primary is a second away."""
    world = World()
    far = Host(world.env, "far", zone=Zone("far"))
    near = Host(world.env, "near")
    nearest = ReadPolicy(source=Source.NEAREST)
    settings = ReplicationSettings(commit_rule=Asynchronous())
    three = PrimaryReplicaStore(
        world.env, world.network, [far, near], reads=nearest, settings=settings, name="three"
    )
    world.store.add_shard("three", three, [world.two])
    world.network.override(far, near, latency=1.0)
    world.run(1.0)
    world.moved("a", "three")
    sessions = [Session(world.env, [world.client], patience=patience) for patience in (0.25, 2.0)]
    for session in sessions:
        world.now(write("a", "old"), client=session)
    world.run(world.env.now + 3.0)
    for session in sessions:
        world.now(write("a", "new"), client=session)
    told = [world.ask(read("a"), client=client) for client in (world.client, *sessions)]
    world.run(world.env.now + 3.0)
    assert [each.outcome for each in told] == ["old", "Unavailable", "new"]


@pytest.mark.parametrize(("source", "seen"), [(Source.NEAREST, None), (Source.PRIMARY, "old")])
def test_session_may_go_back_after_a_move_where_a_replica_lags_behind_the_copy(
    source: Source, seen: str | None
) -> None:
    """A limit: what such a replica tells is under the later epoch, and so is taken to be newer."""
    world = World()
    far, near = Host(world.env, "far", zone=Zone("far")), Host(world.env, "near")
    three = PrimaryReplicaStore(
        world.env,
        world.network,
        [far, near],
        reads=ReadPolicy(source=source),
        settings=ReplicationSettings(commit_rule=Asynchronous()),
        name="three",
    )
    world.store.add_shard("three", three, [world.two])
    world.store.add_shard("four", SHARDS["primary and replicas"](world, "four"))
    world.network.override(far, near, latency=1.0)
    world.run(1.0)
    world.moved("a", "four")
    session = Session(world.env, [world.client])
    world.now(write("a", "old"), client=session)
    Mover(world.env, Host(world.env, "mover"), world.store, goal=Listed(MoveRange(LOWEST, "three")))
    world.run(world.env.now + 0.75)
    assert world.store.table.find("a")[1].shard == "three"
    assert world.now(read("a"), client=session) == seen
    world.run(world.env.now + 3.0)
    assert world.now(read("a"), client=session) == "old"


A, B, BOTH = VersionVector({"a": 2}), VersionVector({"b": 1}), VersionVector({"a": 2, "b": 1})


@pytest.mark.parametrize(
    ("one", "other", "covers"),
    [
        ((1, 5), (1, 4), True),
        ((1, 4), (1, 5), False),
        ((2, 0), (1, 9), True),
        ((1, 9), (2, 0), False),
        ((1, BOTH), (1, A), True),
        ((1, A), (1, B), False),
        ((2, A), (1, 7), True),
        ((1, 7), (2, A), False),
        ((2, None), (1, A), True),
        ((1, None), (1, 7), False),
        ((1, A), (1, None), True),
        ((1, None), (1, None), True),
    ],
)
def test_version_covers_those_of_earlier_epochs_and_earlier_ones_of_its_own(
    one: Any, other: Any, covers: bool
) -> None:
    assert PlacedVersion(*one).covers(PlacedVersion(*other)) is covers
    newer = one if covers else other
    if (one, other) != ((1, A), (1, B)):
        assert PlacedVersion(*one).merged(PlacedVersion(*other)) == PlacedVersion(*newer)


def test_of_two_vectors_neither_of_which_covers_the_other_what_either_knows_is_the_floor() -> None:
    assert PlacedVersion(1, A).merged(PlacedVersion(1, B)) == PlacedVersion(1, BOTH)
    assert PlacedVersion(1, 0)
    assert repr(PlacedVersion(1, 0)) == "PlacedVersion(1, 0)"
