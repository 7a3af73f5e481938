"""The record of an item's stock: what each request makes of it, and that repeating one changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import Request, ServerError
from models.stocked_shop import Count, Delivery, Order, StockRecord
from models.stocked_shop.stock_record import changed, counted, delivered, give_back, look, take

ONE = StockRecord(units=1, delivery=1)


def order(number: int, placed_at: float = 0.0) -> Order:
    return Order(str(number), 7, "zone-a", placed_at)


def after(record: StockRecord, *requests: Request, buffer: int = 0) -> tuple[StockRecord, list[Any]]:
    answers = []
    for request in requests:
        record, answer = changed(record, request, buffer)
        answers.append(answer)
    return record, answers


def test_last_unit_is_taken_once() -> None:
    record, answers = after(ONE, take(order(1)), take(order(2)))
    assert answers == [True, False]
    assert record.orders == (order(1),)
    assert record.available == 0


def test_order_that_is_repeated_has_the_unit_that_it_had() -> None:
    record, answers = after(ONE, take(order(1)), take(order(1, placed_at=9.0)))
    assert answers == [True, True]
    assert record.available == 0


def test_order_is_known_by_its_number_wherever_it_is_repeated() -> None:
    elsewhere = Order("1", 7, "zone-b", 3.0)
    assert after(ONE, take(order(1)), take(elsewhere))[1] == [True, True]


def test_buffer_is_not_sold() -> None:
    record = StockRecord(units=3)
    requests = [take(order(number)) for number in range(3)]
    assert after(record, *requests, buffer=2)[1] == [True, False, False]


def test_given_back_is_there_again_and_only_once() -> None:
    record, _ = after(ONE, take(order(1)), give_back(order(1)), give_back(order(1)))
    assert record == ONE


def test_delivery_that_is_told_twice_has_come_once() -> None:
    record, _ = after(ONE, delivered(7, Delivery(2, 5)), delivered(7, Delivery(2, 5)))
    assert record == StockRecord(units=6, delivery=2)


def test_count_replaces_the_units_and_drops_orders_that_are_handled() -> None:
    record = StockRecord(units=5, delivery=1, orders=(order(1), order(2)))
    record, _ = after(record, counted(7, Count(3, 1, frozenset({order(1)}))))
    assert record == StockRecord(units=3, delivery=1, orders=(order(2),))
    assert record.available == 2


def test_count_drops_orders_that_were_placed_long_ago_and_never_came() -> None:
    record = StockRecord(units=5, delivery=1, orders=(order(1, 10.0), order(2, 20.0)))
    record, _ = after(record, counted(7, Count(5, 1, frozenset(), placed_before=20.0)))
    assert record.orders == (order(2),)


def test_count_that_has_seen_a_delivery_stands_for_it() -> None:
    record, _ = after(ONE, counted(7, Count(6, 2, frozenset())), delivered(7, Delivery(2, 5)))
    assert record == StockRecord(units=6, delivery=2)


def test_count_that_is_older_than_a_delivery_is_void() -> None:
    record, _ = after(ONE, delivered(7, Delivery(2, 5)), counted(7, Count(1, 1, frozenset())))
    assert record == StockRecord(units=6, delivery=2)


def test_look_answers_what_is_left_and_changes_nothing() -> None:
    assert after(StockRecord(units=2, orders=(order(1),)), look(7))[1] == [1]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Delivery(0, 5), "number must be a whole number >= 1, got 0"),
        (lambda: Delivery(1, 0.5), "units must be a whole number >= 1, got 0.5"),
        (lambda: Count(-1, 0, frozenset()), "units must be a whole number >= 0, got -1"),
        (lambda: Count(1, "1", frozenset()), "delivery must be a whole number >= 0, got '1'"),
    ],
)
def test_what_the_record_is_told_are_whole_numbers(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_operation_that_there_is_not_is_a_server_error() -> None:
    with pytest.raises(ServerError, match="operation must be one of take, give back"):
        changed(ONE, Request("steal", 7))


@pytest.mark.slow
@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from("tgdc"), st.integers(1, 4)), max_size=6))
def test_every_request_repeated_at_once_changes_nothing_and_is_answered_alike(
    steps: list[tuple[str, int]],
) -> None:
    record = StockRecord()
    for kind, number in steps:
        request = {
            "t": take(order(number)),
            "g": give_back(order(number)),
            "d": delivered(7, Delivery(number, 2)),
            "c": counted(7, Count(number, number, frozenset({order(number)}))),
        }[kind]
        record, answer = changed(record, request)
        assert changed(record, request) == (record, answer)
