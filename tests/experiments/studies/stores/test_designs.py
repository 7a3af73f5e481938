"""The stores that are compared: each answers, and takes as long as its messages and disks say."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, get_args

import pytest

from experiments.studies.stores.designs import HAVE_ONE, STORES, StoreName, build_store
from experiments.studies.stores.places import SIDES, Places, Side, two_sides
from models import Endpoint, Network, Request
from models.consensus import RaftStore
from models.network import LocalityLatencies
from models.nodes import Node
from models.replication import PrimaryReplicaStore, QuorumStore, read, write
from simulator import Environment
from simulator.randomness import Constant

ZONE, REGION, OCEAN, SYNC = 0.0002, 0.001, 0.04, 0.001
"""One-way latencies in a zone, between zones and between regions, and what a disk takes (s)."""

LATENCIES = LocalityLatencies(
    same_host=Constant(0.0),
    same_zone=Constant(ZONE),
    same_region=Constant(REGION),
    other_region=Constant(OCEAN),
)


def places_of(env: Environment) -> Places:
    return two_sides(env, Network(env, latencies=LATENCIES))


def time_of(env: Environment, client: Endpoint, request: Request) -> float:
    """Return how long the call of one client alone takes."""

    def call() -> Generator[Any, Any, float]:
        begin = env.now
        yield from client.call(request)
        return env.now - begin

    return float(env.run(until=env.process(call())))


LOCAL, ACROSS = (2 * ZONE, 2 * ZONE + SYNC), (2 * OCEAN, 2 * OCEAN + SYNC)
"""What a read and a write take at a node that asks nobody, here and across the ocean."""
QUORUM_EAST = (2 * ZONE + 2 * REGION, 2 * ZONE + 2 * REGION + SYNC)
QUORUM_WEST = (2 * ZONE + 2 * OCEAN, 2 * ZONE + 2 * OCEAN + SYNC)

LEGS: dict[StoreName, dict[Side, tuple[float, float]]] = {
    "single process": {"majority": LOCAL, "minority": ACROSS},
    "asynchronous": {"majority": LOCAL, "minority": (LOCAL[0], ACROSS[1])},
    "asynchronous, failover": {"majority": LOCAL, "minority": (LOCAL[0], ACROSS[1])},
    "asynchronous, fenced": {"majority": LOCAL, "minority": (LOCAL[0], ACROSS[1])},
    # Shipped when it is on the primary's disk; the second of the replicas is in the other zone.
    "synchronous": {
        "majority": (LOCAL[0], LOCAL[1] + 2 * REGION + SYNC),
        "minority": (ACROSS[0], ACROSS[1] + 2 * REGION + SYNC),
    },
    "strict quorums": {"majority": QUORUM_EAST, "minority": QUORUM_WEST},
    "sloppy quorums": {"majority": QUORUM_EAST, "minority": QUORUM_WEST},
    "partial quorums": {"majority": LOCAL, "minority": LOCAL},
    "multi-primary": {"majority": LOCAL, "minority": LOCAL},
}


@pytest.mark.parametrize("name", LEGS)
def test_latency_is_the_sum_of_messages_and_syncs(name: StoreName) -> None:
    env = Environment(seed=1)
    places = places_of(env)
    store = build_store(name, env, places)
    env.run(until=env.now + 2.0)
    for side in SIDES:
        client = store.client(places.clients[side])
        # The first call finds out who is who.
        time_of(env, client, write("key", f"{side} 1"))
        env.run(until=env.now + 2.0)
        took = (time_of(env, client, read("key")), time_of(env, client, write("key", f"{side} 2")))
        assert took == pytest.approx(LEGS[name][side], abs=1e-9), side


def test_raft_takes_a_round_to_its_leader_and_one_to_a_majority() -> None:
    env = Environment(seed=1)
    places = places_of(env)
    store = build_store("raft", env, places)
    assert isinstance(store, RaftStore)
    leader = store.cluster.leader
    assert leader is not None
    near = ZONE if leader.host.zone is places.clients["majority"].zone else REGION
    for side, way in (("majority", near), ("minority", OCEAN)):
        client = store.client(places.clients[side])  # type: ignore[index]  # a side
        time_of(env, client, write("key", f"{side} 1"))
        env.run(until=env.now + 2.05)  # between two heartbeats
        # The leader writes while its followers do.
        assert time_of(env, client, write("key", f"{side} 2")) == pytest.approx(
            2 * way + 2 * REGION + SYNC, abs=1e-9
        )
        env.run(until=env.now + 0.2)
        assert time_of(env, client, read("key")) == pytest.approx(2 * way + 2 * REGION, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", HAVE_ONE)
def test_what_is_special_stands_where_it_is_asked_for(name: StoreName, side: Side, seed: int) -> None:
    env = Environment(seed=seed)
    places = two_sides(env)
    store = build_store(name, env, places, special=side)
    env.run(until=env.now + 5.0)
    special: Node | None = store.nodes[0]
    if isinstance(store, RaftStore):
        special = store.cluster.leader
    elif isinstance(store, PrimaryReplicaStore):
        special = store.primary
    assert special is not None
    assert special.host in places.hosts[side]


def test_three_of_five_nodes_are_a_majority_and_two_of_three_copies_stand_with_it() -> None:
    env = Environment(seed=0)
    places = two_sides(env)
    assert [len(places.hosts[side]) for side in SIDES] == [3, 2]
    store = build_store("sloppy quorums", env, places)
    assert isinstance(store, QuorumStore)
    for number in range(20):
        copies = [node.host in places.hosts["majority"] for node in store.replicas_of(f"item {number}")]
        assert sorted(copies) == [False, True, True]


@pytest.mark.slow
def test_every_name_is_a_store() -> None:
    assert get_args(StoreName) == STORES
    promising = {"single process", "synchronous", "raft"}
    env = Environment(seed=1)
    found = {name: build_store(name, env, two_sides(env)).is_linearizable for name in STORES}
    assert {name for name, is_linearizable in found.items() if is_linearizable} == promising
