"""What sagas see of each other, and what semantic locks do about it."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from models.network import AddedDelay
from models.transactions import Add, Ending, Put, Saga, SagaStep, run
from models.transactions.sagas import Anomalies, OrchestratorSettings

from ..shop import HOP, STOCK, SYNC_TIME, SagaShop, order_saga

PATIENT = OrchestratorSettings(step_timeout=0.3, pause=0.02, patience=2.0)
STEP = 2 * HOP + SYNC_TIME
NONE = Anomalies(dirty_read_count=0, undone_read_count=0, false_refusal_count=0, lost_update_count=0)


def two_orders(
    first: str, *, locks: bool = False, books: int = 1, settings: Any = PATIENT
) -> tuple[SagaShop, Any, Any]:
    """Let the account `first` want a book, and bob too while payment is slow to answer about the first."""
    shop = SagaShop(settings=settings)
    shop.nodes["stock"].store[  # as it was delivered: before anything happens
        "data"
    ]["book"] = books
    slow = AddedDelay(shop.env, shop.hosts["orchestrator"], shop.hosts["payment"], 0.1, name="slow")
    shop.network.install(slow)
    tolds = [
        shop.ask(run(number, order_saga(number, account, locks=locks)), at=0.02 * number)
        for number, account in enumerate((first, "bob"))
    ]
    shop.env.run(until=5.0)
    return shop, tolds[0].end, tolds[1].end


def test_last_book_that_is_given_back_was_refused_to_somebody_else_meanwhile() -> None:
    shop, first, second = two_orders("poor")
    assert (first.is_done, second) == (False, Ending(is_done=False, reason="too little of 'book'"))
    assert shop.observer.anomalies() == Anomalies(
        dirty_read_count=1, undone_read_count=1, false_refusal_count=1, lost_update_count=0
    )


def test_refusal_is_not_false_where_the_book_was_sold_in_the_end() -> None:
    shop, first, second = two_orders("alice")
    assert (first.is_done, second.is_done) == (True, False)
    assert shop.observer.anomalies() == Anomalies(
        dirty_read_count=1, undone_read_count=0, false_refusal_count=0, lost_update_count=0
    )


def test_refusal_is_not_false_where_what_was_given_back_is_not_enough() -> None:
    shop, first, second = two_orders("poor", books=0)
    assert (first.is_done, second.is_done) == (False, False)
    assert shop.observer.anomalies() == NONE


def test_semantic_lock_lets_the_second_wait_and_have_the_book() -> None:
    shop, first, second = two_orders("poor", locks=True)
    assert (first.is_done, second.is_done) == (False, True)
    assert shop.observer.anomalies() == NONE
    assert shop.nodes["stock"].store["marks"] == {}


def test_semantic_lock_refuses_who_has_no_patience() -> None:
    hasty = OrchestratorSettings(step_timeout=0.3, pause=0.02, patience=0.05)
    shop, first, second = two_orders("alice", locks=True, books=5, settings=hasty)
    assert first.is_done
    assert not second.is_done
    assert second.reason == "stock: rejected by stock: 'book' is marked by saga 0"
    assert shop.observer.anomalies() == NONE


def test_without_a_lock_both_have_their_books() -> None:
    shop, first, second = two_orders("alice", books=5)
    assert first.is_done
    assert second.is_done
    assert shop.observer.anomalies().dirty_read_count == 1


def test_compensation_that_puts_a_value_back_replaces_what_came_since() -> None:
    """A takes shelf 1, B takes it over, and A, who cannot pay, puts back what there was before both."""
    shop = SagaShop(settings=PATIENT)

    def saga(account: str, value: str) -> Saga:
        return Saga(
            (
                SagaStep("stock", (Put("shelf", value),), (Put("shelf", "empty"),)),
                SagaStep("payment", (Add(account, -1),)),
            ),
            pivot=1,
        )

    slow = AddedDelay(shop.env, shop.hosts["orchestrator"], shop.hosts["payment"], 0.1, name="slow")
    shop.network.install(slow)
    shop.ask(run("A", saga("poor", "A's")))
    shop.ask(run("B", saga("bob", "B's")), at=0.05)
    shop.env.run(until=2.0)
    assert shop.data("stock")["shelf"] == "empty"
    assert shop.observer.anomalies().lost_update_count == 1


def test_marks_outlive_a_crash_of_their_service() -> None:
    shop = SagaShop(settings=PATIENT)
    shop.network.install(
        AddedDelay(shop.env, shop.hosts["orchestrator"], shop.hosts["payment"], 0.1, name="slow")
    )
    shop.ask(run(0, order_saga(0, "poor", locks=True)))
    shop.crash("stock", 0.05, 0.01)
    shop.env.run(until=0.07)
    assert shop.nodes["stock"].store["marks"] == {"book": (0, 1)}
    shop.env.run(until=5.0)
    assert shop.nodes["stock"].store["marks"] == {}
    assert shop.data("stock")["book"] == STOCK


def test_mark_goes_with_its_own_step_and_no_other_of_its_saga() -> None:
    """Two steps at stock, which both change the shelf: with the second undone, the first keeps its marks."""
    shop = SagaShop(settings=PATIENT)
    steps = (
        SagaStep("stock", (Add("book", -1), Put("shelf", "A")), (Add("book", 1), Put("shelf", "free"))),
        SagaStep("stock", (Add("pen", 1), Put("shelf", "A again")), (Add("pen", -1, lowest=-inf),)),
        SagaStep("payment", (Add("poor", -1),)),
    )
    shop.ask(run("A", Saga(steps, pivot=2, has_semantic_locks=True)))
    stock = shop.nodes["stock"].store
    seen = []
    undone = shop.observer.undone
    shop.observer.undone = lambda *told: (undone(*told), seen.append(dict(stock["marks"])))  # type: ignore[method-assign]
    shop.env.run(until=1.0)
    assert seen == [{"book": ("A", 0), "shelf": ("A", 0)}, {}]
    assert all(stay.unmarked_at is not None for stay in shop.observer.marks)


def test_what_a_saga_has_changed_is_undecided_until_its_pivot_is_on_the_disk() -> None:
    """Bob's order is judged while Alice has paid, and what she has paid is not yet on the disk of payment."""
    pivot_at = HOP + SYNC_TIME + 2 * STEP + HOP
    for judged_at, count in ((pivot_at + 0.5 * SYNC_TIME, 1), (pivot_at + 1.5 * SYNC_TIME, 0)):
        shop = SagaShop(settings=PATIENT)
        shop.ask(run(0, order_saga(0)))
        one_step = Saga((SagaStep("stock", (Add("book", -1),)),), pivot=0)
        shop.ask(run(1, one_step), at=judged_at - 2 * HOP - SYNC_TIME)
        shop.env.run(until=1.0)
        assert shop.observer.anomalies().dirty_read_count == count


