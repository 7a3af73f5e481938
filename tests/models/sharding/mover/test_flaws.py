"""Each rule of a move is needed: a mover that breaks it is caught, and one that keeps it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest

from models.replication import delete, write
from models.sharding import LOWEST, ShardingFlaws
from models.sharding.mover import Ending, Listed, MoveRange, MoverFlaws

from .moving import MOVING, SETTINGS, TO_TWO, MovingWorld

NO_FLAWS = MoverFlaws()
TO_ONE = Listed(MoveRange(LOWEST, "one"))


def used(seed: int, **settings: Any) -> MovingWorld:
    world = MovingWorld(seed=seed, **settings)
    world.fill()
    world.env.run(until=1.0)
    world.use(until=5.0, pause=0.01)
    world.pursue()
    return world


def calm(seed: int, flaws: MoverFlaws) -> MovingWorld:
    """Nothing goes wrong."""
    return used(seed, mover_flaws=flaws)


def deaf_server(seed: int, flaws: MoverFlaws) -> MovingWorld:
    """A server of the source is cut off from directory and mover, and not from users."""
    world = used(seed, mover_flaws=flaws)
    deaf, others = world.hosts["beside one"], [world.hosts["directory"], world.hosts["mover"]]
    world.at(1.4, world.network.partition, deaf, others)
    return world


def deaf_target(seed: int, flaws: MoverFlaws) -> MovingWorld:
    """The mover is cut off from the target while it imports; nobody writes any more."""
    world = MovingWorld(seed=seed, mover_flaws=flaws)
    world.fill()
    world.pursue()
    held = world.store.shards["two"].contents
    while not any(key.epoch > 0 for key in held()["two"]):
        world.env.step()
    rule = world.network.partition(world.hosts["mover"], world.hosts["two"])
    world.env.call_later(1.2, world.network.heal, rule)
    return world


def left_behind(seed: int, flaws: MoverFlaws, store_flaws: ShardingFlaws | None = None) -> MovingWorld:
    """The source is down when it should drop; a key is deleted at the target, and the range comes back."""
    world = MovingWorld(seed=seed, mover_flaws=flaws, flaws=store_flaws)
    world.fill()
    world.pursue()
    while not (world.mover.records and world.mover.records[0].ending is Ending.MOVED):
        world.env.step()
    node = world.victim("node one")
    node.crash()
    world.at(world.env.now + 2.5, node.restart)  # when it has been asked to drop for long enough
    world.env.process(world.users[0].call(delete("a")))
    world.env.process(world.users[1].call(write("b", "new")))
    world.pursue(TO_ONE)
    return world


CAUGHT_BY: dict[str, Callable[[int, MoverFlaws], MovingWorld]] = {
    "waits_for_nobody": deaf_server,
    "leaves_out_last_copy": calm,
    "forgets_deletions": calm,
    "reuses_epochs": left_behind,
    "trusts_unknown_imports": deaf_target,
}


def violations(world: MovingWorld) -> list[str]:
    world.env.run(until=25.0)
    assert world.mover.is_settled
    return [each for each in world.violations() if each.startswith("not linearizable")]


def test_every_flaw_has_its_test() -> None:
    assert list(CAUGHT_BY) == [each.name for each in fields(MoverFlaws)]


@pytest.mark.parametrize("flaw", CAUGHT_BY)
def test_mover_with_a_flaw_is_caught(flaw: str) -> None:
    flaws = MoverFlaws(**{flaw: True})
    assert any(violations(CAUGHT_BY[flaw](seed, flaws)) for seed in range(1, 9))


@pytest.mark.slow
@pytest.mark.parametrize("happens", dict.fromkeys(CAUGHT_BY.values()))
def test_mover_without_flaws_is_not(happens: Callable[[int, MoverFlaws], MovingWorld]) -> None:
    assert not any(violations(happens(seed, NO_FLAWS)) for seed in range(1, 5))


@pytest.mark.slow
@pytest.mark.parametrize("flaw", ["acknowledges_unasked", "serves_frozen", "hears_nothing"])
def test_server_that_breaks_its_part_of_the_rules_is_caught(flaw: str) -> None:
    def violated(seed: int) -> list[str]:
        settings = replace(SETTINGS, renewal_interval=0.9)
        world = used(seed, flaws=ShardingFlaws(**{flaw: True}), settings=settings, user_count=8)
        world.network.override(world.hosts["beside one"], world.hosts["one"], latency=0.2)
        return violations(world)

    assert any(violated(seed) for seed in range(1, 9))


@pytest.mark.slow
@pytest.mark.parametrize(("bound", "is_safe"), [(1.25, True), (1.0, False)])
def test_leases_are_waited_out_by_clocks_that_keep_to_the_bound(bound: float, is_safe: bool) -> None:
    """The mover's clock counts 1.1 s a second, that of a server which hears nothing 0.9: 1.22 to 1."""
    found = []
    for seed in range(1, 4):
        settings = replace(SETTINGS, clock_drift_bound=bound, renewal_interval=0.05)
        world = MovingWorld(seed=seed, settings=settings, user_count=4)
        world.fill()
        world.hosts["mover"].skew_clock("test", 0.0, 0.1)
        world.hosts["beside one"].skew_clock("test", 0.0, -0.1)
        world.env.run(until=1.0)
        world.use(until=4.0, pause=0.005, keys=MOVING[:2])
        world.pursue()
        while not world.store.table.assignments[0].is_frozen:
            world.env.step()
        others = [world.hosts["directory"], world.hosts["mover"]]
        world.network.partition(world.hosts["beside one"], others)
        found += violations(world)
    assert (found == []) is is_safe


def test_store_that_forgets_epochs_brings_back_what_was_left_behind() -> None:
    world = left_behind(1, NO_FLAWS, ShardingFlaws(forgets_epochs=True))
    assert violations(world)


def test_range_that_is_moved_again_and_again_stays_linearizable() -> None:
    world = used(1)
    for number, goal in enumerate((TO_ONE, TO_TWO, TO_ONE)):
        world.at(2.0 + number, world.pursue, goal)
    assert violations(world) == []
    assert [record.target for record in world.mover.records] == ["two", "one", "two", "one"]
