from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from models import FunctionEndpoint, Host, Request, Response, Unavailable
from models.balancing import Balancer, RoundRobin
from models.cqrs import (
    Accepted,
    Command,
    FromTheCommandSide,
    OwnView,
    ProjectionSettings,
    TwoSides,
    UntilItIsThere,
    ask_fate,
    carry_out,
    submit,
)
from models.cqrs.commands import COMMAND
from models.cqrs.items import (
    BestSellers,
    Cancel,
    OrdersPerCustomer,
    Reserve,
    Restock,
    StockPerItem,
    best_sellers,
)
from models.cqrs.projections import AtLeast, PoisonEvent, Rows
from models.replication import read
from models.replication.sessions import Session
from models.resilience.idempotency import IdempotencyStore

from .cqrs_plant import CqrsPlant

POLL = 0.5
"""Seconds between the projection's polls: how long, about, an own command is not there."""

SLOW = ProjectionSettings(wait=0.0, interval=POLL)


class Shop:
    """A user of both sides, with a read model that is half a second behind."""

    def __init__(self, remedy: str, model: Any = None, **settings: Any) -> None:
        self.plant = plant = CqrsPlant()
        self.handler = plant.add_handler()
        self.model = model or StockPerItem()
        self.projection = plant.add_projection(self.model, settings=SLOW)
        self.user: Any = self.client(remedy, **settings)
        plant.command(7, Restock(10))
        plant.run_on(1.0)

    def client(self, remedy: str, **settings: Any) -> TwoSides:
        sides = (self.plant.way(self.handler), self.plant.way(self.projection))
        if remedy == "wait":
            return UntilItIsThere(*sides, **{"patience": 2.0, **settings})
        if remedy == "own view":
            return OwnView(*sides, self.model, **settings)
        if remedy == "command side":
            return FromTheCommandSide(*sides, lambda state: state.left)
        return TwoSides(*sides)

    def reserve(self, order: str, customer: str = "ann", units: int = 1) -> Any:
        return self.plant.now(self.user, carry_out(Command(order, 7, Reserve(order, customer, units))))


@pytest.mark.parametrize(
    ("remedy", "seen", "least", "most"),
    [
        ("none", 10, 0.0, 0.003),
        ("wait", 8, 0.1, POLL + 0.02),
        ("own view", 8, 0.0, 0.003),
        ("command side", 8, 0.004, 0.02),
    ],
)
def test_what_a_user_sees_right_after_a_command_and_how_soon(
    remedy: str, seen: int, least: float, most: float
) -> None:
    shop = Shop(remedy)
    assert isinstance(shop.reserve("o1", units=2), Accepted)
    start = shop.plant.env.now
    told = shop.plant.told(shop.user, read(7))
    assert told.end == seen
    assert least <= told.time - start <= most
    shop.plant.run_on(1.0)
    assert shop.plant.now(shop.user, read(7)) == 8


@pytest.mark.parametrize("remedy", ["none", "wait", "own view", "command side"])
def test_user_without_a_command_of_his_own_is_answered_at_once(remedy: str) -> None:
    shop = Shop(remedy)
    start = shop.plant.env.now
    told = shop.plant.told(shop.user, read(7))
    assert (told.end, told.time - start) == (10, pytest.approx(0.002))
    assert shop.plant.now(shop.user, carry_out(Command("no", 7, Reserve("no", "ann", 99)))).reason


def test_wait_ends_in_unavailable_or_in_an_answer_that_says_what_it_lacks() -> None:
    for settles, end, degraded in ((False, "Unavailable", None), (True, 10, ("own commands",))):
        shop = Shop("wait", patience=0.1, settles_for_less=settles)
        shop.reserve("o1")
        shop.plant.hosts["log"].crash()
        seen: list[Any] = []

        def look(shop: Shop = shop, seen: list[Any] = seen) -> Any:
            response = yield from shop.user.call(read(7))
            seen.append(response.degraded)

        assert shop.plant.now(shop.user, read(7)) == end
        assert shop.user.statistics().late_count == 1
        if degraded:
            shop.plant.env.process(look())
            shop.plant.run_on(1.0)
            assert seen == [degraded]


def test_own_view_lacks_what_others_have_done_meanwhile_and_the_command_side_does_not() -> None:
    for remedy, seen in (("own view", 9), ("command side", 4)):
        shop = Shop(remedy)
        shop.plant.command(7, Reserve("another's", "bob", 5))
        shop.reserve("o1")
        assert shop.plant.now(shop.user, read(7)) == seen


