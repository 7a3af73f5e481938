"""Sagas while services are slow, silent or unwilling, and clients impatient; times by hand."""

from __future__ import annotations

from typing import Any

import pytest

from models.network import AddedDelay
from models.resilience.fallbacks import Fallback
from models.transactions import Ending, Put, Saga, SagaStep, read, run
from models.transactions.sagas.requests import StepAnswer

from ..shop import HOP, MONEY, SETTINGS, STOCK, SYNC_TIME, SagaShop, order_saga

STEP = 2 * HOP + SYNC_TIME
SAGA = 2 * HOP + 2 * SYNC_TIME + 4 * STEP
"""The way to the orchestrator and back, its beginning and end on the disk, and the steps one by one."""

REFUSED = Ending(is_done=False, reason="too little of 'poor'")


def asked(shop: SagaShop, account: str = "alice", **settings: Any) -> Any:
    return shop.ask(run(1, order_saga(1, account, **settings)))


def test_saga_takes_a_round_trip_and_a_sync_for_each_step() -> None:
    shop = SagaShop()
    told = asked(shop)
    shop.env.run(until=1.0)
    assert (told.end, told.time) == (Ending(is_done=True), pytest.approx(SAGA))
    assert shop.data("stock") == {"book": STOCK - 1}
    assert shop.data("payment") == {"alice": MONEY - 10, "bob": MONEY, "poor": 0, "shop": 10}
    assert shop.data("orders") == {1: "approved"}


def test_refusal_by_the_business_is_an_answer_and_undoes_what_was_done_last_first() -> None:
    shop = SagaShop()
    seen: list[tuple[str, float]] = []
    shop.observer.undone = lambda service, *_: seen.append((service, round(shop.env.now, 6)))  # type: ignore[method-assign, misc]
    told = asked(shop, "poor")
    shop.env.run(until=1.0)
    # The pivot is asked third, and refuses; that the saga turns back is written; then two compensations.
    assert (told.end, told.time) == (REFUSED, pytest.approx(SAGA + STEP + SYNC_TIME))
    began = HOP + SYNC_TIME + 3 * STEP + SYNC_TIME
    assert seen == [
        ("stock", pytest.approx(began + HOP)),
        ("orders", pytest.approx(began + STEP + HOP)),
    ]
    assert shop.data("orders") == {1: "rejected"}
    assert shop.data("stock") == {"book": STOCK}


def test_marks_cost_one_more_round_for_each_service_that_has_some() -> None:
    shop = SagaShop()
    told = asked(shop, locks=True)
    shop.env.run(until=1.0)
    assert told.time == pytest.approx(SAGA + 2 * STEP)


def test_silent_service_before_the_pivot_is_given_up_and_its_step_undone_first() -> None:
    shop = SagaShop()
    cut = shop.network.partition(shop.hosts["stock"], shop.hosts["orchestrator"], one_way=True)
    told = asked(shop)
    shop.at(2.0, shop.network.heal, cut)
    shop.env.run(until=1.9)
    assert told.end == "silence"  # it has given up long ago, and cannot learn that the step is undone
    assert shop.data("stock") == {"book": STOCK}  # though it is
    shop.env.run(until=3.0)
    assert told.end == Ending(is_done=False, reason="stock: no answer within 0.05 s")
    assert told.time > 2.0
    assert shop.data("orders") == {1: "rejected"}


def test_pivot_that_was_done_in_silence_leads_forward_again() -> None:
    shop = SagaShop()
    cut = shop.network.partition(shop.hosts["payment"], shop.hosts["orchestrator"], one_way=True)
    told = asked(shop)
    shop.at(2.0, shop.network.heal, cut)
    shop.env.run(until=3.0)
    assert told.end == Ending(is_done=True)
    assert shop.totals == (STOCK, 2 * MONEY)
    assert shop.data("payment")["shop"] == 10


def test_pivot_that_was_never_done_will_never_be() -> None:
    """Its request is on the way for a second; the compensation is there first."""
    shop = SagaShop()
    slow = AddedDelay(
        shop.env, shop.hosts["orchestrator"], shop.hosts["payment"], 1.0, name="slow", one_way=True
    )
    shop.network.install(slow)
    told = asked(shop)
    shop.at(SETTINGS.patience, shop.network.heal, slow)
    shop.env.run(until=3.0)
    assert told.end == Ending(is_done=False, reason="payment: no answer within 0.05 s")
    assert told.time < 0.5
    assert shop.data("payment")["shop"] == 0
    assert shop.totals == (STOCK, 2 * MONEY)


def test_step_that_comes_after_its_compensation_does_nothing() -> None:
    shop = SagaShop()
    slow = AddedDelay(
        shop.env, shop.hosts["orchestrator"], shop.hosts["stock"], 1.0, name="slow", one_way=True
    )
    shop.network.install(slow)
    told = asked(shop)
    shop.at(SETTINGS.patience, shop.network.heal, slow)
    shop.env.run(until=0.9)
    assert not told.end.is_done
    shop.env.run(until=3.0)  # all copies of the step have come
    assert shop.data("stock") == {"book": STOCK}
    assert shop.half_done() == []


