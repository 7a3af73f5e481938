"""Stale reads while ranges move: what they may show, for how long, and that it was once there."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest

from models import Host
from models.replication import SCAN, read, scan, write
from models.replication.scans import GivenKeys
from models.request import Request
from models.sharding import LOWEST
from models.sharding.mover import Listed, Mover, MoveRange

from .building import SETTINGS, World

STALE = replace(SETTINGS, stale_reads_while_moving=True)


def test_stale_reads_are_answered_where_that_is_allowed_for_a_lease_at_most() -> None:
    world = World(settings=STALE)
    world.now(write("a", "old"))
    world.network.partition([world.one], [world.directory_host, world.operator_host])
    world.move("a", "two", frozen_for=100.0)
    world.run(2.0)
    assert world.now(read("a")) == "old"  # it is being moved, and the server has not heard of it
    world = World(settings=STALE)
    world.now(write("a", "old"))
    moving = world.move("a", "two", frozen_for=2.0)
    world.run(world.env.now + 1.0)
    old_table = world.ask(write("a", "new"), patience=0.2)
    assert world.now(read("a")) == "old"
    assert old_table.outcome == "silence"  # writes wait
    world.cut(world.one)
    while moving.is_alive:
        world.env.step()
    start = world.env.now
    assert world.now(write("a", "new"), client=world.store.client(world.web)) is None
    assert world.now(read("a")) == "old"
    world.run(start + SETTINGS.lease)
    assert world.now(read("a")) == "new"  # the old server refuses, and the router looks for another


@pytest.mark.parametrize("asked", [read("a"), scan(GivenKeys(["a"]))], ids=["read", "scan"])
@pytest.mark.parametrize("has_crashed", [False, True])
def test_what_is_still_read_is_not_deleted_yet(asked: Request, has_crashed: bool) -> None:
    """The source has two servers: one is asked to delete what has moved away, by the other it is still read.

    In the second case the mover crashes at that instant, and then is to move the range back: to where what is
    left of it has to be deleted first.
    """
    world = World(settings=STALE, server_hosts=1)
    near = world.store.client(world.more[0])
    world.now(write("a", "value"))
    world.now(read("a"), client=near)
    mover = Mover(world.env, Host(world.env, "mover"), world.store)
    world.at(2.2, mover.pursue, Listed(MoveRange(LOWEST, "two")))  # the second server asks a while later
    seen: list[Any] = []

    def ask() -> Generator[Any, Any, None]:
        while world.env.now < 6.0:
            response = yield from near.call(asked)
            shown = dict(response.value.items).get("a") if asked.operation == SCAN else response.value
            seen.append(shown)
            yield 0.03

    world.env.process(ask())
    if has_crashed:
        while world.store.table.find("a")[1].shard != "two":
            world.env.step()
        mover.crash()
        mover.pursue(Listed(MoveRange(LOWEST, "one")))
        mover.restart()
    world.run(8.0)
    assert mover.records[-1].target == ("one" if has_crashed else "two")
    assert mover.move_statistics().dropped_count > 0
    assert set(seen) == {"value"}


def test_stale_read_that_the_store_answers_late_is_not_told() -> None:
    """The store takes a second; meanwhile the server hears that the range is another's."""
    world = World(settings=STALE, request_work=1.0)
    world.now(write("a", "old"))
    world.move("a", "two")
    world.run(world.env.now + 0.01)
    while world.store.table.version < 3:
        world.env.step()
    asked_at = world.env.now
    world.run(asked_at + 0.25)
    told = world.ask(read("a"))
    world.run(asked_at + 0.5)
    world.env.process(world.server.hear(3))
    world.run(asked_at + 10.0)
    assert told.outcome == "old"
    assert world.client.statistics().moved_count > 0
