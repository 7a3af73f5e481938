"""Merkle trees, and what two replicas say to each other: as much as differs, and not more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.hashing import hash_of
from models.replication import delete, write
from models.replication.quorums import AntiEntropy
from models.replication.quorums.merkle_tree import MerkleTree
from tests.models.replication.quorums.building import World, plain

ENTRIES = st.dictionaries(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), max_size=20)


def tree(entries: Mapping[int, int]) -> MerkleTree:
    return MerkleTree(entries.items(), degree=4, depth=3)


def descend(left: MerkleTree, right: MerkleTree) -> tuple[set[int], int]:
    """The leaves in which two differ, found from the root down, and how many nodes were looked at."""
    level, nodes = 0, [(0, left.digest(0, 0))]
    looked_at = 1
    while True:
        differing = right.differing(level, nodes)
        if level == left.depth or not differing:
            return set(differing), looked_at
        nodes = left.children(level, differing)
        looked_at += len(nodes)
        level += 1


@pytest.mark.slow
@settings(max_examples=40)
@given(ENTRIES, ENTRIES)
def test_the_leaves_that_are_found_are_those_that_hold_what_differs(
    left: dict[int, int], right: dict[int, int]
) -> None:
    different = {hashed for hashed in left.keys() | right.keys() if left.get(hashed) != right.get(hashed)}
    leaves, _ = descend(tree(left), tree(right))
    assert leaves == {
        tree(left).leaf_of(hashed) for hashed in different if left.get(hashed) or right.get(hashed)
    }


def test_the_order_of_entries_does_not_matter() -> None:
    entries = [(hash_of(key), hash_of((key, 1))) for key in range(50)]
    left, right = (MerkleTree(each, degree=4, depth=3) for each in (entries, entries[::-1]))
    assert left.digest(0, 0) == right.digest(0, 0)


def test_what_stands_in_another_leaf_is_a_difference_at_the_root() -> None:
    left, right = (
        MerkleTree([(0, one), (1 << 63, other)], degree=2, depth=1) for one, other in ((5, 7), (7, 5))
    )
    assert left.digest(0, 0) != right.digest(0, 0)


def test_one_difference_is_found_by_looking_at_degree_times_depth_nodes() -> None:
    entries = {hash_of(key): hash_of((key, 1)) for key in range(500)}
    other = {**entries, hash_of(7): hash_of((7, 2))}
    leaves, looked_at = descend(tree(entries), tree(other))
    assert (len(leaves), looked_at) == (1, 1 + 4 * 3)


def differing_by(count: int, common: int = 300) -> tuple[World, int, int]:
    """A world of two replicas that have `common` keys and differ in `count`, after one session."""
    world = World(
        plain(replicas=2, read_level=1, write_level=1, anti_entropy=AntiEntropy(interval=100.0)), count=2
    )
    client = world.client(0)
    for number in range(common):
        world.call(client, write(number, 0, size_bytes=100), at=0.01 * number)
    world.env.run(until=90.0)
    cut = world.network.partition(world.hosts[0], world.hosts[1])
    for number in range(count):
        world.call(client, write(number, 1, size_bytes=100), at=90.0)
    world.at(95.0, world.network.heal, cut)
    world.env.run(until=150.0)
    statistics = world.store.statistics()
    assert world.nodes[0].contents() == world.nodes[1].contents()
    assert world.nodes[1].contents()[0] == (1 if count else 0)
    return world, statistics.anti_entropy_message_count, statistics.anti_entropy_bytes


@pytest.mark.slow
def test_what_is_exchanged_grows_with_what_differs_and_not_with_what_is_there() -> None:
    _, messages, none = differing_by(0)
    assert (messages, none) == (2, 2 * 12)  # each begins a session, and says its root
    _, few_messages, few = differing_by(1)
    _, some_messages, some = differing_by(10)
    assert few_messages == some_messages
    assert few < 1600  # of 30,000 bytes that are there, in two sessions: each begins one
    assert 4 * few < some < 11 * few
    _, _, one_of_fewer = differing_by(1, common=100)
    assert abs(few - one_of_fewer) <= 2 * 104  # an entry of the same leaf more or less


def test_each_takes_what_is_news_to_it() -> None:
    world = World(plain(write_level=1, anti_entropy=AntiEntropy(interval=5.0)), count=3)
    world.put("old", key="both")
    cut = world.network.partition(world.hosts, world.hosts)
    world.call(world.client(0), write("a", 1), at=world.env.now)
    world.call(world.client(1), write("b", 1), at=world.env.now)
    world.call(world.client(1), write("both", "new"), at=world.env.now)
    world.call(world.client(2), delete("c"), at=world.env.now)
    world.at(4.0, world.network.heal, cut)
    world.env.run(until=40.0)
    assert [dict(node.contents()) for node in world.nodes] == [{"a": 1, "b": 1, "both": "new"}] * 3


def test_one_session_is_enough_for_both_of_its_ends() -> None:
    world = World(plain(replicas=2, write_level=1, anti_entropy=AntiEntropy(interval=1000.0)), count=2)
    cut = world.network.partition(world.hosts[0], world.hosts[1])
    for place, keys in enumerate([("a", "older here", "newer here"), ("b", "newer here", "older here")]):
        for at, key in enumerate(keys):
            world.call(world.client(place), write(key, place), at=float(at))
    world.env.run(until=5.0)
    world.network.heal(cut)
    assert world.nodes[0].sessions is not None
    world.nodes[0].sessions.begin(world.nodes[1])
    world.env.run(until=10.0)
    expected = {"a": 0, "b": 1, "older here": 1, "newer here": 0}
    assert [dict(node.contents()) for node in world.nodes] == [expected] * 2
    # Three that one end has, and back the two that are news there.
    assert world.store.statistics().entry_count == 3 + 2


def test_keys_that_two_do_not_both_keep_are_not_exchanged() -> None:
    world = World(
        plain(replicas=1, read_level=1, write_level=1, anti_entropy=AntiEntropy(interval=1.0)), count=3
    )
    for number in range(20):
        world.put(number, key=f"key {number}")
    world.env.run(until=100.0)
    assert sum(len(node.contents()) for node in world.nodes) == 20
    assert world.store.statistics().session_count == 0


def test_a_leaf_that_differs_is_sent_without_the_keys_that_the_other_does_not_keep() -> None:
    """Two leaves alone, so that each has keys of all three pairs of replicas."""
    settings = AntiEntropy(interval=1.0, degree=2, depth=1)
    world = World(plain(replicas=2, read_level=1, write_level=1, anti_entropy=settings), count=3)
    cut = world.network.partition(world.hosts[0], world.hosts[1:])
    for number in range(20):
        for place in (0, 1):
            world.call(world.client(place), write(number, place), at=0.01 * number)
    world.env.run(until=3.0)
    world.network.heal(cut)
    world.env.run(until=30.0)
    for node in world.nodes:
        kept = {number for number in range(20) if node in world.store.replicas_of(number)}
        assert set(node.contents()) == kept


def lost_and_found(grace: float, back_at: float) -> list[Any]:
    """A replica sleeps through a delete, and comes back; what all hold after anti-entropy."""
    world = World(plain(anti_entropy=AntiEntropy(interval=1.0), tombstone_grace=grace))
    world.put("risen")
    world.hosts[2].crash()
    world.call(world.client(0), delete("x"), at=10.0)
    world.at(back_at, world.hosts[2].restart)
    world.env.run(until=back_at + 20.0)
    return world.held("x")


def test_a_tombstone_keeps_the_deleted_from_coming_back() -> None:
    assert lost_and_found(grace=100.0, back_at=50.0) == [None] * 3


def test_who_comes_back_after_the_grace_brings_the_deleted_back() -> None:
    assert lost_and_found(grace=100.0, back_at=150.0) == ["risen"] * 3


def test_keys_that_one_of_two_does_not_keep_are_no_difference_between_them() -> None:
    world = World(plain(replicas=2, anti_entropy=AntiEntropy(interval=10.0)), count=3)
    for number in range(20):
        world.call(world.client(0), write(number, number))
    world.env.run(until=100.0)
    statistics = world.store.statistics()
    assert statistics.anti_entropy_message_count == statistics.session_count > 0
    assert statistics.entry_count == 0


@pytest.mark.parametrize(
    ("setting", "error"),
    [
        ({"interval": 0.0}, "interval must be finite and > 0 s, got 0.0"),
        ({"degree": 1}, "degree must be a whole number >= 2, got 1"),
        ({"degree": 6}, "degree must be a power of two, got 6"),
        ({"depth": 0}, "depth must be a whole number >= 1, got 0"),
        ({"degree": 16, "depth": 6}, r"degree \*\* depth must be at most 1048576 leaves, got 16 \*\* 6"),
    ],
)
def test_impossible_trees_are_refused(setting: dict[str, Any], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        AntiEntropy(**setting)
