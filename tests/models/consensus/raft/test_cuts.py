"""Cuts: each direction of each link alone, halves, and who is served on which side."""

from __future__ import annotations

from itertools import permutations

import pytest

from models import TimedOut, Unavailable
from models.replication import read, write

from ..brute_force import is_linearizable
from ..world import World

LINKS = list(permutations(range(3), 2))


@pytest.mark.parametrize(("source", "target"), LINKS)
def test_one_direction_of_one_link_alone_stops_nobody(source: int, target: int) -> None:
    """The third node is enough; and who hears no leader deposes none."""
    world = World()
    world.elect(world.nodes[0])
    world.network.partition(world.hosts[source], world.hosts[target], one_way=True)
    world.run(3.0)
    asked = world.ask(world.client(), write("x", 1))
    world.run(1.0)
    assert asked.outcome is None
    assert world.store.statistics().election_count == 1
    deaf = source == 0
    contents = world.store.contents()
    assert [name for name in contents if "x" not in contents[name]] == (
        [f"raft-{target + 1}"] if deaf else []
    )


@pytest.mark.parametrize(("source", "target"), LINKS)
def test_each_direction_is_needed_where_a_third_node_is_down(source: int, target: int) -> None:
    world = World(patience=1.0)
    world.elect(world.nodes[0])
    (down,) = {0, 1, 2} - {source, target}
    world.hosts[down].crash()
    world.run(1.0)
    rule = world.network.partition(world.hosts[source], world.hosts[target], one_way=True)
    client = world.client()
    written, asked = world.ask(client, write("x", 1)), world.ask(client, read("x"))
    world.run(3.0)
    assert isinstance(written.outcome, TimedOut | Unavailable)
    assert isinstance(asked.outcome, Unavailable)
    world.network.heal(rule)
    written = world.ask(client, write("x", 2))
    world.run(3.0)
    assert written.outcome is None
    assert is_linearizable(world.recorder.history())


@pytest.mark.parametrize("direction", ["there", "back"])
def test_client_whose_way_is_cut_in_one_direction_does_not_know(direction: str) -> None:
    world = World(patience=1.0)
    world.elect(world.nodes[0])
    if direction == "there":
        world.network.partition(world.web, world.hosts, one_way=True)
    else:
        world.network.partition(world.hosts, world.web, one_way=True)
    asked = world.ask(world.client(), write("x", 1))
    world.run(2.0)
    assert isinstance(asked.outcome, TimedOut)
    is_written = "x" in world.store.contents()["raft-1"]
    assert is_written == (direction == "back")


@pytest.mark.parametrize("is_leader_inside", [True, False])
def test_majority_goes_on_and_minority_refuses(is_leader_inside: bool) -> None:
    world = World(5, patience=1.0, attempt_timeout=0.1)
    world.elect(world.nodes[0 if is_leader_inside else 4])
    outside_host = world.new_host("outside")
    inside, outside = world.client(), world.client(outside_host)
    world.network.partition([world.web, *world.hosts[:2]], [outside_host, *world.hosts[2:]])
    world.run(1.0)
    refused = [world.ask(inside, write("x", 1)), world.ask(inside, read("x"))]
    served = [world.ask(outside, write("x", 2)), world.ask(outside, read("x"), 0.9)]
    world.run(3.0)
    assert isinstance(refused[0].outcome, TimedOut | Unavailable)
    assert isinstance(refused[1].outcome, Unavailable)
    assert [each.outcome for each in served] == [None, 2]
    world.heal()
    world.run(2.0)
    later = world.ask(inside, read("x"))
    world.run(2.0)
    assert later.outcome in (1, 2)
    assert is_linearizable(world.recorder.history())


def test_bridge_between_two_halves_keeps_them_going() -> None:
    """Two and two cannot reach each other, and the fifth reaches both: a partial partition."""
    world = World(5, patience=2.0)
    world.elect(world.nodes[0])
    world.network.partition(world.hosts[:2], world.hosts[3:])
    world.run(2.0)
    client = world.client()
    asked = [world.ask(client, write("x", number), 0.1 * number) for number in range(10)]
    world.run(5.0)
    assert all(each.outcome is None for each in asked)
    assert is_linearizable(world.recorder.history())
