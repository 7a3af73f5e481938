"""The network is the only way: each direction of each link, cut alone, has its effect, and no other has."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from models.replication import read, write

from .catalogue import STORES, StoreKind
from .store_world import StoreWorld

TOLD, SILENCE = None, "silence"
Effect = tuple[Any, str]
"""What the writer is told within a second, and on which of the hosts a, b and c the write is held."""

EVERYWHERE: Effect = (TOLD, "abc")
EFFECTS: dict[tuple[str, str], Effect] = {
    ("web", "a"): (SILENCE, ""),  # never arrives
    ("a", "web"): (SILENCE, "abc"),  # done, and never told
    ("a", "b"): (TOLD, "ac"),
    ("a", "c"): (TOLD, "ab"),
}
"""Where a is who decides and tells the others: the effects of what is cut, all else being without effect."""

# The record and its acknowledgement are needed of each: nothing is committed, nor shown to anybody.
NEEDED = [("a", "b"), ("a", "c"), ("b", "a"), ("c", "a")]
EFFECTS_SYNCHRONOUS = EFFECTS | dict.fromkeys(NEEDED, (SILENCE, ""))


def links(kind: StoreKind) -> list[tuple[str, str]]:
    """Return all links, in both directions, between nodes, clients and monitor or directory."""
    return list(permutations([*"abc"[: kind.host_count], "web", *kind.monitor_names], 2))


def world_with_an_old_value(kind: StoreKind) -> StoreWorld:
    """Return a world in which every node has had the time to hear of a write of "old" to "k"."""
    world = StoreWorld(kind)
    world.now(write("k", "old"))
    world.env.run(until=world.env.now + 2.0)
    return world


each_link = pytest.mark.parametrize(
    ("kind", "source", "target"),
    [
        pytest.param(kind, source, target, id=f"{kind} {source}->{target}")
        for kind in STORES
        for source, target in links(kind)
    ],
)


@each_link
def test_link_that_is_cut_alone_has_its_effect_and_no_other(
    kind: StoreKind, source: str, target: str
) -> None:
    effects = EFFECTS_SYNCHRONOUS if kind.name == "synchronous" else EFFECTS
    told, holders = effects.get((source, target), EVERYWHERE)
    world = world_with_an_old_value(kind)
    assert set(world.held("k")) == {"old"}
    world.cut(source, target)
    start = world.env.now
    asked = world.ask(write("k", "new"), patience=1.0)
    world.env.run(until=start + 1.3)
    assert asked.end == told
    held = [name for name, value in zip("abc", world.held("k"), strict=False) if value == "new"]
    assert held == [host.name for host in world.hosts if host.name in holders]


@each_link
def test_link_that_is_cut_alone_keeps_nobody_from_reading_but_who_reads_over_it(
    kind: StoreKind, source: str, target: str
) -> None:
    world = world_with_an_old_value(kind)
    world.cut(source, target)
    end = SILENCE if {source, target} == {"web", "a"} else "old"
    # A quorum asks no more than it needs at first; a replica that is silent is passed over after a second.
    assert world.now(read("k"), patience=3.0) == end


@pytest.mark.parametrize("kind", [kind for kind in STORES if kind.has_monitor], ids=str)
@pytest.mark.parametrize(("source", "target"), [("a", "monitor"), ("monitor", "a")])
def test_primary_and_monitor_need_both_directions_or_another_takes_over(
    kind: StoreKind, source: str, target: str
) -> None:
    """A renewal that is not heard, and one that is not answered: the lease is over for both, or for one."""
    world = world_with_an_old_value(kind)
    world.cut(source, target)
    world.env.run(until=world.env.now + 8.0)
    assert [node.primary is not None for node in world.store.nodes] == [False, True, False]  # type: ignore[attr-defined]
    world.now(read("k"), patience=1.0)  # finds out who is primary
    assert world.now(write("k", "new"), patience=2.0) is TOLD
    assert world.now(read("k"), patience=1.0) == "new"
    world.env.run(until=world.env.now + 2.0)
    assert set(world.held("k")) == {"new"}  # a is a replica of b, which it can reach
    assert world.store.statistics().lost_count == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", STORES, ids=str)
@pytest.mark.parametrize("name", "abc")
def test_nothing_reaches_a_node_that_is_cut_off_and_nothing_comes_from_it(kind: StoreKind, name: str) -> None:
    world = world_with_an_old_value(kind)
    if name not in [host.name for host in world.hosts]:
        pytest.skip("it has no such node")
    place = "abc".index(name)
    world.isolate(name)
    # A client on its own host reaches it, and nobody else.
    inside = world.kind.client(world.store, world.hosts[place])
    for number in range(20):
        world.ask(write("k", ("outside", number)), after=0.5 * number, patience=0.4)
        world.ask(write("k", ("inside", number)), after=0.5 * number + 0.2, client=inside, patience=0.4)
    seen: list[set[Any]] = [set() for _ in world.hosts]
    for _ in range(300):
        world.env.run(until=world.env.now + 0.05)
        for values, value in zip(seen, world.held("k"), strict=True):
            values.add(value)
    for index, values in enumerate(seen):
        elsewhere = "outside" if index == place else "inside"
        assert [value for value in values if value[0] == elsewhere] == []


@pytest.mark.parametrize("kind", STORES, ids=str)
def test_store_whose_links_are_all_cut_answers_nobody_and_is_as_it_was_when_they_are_healed(
    kind: StoreKind,
) -> None:
    world = world_with_an_old_value(kind)
    rules = [world.isolate(name) for name in world.all_hosts]
    asked = [world.ask(write("k", number), after=0.2 * number, patience=1.0) for number in range(20)]
    asked.append(world.ask(read("k"), after=5.0, patience=1.0))
    world.env.run(until=world.env.now + 15.0)
    assert {told.end for told in asked} == {SILENCE}
    assert set(world.held("k")) == {"old"}
    for rule in rules:
        world.network.heal(rule)
    world.env.run(until=world.env.now + 15.0)
    world.now(read("k"), patience=2.0)  # who was given up on is asked again, and found
    assert world.now(read("k"), patience=5.0) == "old"
