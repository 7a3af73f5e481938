"""A counter that several add to at once."""

from __future__ import annotations

import pytest

from models.replication.multi_primary.crdt import PnCounter


def test_a_counter_holds_what_was_added_less_what_was_subtracted() -> None:
    counter = PnCounter().added("a", 5).added("b", 3).added("a", -2)
    assert counter.value == counter.shown() == 6
    assert PnCounter().value == 0


def test_adds_of_two_writers_at_once_are_both_there() -> None:
    before = PnCounter().added("a", 5)
    mine, theirs = before.added("a", 1), before.added("b", -3)
    assert mine.merged(theirs).value == 3


def test_an_add_counts_once_however_often_it_comes() -> None:
    mine, theirs = PnCounter().added("a", 5), PnCounter().added("b", 2)
    merged = mine.merged(theirs)
    assert merged.merged(theirs) is merged
    assert merged.merged(mine) is merged


def test_an_older_counter_changes_nothing() -> None:
    old = PnCounter().added("a", 5)
    new = old.added("a", -5)
    assert new.merged(old) is new
    assert old.merged(new).value == 0


def test_news_of_a_writer_who_has_added_nothing_is_news() -> None:
    empty, zero = PnCounter(), PnCounter().added("a", 0)
    assert empty.merged(zero) == zero.merged(empty) == zero


def test_a_counter_is_not_changed_by_what_is_made_of_it() -> None:
    counter = PnCounter().added("a", 5)
    counter.added("a", 1)
    counter.merged(PnCounter().added("b", 1))
    assert counter == PnCounter({"a": (5, 0)})


def test_the_sum_of_floats_is_the_same_in_whatever_order_they_came() -> None:
    amounts = {"a": 0.1, "b": 0.2, "c": 0.3}
    forth, back = PnCounter(), PnCounter()
    for writer in "abc":
        forth = forth.added(writer, amounts[writer])
    for writer in "cba":
        back = back.merged(PnCounter().added(writer, amounts[writer]))
    assert forth.value == back.value


def test_a_counter_weighs_24_bytes_for_each_writer() -> None:
    assert PnCounter().added("a", 5).added("b", 3).added("a", 1).weight() == 48


def test_sums_below_zero_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^sums of 'a' must be >= 0, got \(1, -1\)$"):
        PnCounter({"a": (1, -1)})