def test_own_view_shows_ones_own_orders_in_a_view_of_another_key() -> None:
    shop = Shop("own view", OrdersPerCustomer())
    shop.reserve("o1")
    shop.reserve("o2", units=3)
    assert shop.plant.now(shop.user, read("ann")) == (("o1", 7, 1), ("o2", 7, 3))
    assert shop.plant.now(shop.user, read("bob")) is None
    assert shop.user.statistics().remedied_count == 1
    shop.plant.run_on(1.0)
    shop.plant.now(shop.user, carry_out(Command("x", 7, Cancel("o1"))))
    assert shop.plant.now(shop.user, read("ann")) == (("o2", 7, 3),)


def test_own_view_remembers_so_many_commands_and_no_more() -> None:
    shop = Shop("own view", memory=1)
    shop.reserve("o1")
    shop.reserve("o2")
    assert shop.plant.now(shop.user, read(7)) == 9


def test_own_view_builds_nothing_on_what_it_cannot_know() -> None:
    shop = Shop("own view", OrdersPerCustomer())
    shop.plant.command(7, Reserve("o1", "ann"))
    shop.plant.now(shop.user, carry_out(Command("x", 7, Cancel("o1"))))  # made, and not in the answer yet
    assert shop.plant.now(shop.user, read("ann")) is None


def test_questions_that_are_no_reads_are_left_as_they_are() -> None:
    for remedy in ("own view", "command side"):
        shop = Shop(remedy, BestSellers())
        shop.reserve("o1")
        assert shop.plant.now(shop.user, best_sellers(1)) == ()


@pytest.mark.parametrize("remedy", ["wait", "own view", "command side"])
def test_submitted_command_is_known_once_its_fate_was_asked_for(remedy: str) -> None:
    shop = Shop(remedy)
    shop.plant.now(shop.user, submit(Command("o1", 7, Reserve("o1", "ann"))))
    shop.plant.run_on(0.05)
    assert shop.plant.now(shop.user, read(7)) == 10
    assert isinstance(shop.plant.now(shop.user, ask_fate("o1")), Accepted)
    assert shop.plant.now(shop.user, read(7)) == 9


@pytest.mark.parametrize("remedy", ["wait", "command side"])
def test_fate_of_an_older_command_does_not_make_one_forget_a_newer_one(remedy: str) -> None:
    shop = Shop(remedy)
    shop.plant.now(shop.user, submit(Command("o1", 7, Reserve("o1", "ann"))))
    shop.plant.run_on(0.8)  # it is in the read model, which has just read, and lacks what comes next
    shop.reserve("o2")
    assert isinstance(shop.plant.now(shop.user, ask_fate("o1")), Accepted)
    assert shop.plant.now(shop.user, read(7)) == 8


def test_own_view_adds_ones_own_in_the_order_of_the_log() -> None:
    shop = Shop("own view", OrdersPerCustomer())
    shop.plant.now(shop.user, submit(Command("o1", 7, Reserve("o1", "ann"))))
    shop.plant.run_on(0.05)
    shop.reserve("o2")
    assert isinstance(shop.plant.now(shop.user, ask_fate("o1")), Accepted)
    assert shop.plant.now(shop.user, read("ann")) == (("o1", 7, 1), ("o2", 7, 1))


class HalfWay(StockPerItem):
    """One that finds out late that it cannot apply an event."""

    __slots__ = ()

    def apply(self, event: Any, rows: Rows) -> None:
        super().apply(event, rows)
        if event.units > 5:
            raise PoisonEvent("too many")


def test_own_view_leaves_out_all_of_an_event_that_cannot_be_applied() -> None:
    shop = Shop("own view")
    user = OwnView(shop.plant.way(shop.handler), shop.plant.way(shop.projection), HalfWay())
    for order, units in (("o1", 6), ("o2", 1)):
        shop.plant.now(user, carry_out(Command(order, 7, Reserve(order, "ann", units))))
    assert shop.plant.now(user, read(7)) == 9


def test_what_is_settled_for_lacks_what_it_lacked_before_too() -> None:
    shop, seen = Shop("none"), []

    def answer(request: Request) -> Any:
        yield 0.0
        if isinstance(request.value, AtLeast):
            raise Unavailable("not there yet")
        return Response(10, degraded=("from a cache",))

    commands, queries = shop.plant.way(shop.handler), FunctionEndpoint(answer, host=shop.plant.web)
    user = UntilItIsThere(commands, queries, patience=1.0, settles_for_less=True)

    def look() -> Any:
        yield from user.call(carry_out(Command("o1", 7, Reserve("o1", "ann"))))
        seen.append((yield from user.call(read(7))).degraded)

    shop.plant.env.process(look())
    shop.plant.run_on(1.0)
    assert seen == [("from a cache", "own commands")]


