"""Each rule of a server is needed: with a flaw something that was acknowledged is gone, and without it not.

The range is moved by hand (`World.move`), in the way that `server` argues about. In each case a write, or a
deletion, is acknowledged or not, and then the key is read by a client that has just come.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import fields
from typing import Any

import pytest

from models import FunctionEndpoint
from models.replication import delete, read, write
from models.sharding import LOWEST, ShardingFlaws
from models.sharding.requests import Drop, drop_range

from .building import SETTINGS, Told, World

Shown = tuple[Any, Any]
"""What the last write was told, and what a new client reads then."""


def shown(world: World, told: Told) -> Shown:
    return told.outcome, world.now(read("a"), client=world.store.client(world.web))


def slow_write(flaws: ShardingFlaws) -> Shown:
    """The store takes a second for a write, and the range is moved in the middle of it."""
    world = World(request_work=1.0, flaws=flaws)
    world.now(write("a", "old"))
    start = world.env.now
    told = world.ask(write("a", "new"))
    world.at(start + 0.1, world.move, "a", "two")
    world.run(start + 5.0)
    return shown(world, told)


def deaf_server(flaws: ShardingFlaws) -> Shown:
    """The server is cut off from directory and mover, and not from a client that has not heard of it."""
    world = World(flaws=flaws)
    world.now(write("a", "old"))
    world.network.partition([world.one], [world.directory_host, world.operator_host])
    world.move("a", "two")
    world.run(world.env.now + SETTINGS.ttl + 1.0)
    assert world.store.table.version == 3
    told = world.ask(write("a", "new"))
    world.run(world.env.now + 10.0)
    return shown(world, told)


def frozen_range(flaws: ShardingFlaws) -> Shown:
    """The last copy is made, and the range is still frozen where it was."""
    world = World(flaws=flaws)
    world.now(write("a", "old"))
    world.move("a", "two", frozen_for=1.0)
    world.run(world.env.now + 0.5)
    told = world.ask(write("a", "new"), patience=0.4)
    world.run(world.env.now + 10.0)
    return shown(world, told)


def there_and_back(flaws: ShardingFlaws) -> Shown:
    """The key is deleted where its range has moved, and the range comes back to where the key still is."""
    world = World(flaws=flaws)
    world.now(write("a", "old"))
    world.move("a", "two")
    world.run(world.env.now + 2.0)
    told = world.ask(delete("a"))
    world.run(world.env.now + 2.0)
    world.move("a", "one")
    world.run(world.env.now + 2.0)
    return shown(world, told)


def old_router(flaws: ShardingFlaws) -> Shown:
    """A client with the old table asks the old owner as soon as the range has been handed over."""
    world = World(flaws=flaws)
    world.now(write("a", "old"))
    world.run(2.2)  # the next renewal is a while from now
    moving = world.move("a", "two")
    while moving.is_alive:
        world.env.step()
    told = world.ask(write("a", "new"))
    world.run(world.env.now + 2.0)
    return shown(world, told)


def slow_read(flaws: ShardingFlaws) -> Shown:
    """The question comes late to the store: meanwhile the range moves, and the next owner takes a write.

    What is shown is what the late read told, if anything, instead of what the write was told.
    """
    world = World(flaws=flaws)
    world.now(write("a", "old"))
    server = world.store.servers_of("one")[0]
    client = server.store_client

    def late(request: Any) -> Generator[Any, Any, Any]:
        yield 2.0
        return (yield from client.call(request))

    server.store_client = FunctionEndpoint(late)
    told = world.ask(read("a"))
    world.at(world.env.now + 0.1, world.move, "a", "two")
    world.run(world.env.now + 1.5)
    world.now(write("a", "new"), client=world.store.client(world.web))
    world.run(world.env.now + 3.0)
    return shown(world, told)


def late_drop(flaws: ShardingFlaws) -> Shown:
    """A drop of leftovers is late: the copy is made when it comes, and the range is still on its way."""
    world = World(flaws=flaws)
    world.now(write("a", "old"))
    world.move("a", "two", frozen_for=1.0)
    while not world.shards["two"].contents()["two"]:
        world.env.step()
    way = world.network.connect(world.web, world.store.servers_of("two")[0])
    told = world.ask(drop_range(Drop(LOWEST, None, 1)), client=way)
    world.run(world.env.now + 5.0)
    return shown(world, told)


Happens = Callable[[ShardingFlaws], Shown]

CAUGHT_BY: dict[str, Happens] = {
    "acknowledges_unasked": slow_write,
    "reads_unasked": slow_read,
    "ignores_leases": deaf_server,
    "serves_frozen": frozen_range,
    "forgets_epochs": there_and_back,
    "hears_nothing": old_router,
    "drops_what_comes": late_drop,
}

WITH_FLAW: dict[Happens, Shown] = {
    **dict.fromkeys(CAUGHT_BY.values(), (None, "old")),
    slow_read: ("old", "new"),
    late_drop: (1, None),
}
WITHOUT: dict[Happens, Shown] = {
    slow_write: ("TimedOut", "old"),
    slow_read: ("new", "new"),  # by the new owner: the old one's answer is not passed on
    deaf_server: (None, "new"),  # by the new owner, whom the router finds since the old one refuses
    frozen_range: ("silence", "old"),
    there_and_back: (None, None),
    old_router: (None, "new"),
    late_drop: (0, "old"),
}


def test_every_flaw_has_its_test() -> None:
    assert list(CAUGHT_BY) == [each.name for each in fields(ShardingFlaws)]


@pytest.mark.parametrize("flaw", CAUGHT_BY)
def test_with_a_flaw_something_that_was_acknowledged_is_gone(flaw: str) -> None:
    happens = CAUGHT_BY[flaw]
    assert happens(ShardingFlaws(**{flaw: True})) == WITH_FLAW[happens]


@pytest.mark.parametrize("flaw", CAUGHT_BY)
def test_without_it_what_was_acknowledged_is_there_or_nothing_was(flaw: str) -> None:
    happens = CAUGHT_BY[flaw]
    assert happens(ShardingFlaws()) == WITHOUT[happens]