def test_compensation_that_fails_is_asked_again_until_it_works() -> None:
    shop = SagaShop()
    told = asked(shop, "poor")
    shop.crash("stock", HOP + SYNC_TIME + 2 * STEP + 0.001, 20.0)  # its step is done, payment's is not
    shop.env.run(until=19.0)
    assert (told.end, shop.data("stock")) == ("silence", {"book": STOCK - 1})
    assert shop.observer.open_count == 1
    shop.env.run(until=21.0)
    assert (told.end, shop.data("stock")) == (REFUSED, {"book": STOCK})
    assert shop.observer.half_done_times() == [pytest.approx(20.0, abs=0.2)]


def test_step_after_the_pivot_is_asked_until_it_works() -> None:
    shop = SagaShop()
    told = asked(shop)
    shop.crash("orders", HOP + SYNC_TIME + 3 * STEP, 20.0)
    shop.env.run(until=25.0)
    assert told.end == Ending(is_done=True)
    assert told.time > 20.0


def test_client_who_asks_twice_with_one_id_gets_one_saga() -> None:
    shop = SagaShop()
    first, second = asked(shop), asked(shop)
    later = shop.ask(run(1, order_saga(1)), at=0.5)
    shop.env.run(until=1.0)
    assert first.end == second.end == later.end == Ending(is_done=True)
    assert later.time == pytest.approx(0.5 + 2 * HOP)
    assert shop.data("stock") == {"book": STOCK - 1}


def test_client_who_gives_up_stops_nothing() -> None:
    for patience in (0.5 * HOP, 1.5 * HOP, HOP + SYNC_TIME, 0.5 * SAGA, SAGA - 0.5 * HOP):
        shop = SagaShop()
        told = shop.ask(run(1, order_saga(1)), patience=patience)
        shop.env.run(until=1.0)
        assert told.end == "silence"
        assert shop.data("stock") == {"book": STOCK - 1}, patience
        assert shop.half_done() == []


def test_reader_sees_what_is_half_done() -> None:
    shop = SagaShop()
    asked(shop, "poor")
    stock = shop.network.connect(shop.web, shop.nodes["stock"])
    during = shop.ask(read("book"), at=HOP + SYNC_TIME + 2 * STEP, target=stock)
    after = shop.ask(read("book"), at=0.5, target=stock)
    shop.env.run(until=1.0)
    assert (during.end, after.end) == (STOCK - 1, STOCK)


def test_what_is_read_is_on_the_disk() -> None:
    shop = SagaShop()
    asked(shop)
    stock = shop.network.connect(shop.web, shop.nodes["stock"])
    written_at = HOP + SYNC_TIME + STEP + HOP
    told = shop.ask(read("book"), at=written_at - HOP + 0.0001, target=stock)
    shop.env.run(until=1.0)
    assert told.end == STOCK - 1
    assert told.time == pytest.approx(written_at + SYNC_TIME + HOP)


def test_service_that_is_asked_what_it_does_not_know_fails_and_lives() -> None:
    shop = SagaShop()
    ends = [
        shop.ask(read(1)),
        shop.ask(run(1, order_saga(1)), target=shop.network.connect(shop.web, shop.nodes["stock"])),
    ]
    shop.env.run(until=1.0)
    assert [told.end for told in ends] == ["ServerError", "ServerError"]


def test_work_costs_time_on_the_orchestrators_cores() -> None:
    plain, working = SagaShop(), SagaShop()
    working.nodes["orchestrator"].request_work = 0.01
    tolds = [asked(shop) for shop in (plain, working)]
    for shop in (plain, working):
        shop.env.run(until=1.0)
    assert tolds[1].time == pytest.approx(tolds[0].time + 0.01)


def test_saga_of_one_step_is_its_pivot() -> None:
    shop = SagaShop()
    told = shop.ask(run(1, Saga((SagaStep("orders", (Put(1, "there"),)),), pivot=0)))
    shop.env.run(until=1.0)
    assert (told.end, shop.data("orders")) == (Ending(is_done=True), {1: "there"})


def test_what_a_stand_in_answers_is_no_answer_of_a_service() -> None:
    shop = SagaShop(wrap=lambda env, way: Fallback(way, StepAnswer("done"), name="stand-in"))
    shop.hosts["stock"].crash_process(shop.nodes["stock"])
    told = asked(shop)
    shop.at(2.0, shop.hosts["stock"].restart_process, shop.nodes["stock"])
    shop.env.run(until=3.0)
    assert told.end == Ending(is_done=False, reason="stock: answered without stand-in")
    assert shop.data("orders") == {1: "rejected"}
    assert shop.data("stock") == {"book": STOCK}
