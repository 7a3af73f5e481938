"""Each flaw that can be planted does its harm, shown by hand, and without it there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from models.replication import delete, write
from models.replication.multi_primary import MultiPrimaryFlaws
from tests.models.replication.multi_primary.building import DONE, SYNC, WAY, World, plain


def flawed(name: str, *, is_planted: bool) -> MultiPrimaryFlaws:
    return MultiPrimaryFlaws(**{name: is_planted})


def acknowledged_and_gone(flaws: MultiPrimaryFlaws) -> bool:
    """The host crashes before the sync has ended."""
    world = World(flaws=flaws)
    told = world.call(0, write("x", 1))
    world.at(WAY + SYNC / 2, world.hosts[0].crash)
    world.at(1.0, world.hosts[0].restart)
    world.run()
    assert (world.store.statistics().gone_count == 1) == (told.outcome == DONE)
    return world.store.statistics().gone_count == 1


def each_has_the_others(flaws: MultiPrimaryFlaws) -> bool:
    """Two nodes are written to at once."""
    world = World(flaws=flaws)
    for node in (0, 1):
        world.call(node, write("x", node), at=node * WAY / 2)
    world.run()
    return world.held("x") == [1, 0]


def the_deleted_comes_back(flaws: MultiPrimaryFlaws) -> bool:
    """A value is written at one node and, a moment later, deleted at the other, which has not heard of it."""
    world = World(flaws=flaws)
    world.call(1, write("x", 1))
    world.call(0, delete("x"), at=WAY / 2)
    world.run()
    return world.held("x") == [1, None]


def is_never_shipped(flaws: MultiPrimaryFlaws) -> bool:
    """A node crashes that has taken an update while it was cut off."""
    world = World(flaws=flaws)
    world.run(2.0)
    rule = world.network.partition(*world.hosts)
    world.put(write("x", 1))
    world.hosts[0].crash()
    world.hosts[0].restart()
    world.network.heal(rule)
    world.run()
    return world.held("x") == [1, None]


def the_first_of_two_is_missed(flaws: MultiPrimaryFlaws) -> bool:
    """The message with the first update is lost, that with the second is not."""
    world = World(plain(), flaws=flaws)
    world.run(2.0)
    rule = world.network.partition(*world.hosts)
    world.put(write("x", 1))
    world.network.heal(rule)
    world.put(write("y", 2))
    world.run()
    assert world.held("y") == [2, 2]
    return world.held("x") == [1, None]


@pytest.mark.parametrize(
    ("name", "is_harmed"),
    [
        ("acknowledges_before_durable", acknowledged_and_gone),
        ("merges_by_arrival", each_has_the_others),
        ("forgets_tombstones", the_deleted_comes_back),
        ("loses_outbox", is_never_shipped),
        ("skips_gaps", the_first_of_two_is_missed),
    ],
)
def test_a_flaw_does_its_harm_and_without_it_there_is_none(
    name: str, is_harmed: Callable[[MultiPrimaryFlaws], Any]
) -> None:
    assert is_harmed(flawed(name, is_planted=True))
    assert not is_harmed(flawed(name, is_planted=False))


def test_flaws_say_whether_any_is_planted() -> None:
    assert not MultiPrimaryFlaws()
    assert MultiPrimaryFlaws(skips_gaps=True)