def test_mark_that_a_crash_has_taken_is_a_mark_no_more_and_one_that_it_has_brought_back_is_one() -> None:
    done_at = HOP + SYNC_TIME + STEP + HOP
    shop = SagaShop(settings=PATIENT)
    shop.ask(run(0, order_saga(0, locks=True)))
    shop.crash("stock", done_at + 0.5 * SYNC_TIME, 0.05)  # marked, and not on the disk
    shop.env.run(until=0.06)
    assert [(stay.key, stay.unmarked_at) for stay in shop.observer.marks if stay.service == "stock"] == [
        ("book", pytest.approx(done_at + 0.5 * SYNC_TIME + 0.05))
    ]
    shop = SagaShop(settings=PATIENT)
    shop.ask(run(0, order_saga(0, locks=True)))
    released_at = HOP + SYNC_TIME + 5 * STEP + HOP
    shop.crash("stock", released_at + 0.5 * SYNC_TIME, 0.05)  # unmarked, and not on the disk
    shop.env.run(until=1.0)
    stays = [stay for stay in shop.observer.marks if stay.service == "stock"]
    assert [stay.marked_at for stay in stays] == [
        pytest.approx(done_at),
        pytest.approx(released_at + 0.5 * SYNC_TIME + 0.05),
    ]
    assert all(stay.unmarked_at is not None for stay in stays)


def test_pivot_waits_for_the_mark_of_another_saga_too() -> None:
    """The only book is taken by who cannot pay, and given back: whose pivot is to take one gets it."""
    shop = SagaShop(settings=PATIENT)
    shop.nodes["stock"].store["data"]["book"] = 1
    shop.network.install(
        AddedDelay(shop.env, shop.hosts["orchestrator"], shop.hosts["payment"], 0.1, name="slow")
    )
    shop.ask(run(0, order_saga(0, "poor", locks=True)))
    one_step = Saga((SagaStep("stock", (Add("book", -1),)),), pivot=0, has_semantic_locks=True)
    told = shop.ask(run(1, one_step), at=0.05)
    shop.env.run(until=0.2)
    assert told.end == "silence"
    shop.env.run(until=5.0)
    assert told.end == Ending(is_done=True)
    assert shop.observer.anomalies() == NONE


def test_sagas_that_mark_in_opposite_orders_do_not_wait_for_each_other_for_ever() -> None:
    """Each holds what the other's pivot wants: one gives up, and the other gets there."""
    shop = SagaShop(settings=OrchestratorSettings(step_timeout=0.05, pause=0.02, patience=0.3))

    def saga(first: tuple[str, str], second: tuple[str, str]) -> Saga:
        (one, key), (other, wanted) = first, second
        return Saga(
            (SagaStep(one, (Add(key, -1),), (Add(key, 1),)), SagaStep(other, (Add(wanted, -1),))),
            pivot=1,
            has_semantic_locks=True,
        )

    book, purse = ("stock", "book"), ("payment", "alice")
    tolds = [
        shop.ask(run(number, saga(*places))) for number, places in enumerate([(book, purse), (purse, book)])
    ]
    shop.env.run(until=5.0)
    assert all(isinstance(told.end, Ending) for told in tolds)
    assert shop.observer.open_count == 0
    assert not shop.nodes["stock"].store["marks"]
    assert not shop.nodes["payment"].store["marks"]


def test_steps_after_the_pivot_heed_no_mark_and_so_never_wait_for_each_other() -> None:
    """Each goes on, beyond its pivot, to what the other has marked."""
    shop = SagaShop(settings=PATIENT)

    def saga(first: SagaStep, account: str, last: SagaStep) -> Saga:
        pivot = SagaStep("payment", (Add(account, -1),))
        return Saga((first, pivot, last), pivot=1, has_semantic_locks=True)

    book = SagaStep("stock", (Add("book", -1),), (Add("book", 1),))
    row = SagaStep("orders", (Put("row", "taken"),), (Put("row", "free"),))
    one = saga(book, "alice", SagaStep("orders", (Put("row", "sold"),)))
    other = saga(row, "bob", SagaStep("stock", (Add("book", 1),)))
    tolds = [shop.ask(run(number, each)) for number, each in enumerate((one, other))]
    shop.env.run(until=3.0)
    assert [told.end for told in tolds] == [Ending(is_done=True)] * 2