def test_command_side_is_asked_just_what_the_user_has_asked() -> None:
    shop, asked = Shop("none"), []

    def accept(request: Request) -> Any:
        asked.append(request)
        yield 0.0
        return Accepted("o1", 7, 99, 1, ()) if request.operation == COMMAND else "just sold"

    commands = FunctionEndpoint(accept, host=shop.plant.web)
    user = FromTheCommandSide(commands, shop.plant.way(shop.projection), lambda state: f"{state}!")
    shop.plant.now(user, carry_out(Command("o1", 7, Reserve("o1", "ann"))))
    question = replace(read(7), deadline=100.0, priority=3, origin="ann")
    assert shop.plant.now(user, question) == "just sold!"
    assert asked[1:] == [question]


@pytest.mark.parametrize("settles", [True, False])
def test_question_with_a_demand_is_no_misuse_of_the_key_of_the_one_without(settles: bool) -> None:
    """A duplicate demands while the first one, whose demand was not met, is asked without it."""
    shop = Shop("none")
    plant = shop.plant
    slow = plant.add_projection(name="slow", settings=replace(SLOW, query_work=0.2))
    plant.run_on(1.0)
    store = IdempotencyStore(plant.env, slow)
    user = UntilItIsThere(
        plant.way(shop.handler),
        plant.network.connect(plant.web, store),
        patience=0.05,
        settles_for_less=settles,
    )
    plant.now(user, carry_out(Command("o1", 7, Reserve("o1", "ann"))))
    plant.hosts["log"].crash()
    question, start = replace(read(7), idempotency_key="ann's"), plant.env.now
    told = [plant.ask(user, question, at=start + 0.1 * number) for number in range(4)]
    plant.run_on(1.0)
    assert [each.end for each in told] == [10 if settles else "Unavailable"] * 4
    assert store.statistics().mismatched_count == 0


@pytest.mark.parametrize("remedy", ["wait", "own view", "command side"])
def test_what_was_remembered_is_gone_with_the_users_host(remedy: str) -> None:
    shop = Shop(remedy)
    shop.reserve("o1")
    shop.plant.web.crash()
    shop.plant.web.restart()
    start = shop.plant.env.now
    told = shop.plant.told(shop.user, read(7))
    assert (told.end, told.time - start) == (10, pytest.approx(0.002))


def test_command_side_is_asked_of_streams_of_ones_own_only_and_while_the_read_model_is_behind() -> None:
    shop = Shop("command side")
    shop.reserve("o1")
    shop.plant.now(shop.user, read(8))
    assert shop.user.statistics().remedied_count == 0
    shop.plant.now(shop.user, read(7))
    assert shop.user.statistics().remedied_count == 1
    shop.plant.run_on(1.0)
    shop.plant.now(shop.user, read(7))
    assert shop.user.statistics().remedied_count == 1


def test_session_over_two_read_models_never_goes_back() -> None:
    plant = CqrsPlant()
    handler = plant.add_handler()
    fresh = plant.add_projection(StockPerItem(), "fresh")
    late = plant.add_projection(StockPerItem(), "late", settings=SLOW)
    for ways in ([fresh, late], [late, fresh]):
        session = Session(plant.env, [plant.way(way) for way in ways], own_writes=False)
        seen = []
        for _ in range(30):
            plant.command(7, Restock(1), handler=handler)
            seen.append(plant.told(session, read(7)).end or 0)
        assert seen == sorted(seen)
    turns = Balancer(plant.env, [plant.way(fresh), plant.way(late)], policy=RoundRobin())
    seen = []
    for _ in range(30):
        plant.command(7, Restock(1), handler=handler)
        seen.append(plant.told(turns, read(7)).end)
    assert seen != sorted(seen)  # without a session one does


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda one, far: TwoSides(one, "stock"), "queries must be an Endpoint, got 'stock'"),
        (lambda one, far: TwoSides("shop", one), "target must be an Endpoint, got 'shop'"),
        (
            TwoSides,
            r"queries must be on Host\('web'\) as commands are, got Host\('far'\)",
        ),
        (
            lambda one, far: UntilItIsThere(one, one, patience=-1.0),
            "patience must be finite and >= 0 s, got -1.0",
        ),
        (
            lambda one, far: UntilItIsThere(one, one, patience=1.0, settles_for_less="yes"),
            "settles_for_less must be a bool, got 'yes'",
        ),
        (lambda one, far: OwnView(one, one, "stock"), "model must be a ReadModel, got 'stock'"),
        (
            lambda one, far: OwnView(one, one, StockPerItem(), memory=0),
            "memory must be a whole number >= 1, got 0",
        ),
        (lambda one, far: FromTheCommandSide(one, one, 5), "show must be a function of a state, got 5"),
    ],
)
def test_misuse_is_one_clear_line(make: Any, message: str) -> None:
    shop = Shop("none")
    here = shop.plant.way(shop.projection)
    far = shop.plant.network.connect(Host(shop.plant.env, "far"), shop.projection)
    with pytest.raises((ValueError, TypeError), match=message):
        make(here, far)
