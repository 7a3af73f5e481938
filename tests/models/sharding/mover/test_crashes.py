"""A move is struck at any instant: mover, servers, nodes, the directory; process or host; links, one way.

The instants at which anything happens are taken from an undisturbed move, with users who write, read and
delete. Just after one of them something crashes, and comes back soon, or at once, when what its former life
has sent is still under way. However that falls, all that was acknowledged is there, the history is
linearizable, the move arrives in the end, and nothing is left frozen, being copied, or dead.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import permutations

import pytest

from .moving import MovingWorld

VICTIMS = (
    "mover",
    "process mover",
    "one",
    "server one",
    "node one",
    "beside one",
    "server beside one",
    "two",
    "server two",
    "node two",
    "directory",
    "node directory",
)
OUTAGES = (0.7, 0.004)
"""Seconds: long enough for everybody to notice; and less than one way through the network."""

CUTS = (0.35, 1.7)
PLACES = ("mover", "one", "beside one", "two", "directory")
START, END = 1.0, 2.0
JUST_AFTER = 1e-7
# Of some 340 instants, each with a run of 30 ms.
FEW_IN, SOME_IN = 97, 29


def moving_world() -> MovingWorld:
    world = MovingWorld()
    world.fill()
    world.env.run(until=START)
    world.use(until=START + 3.0)
    world.pursue()
    return world


@lru_cache
def instants() -> tuple[float, ...]:
    """The times at which anything happens while an undisturbed move is under way."""
    world = moving_world()
    found = tuple(world.instants(END))
    assert world.mover.is_settled
    assert world.owner("a") == "two"
    assert world.mover.records[0].frozen_count > 0
    return found


def check(strike: Callable[[MovingWorld, float], object], *, first: int, one_in: int) -> None:
    for time in instants()[first::one_in]:
        world = moving_world()
        strike(world, time + JUST_AFTER)
        world.env.run(until=START + 20.0)
        assert world.violations() == [], f"struck at {time}"
        assert world.owner("a") == "two"


def cut(world: MovingWorld, source: str, target: str, time: float, length: float) -> None:
    rules = []
    hosts = world.hosts

    def begin() -> None:
        rules.append(world.network.partition(hosts[source], hosts[target], one_way=True))

    world.at(time, begin)
    world.at(time + length, lambda: world.network.heal(rules[0]))


@pytest.mark.slow
@pytest.mark.parametrize("victim", VICTIMS)
def test_nothing_is_lost_whatever_crashes_at_a_few_instants(victim: str) -> None:
    check(lambda world, time: world.strike(victim, time, OUTAGES[0]), first=40, one_in=FEW_IN)


@pytest.mark.slow
@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("outage", OUTAGES)
def test_nothing_is_lost_whatever_crashes_at_some_instants(victim: str, outage: float) -> None:
    check(lambda world, time: world.strike(victim, time, outage), first=VICTIMS.index(victim), one_in=SOME_IN)


@pytest.mark.slow
@pytest.mark.parametrize("way", list(permutations(PLACES, 2)), ids="->".join)
@pytest.mark.parametrize("length", CUTS)
def test_nothing_is_lost_whatever_link_is_cut_at_some_instants(way: tuple[str, str], length: float) -> None:
    check(lambda world, time: cut(world, *way, time, length), first=len(way[0] + way[1]), one_in=2 * SOME_IN)


@pytest.mark.slow
def test_link_to_the_target_that_is_cut_at_a_few_instants_loses_nothing() -> None:
    check(lambda world, time: cut(world, "mover", "two", time, 1.7), first=25, one_in=FEW_IN)
