"""What a user is told of an own command, by remedy and trouble; wrappers inside, outside and in pairs."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from experiments.swarm.bookkeeping import books_of, statistics_of
from experiments.swarm.invariants import _check_rules
from models.cqrs.items import Reserve
from models.replication import read
from tests.in_one_test import in_one_test

from .two_sides_world import HOP, PATIENCE, REMEDIES, SYNC, TROUBLES, WRAPPERS, TwoSidesWorld

ROUND_TRIP = 2 * HOP
OLD, NEW = 10, 9
SILENCE = ("silence", 5.0)
AT_ONCE: dict[str, Any] = dict.fromkeys(REMEDIES, (NEW, ROUND_TRIP))

EXPECTED: dict[tuple[str, bool], dict[str, tuple[Any, float]]] = {
    ("healthy", False): AT_ONCE,
    ("healthy", True): {
        "none": (OLD, ROUND_TRIP),
        "own view": (NEW, ROUND_TRIP),
        "command side": (NEW, 3 * ROUND_TRIP),
    },
    ("process down", True): dict.fromkeys(REMEDIES, ("Refused", ROUND_TRIP)),
    ("host down", True): dict.fromkeys(REMEDIES, SILENCE),
    ("question cut", True): dict.fromkeys(REMEDIES, SILENCE),
    ("answer cut", True): dict.fromkeys(REMEDIES, SILENCE),
    ("log down", False): AT_ONCE,
    ("log down", True): {
        "none": (OLD, ROUND_TRIP),
        "own view": (NEW, ROUND_TRIP),
        "wait": ("Unavailable", 1.0 + ROUND_TRIP),
        "wait, or less": (OLD, 1.0 + 2 * ROUND_TRIP),
        "command side": SILENCE,
    },
    ("handler down", False): AT_ONCE,
    ("handler down", True): {
        "none": (OLD, ROUND_TRIP),
        "own view": (NEW, ROUND_TRIP),
        "command side": ("Refused", 2 * ROUND_TRIP),
    },
}
"""By trouble, and whether the read model is behind: what a bare remedy tells, and after how many seconds."""


@pytest.mark.parametrize(
    ("trouble", "is_behind", "remedy"),
    [(*case, remedy) for case, told in EXPECTED.items() for remedy in told],
)
def test_user_is_told_of_an_own_command(trouble: str, is_behind: bool, remedy: str) -> None:
    world = TwoSidesWorld(remedy, is_behind=is_behind)
    TROUBLES[trouble](world)
    told = world.ask(read(7))
    end, after = EXPECTED[trouble, is_behind][remedy]
    assert (told.end, told.after) == (end, pytest.approx(after))
    assert told.degraded == (("own commands",) if remedy == "wait, or less" and end == OLD else ())


@pytest.mark.parametrize("remedy", ["wait", "wait, or less"])
@pytest.mark.parametrize("trouble", ["healthy", "handler down"])
def test_wait_ends_when_the_read_model_has_read_on(remedy: str, trouble: str) -> None:
    world = TwoSidesWorld(remedy, is_behind=True)
    TROUBLES[trouble](world)
    shown: list[float] = []
    told = world.ask(read(7))
    shown.append(world.env.now - HOP)
    assert told.end == NEW
    assert ROUND_TRIP < told.after < 0.25 + 4 * HOP + SYNC
    assert world.stock.position == 2


WRAPPED = [*((name,) for name in WRAPPERS), *product(WRAPPERS, repeat=2)]


def end_of(world: TwoSidesWorld) -> tuple[Any, float, tuple[str, ...]]:
    told = world.ask(read(7))
    return told.end, told.after, told.degraded


def check_books(world: TwoSidesWorld) -> None:
    for part in world.parts:
        _check_rules(part, statistics_of(part), books_of(part).idle, world.env.now)


@in_one_test("remedy", REMEDIES)
@pytest.mark.parametrize("wrappers", WRAPPED, ids=" > ".join)
@in_one_test("place", ["inside", "outside"])
def test_wrappers_alone_and_in_pairs_change_nothing_where_all_is_well(
    remedy: str, wrappers: tuple[str, ...], place: str
) -> None:
    for is_behind in (True,) if len(wrappers) > 1 else (False, True):
        plain = end_of(TwoSidesWorld(remedy, is_behind=is_behind))
        world = TwoSidesWorld(remedy, is_behind=is_behind, **{place: wrappers})
        assert end_of(world) == plain
        world.run_on(5.0)
        check_books(world)


AFTER_A_TIMEOUT = {
    # The hedge, and the retry outside of the timeout, ask once more; a retry inside is cancelled with it.
    ("timeout",): PATIENCE,
    ("retry", "timeout"): 2 * PATIENCE + 0.1,
    ("breaker", "timeout"): PATIENCE,
    ("hedge", "timeout"): PATIENCE,
    ("timeout", "timeout"): PATIENCE,
    ("timeout", "retry"): PATIENCE,
    ("timeout", "breaker"): PATIENCE,
    ("timeout", "hedge"): PATIENCE,
}


@in_one_test("remedy", REMEDIES)
@pytest.mark.parametrize("wrappers", AFTER_A_TIMEOUT, ids=" > ".join)
@pytest.mark.parametrize("trouble", ["host down", "question cut", "answer cut"])
@in_one_test("place", ["inside", "outside"])
def test_timeout_ends_the_silence_and_leaves_nothing_behind(
    remedy: str, wrappers: tuple[str, ...], trouble: str, place: str
) -> None:
    world = TwoSidesWorld(remedy, is_behind=False, **{place: wrappers})
    world.run_on(2.0)
    before = world.life()
    TROUBLES[trouble](world)
    told = world.ask(read(7))
    last_hedge = 0.3 if wrappers[0] == "hedge" else 0.0
    assert told.end == "TimedOut"
    assert told.after == pytest.approx(AFTER_A_TIMEOUT[wrappers] + last_hedge)
    world.run_on(10.0)
    check_books(world)
    if trouble != "host down":
        assert world.life() == before


@pytest.mark.parametrize("remedy", REMEDIES)
@pytest.mark.parametrize(
    "wrappers", [("retry",), ("breaker",), ("hedge",), ("retry", "breaker")], ids=" > ".join
)
def test_refusal_is_told_as_soon_as_the_wrapper_lets_it(remedy: str, wrappers: tuple[str, ...]) -> None:
    world = TwoSidesWorld(remedy, is_behind=False, inside=wrappers)
    world.stock.crash()
    told = world.ask(read(7))
    # A hedge asks the next one at once after a failure.
    waits = {"retry": 0.1 + ROUND_TRIP, "hedge": ROUND_TRIP, "breaker": 0.0}[wrappers[0]]
    assert (told.end, told.after) == ("Refused", pytest.approx(ROUND_TRIP + waits))
    world.stock.restart()
    world.run_on(1.0)
    assert world.ask(read(7)).end == NEW


def test_breaker_around_the_read_model_opens_and_commands_still_go_through() -> None:
    world = TwoSidesWorld("none", is_behind=False, inside=("breaker", "timeout"))
    world.hosts["stock"].crash()
    ends = [world.ask(read(7)).end for _ in range(8)]
    assert ends[0] == "TimedOut"
    assert ends[-1] == "BreakerOpen"
    assert world.carry_out(Reserve("another", "bob")).end.version == 3


@pytest.mark.parametrize("remedy", REMEDIES)
def test_same_seed_is_the_same_run_event_for_event(remedy: str) -> None:
    def digest() -> str:
        world = TwoSidesWorld(remedy, is_behind=True, inside=("retry", "timeout"))
        world.ask(read(7))
        world.hosts["stock"].crash()
        world.ask(read(7))
        world.hosts["stock"].restart()
        world.run_on(2.0)
        return f"{world.env.trace_digest()} {world.ask(read(7))}"

    assert digest() == digest()


@pytest.mark.parametrize("remedy", REMEDIES)
@pytest.mark.parametrize("patience", [0.5 * HOP, 1.5 * HOP, 2.5 * HOP, 4.5 * HOP, 0.1])
def test_callers_who_give_up_leave_nothing_behind(remedy: str, patience: float) -> None:
    world = TwoSidesWorld(remedy, is_behind=True)
    world.run_on(1.0)
    before = world.life()
    for _ in range(20):
        world.ask(read(7), patience=patience)
    world.run_on(3.0)
    assert world.life() == before
    for node in (world.stock, world.handler, world.log.node):
        statistics = node.statistics()
        assert (statistics.in_service_count, statistics.waiting_count) == (0, 0)
    assert world.ask(read(7)).end == NEW
