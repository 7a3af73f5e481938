"""What was acknowledged and is not there in the end."""

from __future__ import annotations

from math import inf

import pytest

from models.consistency import counter_balances, lost_appends, lost_writes
from tests.models.consistency.written_histories import append, compare_and_set, done, write


def test_write_that_an_older_value_outlived_is_lost() -> None:
    history = [write(0, 0, 1, 1), write(0, 2, 3, 2), write(0, 4, 5, 3)]
    assert lost_writes(history, {"x": 3}) == ()
    assert lost_writes(history, {"x": 1}) == (history[1], history[2])
    assert lost_writes(history, {}) == tuple(history)


def test_write_concurrent_with_the_value_that_is_there_was_replaced() -> None:
    history = [write(0, 0, 9, 1), write(1, 0, 9, 2)]
    assert lost_writes(history, {"x": 1}) == ()


def test_write_without_an_answer_cannot_be_lost_and_may_be_what_is_there() -> None:
    history = [write(0, 0, 1, 1), write(1, 2, inf, 2), write(0, 3, 4, 3)]
    assert lost_writes(history, {"x": 2}) == ()
    assert lost_writes(history, {"x": 1}) == (history[2],)


def test_value_that_nobody_wrote_has_replaced_all_wrongly() -> None:
    history = [write(0, 0, 1, 1), compare_and_set(0, 2, 3, 1, 2, True)]
    assert lost_writes(history, {"x": 77}) == tuple(history)


def test_each_key_has_its_own_contents() -> None:
    history = [write(0, 0, 1, 1, key="a"), write(0, 2, 3, 1, key=["b"])]
    assert lost_writes(history, {"a": 1}) == (history[1],)
    assert lost_writes(history, {"a": 1, ("b",): 1}) == ()


def test_acknowledged_append_that_is_not_in_the_list_is_lost() -> None:
    history = [append(0, 0, 1, "a"), append(0, 2, 3, "b"), append(1, 4, inf, "c")]
    assert lost_appends(history, {"x": ["b"]}) == (history[0],)
    assert lost_appends(history, {}) == (history[0], history[1])


def test_counter_must_hold_what_was_acknowledged_and_may_hold_the_unknown() -> None:
    history = [
        done(0, "add", 0, 1, 5),
        done(0, "add", 2, 3, 2),
        write(1, 4, inf, 4),
        done(0, "read", 6, 7, result=7),
    ]
    history[2] = type(history[2])(
        **{**{name: getattr(history[2], name) for name in history[2].__slots__}, "kind": "add"}
    )
    for held, lost, surplus in ((7, 0, 0), (11, 0, 0), (5, 2, 0), (13, 0, 2)):
        (balance,) = counter_balances(history, {"x": held})
        assert (balance.lowest, balance.highest) == (7, 11)
        assert (balance.lost, balance.surplus) == (lost, surplus)


def test_contents_of_all_nodes_at_once_are_refused() -> None:
    history = [write(0, 0, 1, 1)]
    with pytest.raises(ValueError, match=r"contents must be values by key, .* got those of a, b"):
        lost_writes(history, {"a": {"x": 1}, "b": {"x": 1}})
    assert lost_writes(history, {"x": 1}) == ()
