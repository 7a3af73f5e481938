"""Commands through wrappers, alone and in pairs: carried out once, however often they are given."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from models.cqrs import Accepted, Command, carry_out, repeated_commands
from models.cqrs.flaws import CommandFlaws
from models.cqrs.items import Restock
from models.replication import read

from .two_sides_world import HOP, SYNC, WRAPPERS, TwoSidesWorld

WRAPPED = [*((name,) for name in WRAPPERS), *product(WRAPPERS, repeat=2)]
TROUBLE_TIME = 0.35
"""Longer than it takes a hedge to ask again, and shorter than a timeout."""


def cut_answers(world: TwoSidesWorld) -> Callable[[], object]:
    """Let no answer of the handler arrive; return what heals it."""
    cut = world.network.partition(world.hosts["handler"], world.hosts["web"], one_way=True)
    return lambda: world.network.heal(cut)


def crash_log(world: TwoSidesWorld) -> Callable[[], object]:
    """Let the log's process be down."""
    world.log.node.crash()
    return world.log.node.restart


def crash_handler(world: TwoSidesWorld) -> Callable[[], object]:
    """Let the handler's process be down."""
    world.handler.crash()
    return world.handler.restart


def cut_answers_of_the_log(world: TwoSidesWorld) -> Callable[[], object]:
    """Let no answer of the log arrive at the handler, which waits; return what heals it."""
    cut = world.network.partition(world.hosts["log"], world.hosts["handler"], one_way=True)
    return lambda: world.network.heal(cut)


TROUBLES = (cut_answers, crash_log, crash_handler, cut_answers_of_the_log)


@pytest.mark.parametrize("wrappers", WRAPPED, ids=" > ".join)
def test_command_is_accepted_as_soon_as_without_wrappers(wrappers: tuple[str, ...]) -> None:
    world = TwoSidesWorld("none", is_behind=False, outside=wrappers)
    told = world.ask(carry_out(Command("mine", 7, Restock(5))))
    assert isinstance(told.end, Accepted)
    assert told.after == pytest.approx(4 * HOP + SYNC)


@pytest.mark.parametrize(
    ("wrappers", "begins"),
    [
        *((wrappers, 1.5 * HOP) for wrappers in WRAPPED),
        *(((name,), begins) for name in WRAPPERS for begins in (0.0, 2.5 * HOP + SYNC)),
    ],
    ids=str,
)
@pytest.mark.parametrize("trouble", TROUBLES)
def test_command_in_trouble_is_carried_out_once_if_anybody_says_so_and_never_twice(
    wrappers: tuple[str, ...], trouble: Any, begins: float
) -> None:
    world = TwoSidesWorld("none", is_behind=False, outside=wrappers)
    env = world.env

    def strike() -> None:
        env.call_later(TROUBLE_TIME, trouble(world))

    env.call_later(begins, strike)
    told = world.ask(carry_out(Command("mine", 7, Restock(5))))
    world.run_on(5.0)
    made = [commit for commit in world.log.commits() if commit.command == "mine"]
    assert len(made) <= 1
    assert repeated_commands(world.log.commits()) == {}
    if isinstance(told.end, Accepted):
        assert told.end.position == made[0].position
    assert left_when_asked_again(world) == 10 - 1 + 5


def left_when_asked_again(world: TwoSidesWorld) -> int:
    """Return how many units are left when all is well and the command was given once more."""
    assert isinstance(world.ask(carry_out(Command("mine", 7, Restock(5)))).end, Accepted)
    world.run_on(1.0)
    return world.ask(read(7)).end  # type: ignore[no-any-return]


def test_handler_that_forgets_ids_is_found_to_do_it_twice() -> None:
    world = TwoSidesWorld("none", is_behind=False, outside=("retry", "timeout"))
    world.handler._flaws = CommandFlaws(forgets_ids=True)
    heal = cut_answers(world)
    world.env.call_later(TROUBLE_TIME, heal)
    world.ask(carry_out(Command("mine", 7, Restock(5))))
    assert left_when_asked_again(world) > 14
