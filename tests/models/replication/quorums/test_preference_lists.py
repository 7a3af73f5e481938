"""Which nodes keep a key."""

from __future__ import annotations

from collections import Counter

import pytest

from models import Host, Network, Region, Zone
from models.hashing import HashRing, hash_of
from models.replication.quorums import QuorumSettings, QuorumStore, preference_lists
from simulator import Environment
from tests.models.replication.quorums.building import World, plain

KEYS = [f"key {number}" for number in range(200)]


def test_without_zones_the_replicas_are_the_first_nodes_of_the_ring() -> None:
    world = World(plain(virtual_nodes=16), count=6)
    ring = HashRing([node.name for node in world.nodes], virtual_nodes=16)
    for key in KEYS:
        first = [world.nodes[index] for index in ring.walk(hash_of(key))][:3]
        assert list(world.store.replicas_of(key)) == first


def test_replicas_are_spread_over_zones_before_a_zone_has_two() -> None:
    env = Environment()
    zones = [Zone(name, Region(name)) for name in ("a", "b", "c")]
    hosts = [Host(env, f"n{index}", zone=zones[index // 4]) for index in range(12)]
    store = QuorumStore(env, Network(env, latencies=0.01), hosts, settings=QuorumSettings(replicas=4))
    for key in KEYS:
        counts = Counter(replica.host.zone for replica in store.replicas_of(key))
        assert sorted(counts.values()) == [1, 1, 2]


def test_each_region_has_the_replicas_that_are_wanted_there() -> None:
    world = World(plain(replicas={"region-0": 2, "region-1": 1}), regions=(4, 3))
    for key in KEYS:
        assert Counter(replica.region for replica in world.store.replicas_of(key)) == {
            "region-0": 2,
            "region-1": 1,
        }


def test_every_node_has_its_part_of_the_keys() -> None:
    world = World(plain(), count=6)
    counts = Counter(replica.name for key in KEYS for replica in world.store.replicas_of(key))
    assert len(counts) == 6
    assert sum(counts.values()) == 3 * len(KEYS)


def test_a_node_that_does_not_keep_the_key_coordinates_all_the_same() -> None:
    world = World(plain(replicas=1, read_level=1, write_level=1), count=3)
    (keeper,) = world.store.replicas_of("x")
    other = next(place for place, node in enumerate(world.nodes) if node is not keeper)
    world.put(1, node=other)
    assert world.get(node=other) == ("ok", 1)
    assert [held for held in world.held("x") if held is not None] == [1]


def test_keys_are_remembered_up_to_a_bound_and_keep_their_replicas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preference_lists, "KEYS_KNOWN_MAX", 50)
    world = World(plain(virtual_nodes=16), count=6)
    lists = preference_lists.PreferenceLists(world.nodes, 3, 16)
    for key in KEYS:
        assert lists.of(key).replicas == world.store.replicas_of(key)
        assert lists.of(key) is lists.of(key)
        assert len(lists._known) <= 50
    assert len(lists._lists) <= 6 * 16


def test_more_replicas_than_nodes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"replicas must be at most the 3 nodes, got 4"):
        World(plain(replicas=4), count=3)
    with pytest.raises(ValueError, match=r"at most the 2 nodes in region 'region-1', got 3"):
        World(plain(replicas={"region-0": 1, "region-1": 3}), regions=(2, 2))
