"""What operations do where there is one order: sets and deletes, and what cannot be done."""

from __future__ import annotations

from typing import Any

import pytest

from models import Request, ServerError
from models.replication import (
    add,
    append,
    compare_and_set,
    delete,
    effect_of,
    read,
    set_add,
    set_remove,
    write,
)
from models.replication.effects import Effect


@pytest.mark.parametrize(
    ("request_", "present", "value"),
    [
        (set_add("x", 1), None, {1}),
        (set_add("x", 1), frozenset({1, 2}), {1, 2}),
        (set_remove("x", 1), frozenset({1, 2}), {2}),
        (set_remove("x", 3), frozenset({1}), {1}),
        (set_remove("x", 3), None, set()),
    ],
)
def test_a_set_has_what_was_added_and_not_removed(request_: Request, present: Any, value: Any) -> None:
    assert effect_of(request_, present) == Effect(True, value, None)


def test_a_delete_leaves_nothing_whatever_was_there() -> None:
    for present in (None, 5, frozenset({1})):
        assert effect_of(delete("x"), present) == Effect(True, None, None)


@pytest.mark.parametrize(
    ("request_", "present"),
    [
        (set_add("x", 1), 5),
        (set_remove("x", 1), (1,)),
        (add("x", 1), frozenset()),
        (append("x", 1), frozenset()),
    ],
)
def test_what_is_another_thing_is_refused(request_: Request, present: Any) -> None:
    with pytest.raises(ServerError, match=f"{request_.operation} to 'x', which holds"):
        effect_of(request_, present)


def test_an_item_that_no_set_can_hold_is_refused_when_it_is_asked_for() -> None:
    for operation in (set_add, set_remove):
        with pytest.raises(TypeError, match=r"item must have a hash, got \[1\]"):
            operation("x", [1])


def test_a_key_that_no_table_can_hold_is_refused_when_it_is_asked_for() -> None:
    for ask in (
        read,
        delete,
        lambda key: write(key, 1),
        lambda key: compare_and_set(key, 1, 2),
        lambda key: append(key, 1),
        lambda key: add(key, 1),
        lambda key: set_add(key, 1),
        lambda key: set_remove(key, 1),
    ):
        with pytest.raises(TypeError, match=r"key must have a hash, got \[1\]"):
            ask([1])


@pytest.mark.parametrize("amount", ["x", None, True])
def test_amount_that_is_no_number_is_refused_at_once(amount: Any) -> None:
    with pytest.raises(TypeError, match="amount must be a number"):
        add("k", amount)
