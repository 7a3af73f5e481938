"""Siblings: a write replaces what its client has read, and nothing else; compared with full histories."""

from __future__ import annotations

from functools import reduce
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.replication.versions import Cell, Siblings, VersionVector

NONE = Siblings.none()


def cell(value: Any, *, is_deleted: bool = False) -> Cell:
    return Cell(None if is_deleted else value, 1.0, is_deleted)


def test_a_write_replaces_what_its_client_has_read() -> None:
    first = NONE.written("a", cell(1), VersionVector())
    second = first.written("a", cell(2), first.context)
    assert (first.shown(), second.shown()) == (1, 2)


def test_a_write_by_who_has_read_nothing_stays_beside_the_others() -> None:
    """Through one writer too: a plain vector for each value would let the second overwrite the first."""
    first = NONE.written("a", cell(1), VersionVector())
    assert first.written("a", cell(2), VersionVector()).shown() == (1, 2)
    assert first.merged(NONE.written("b", cell(2), VersionVector())).shown() == (1, 2)


def test_who_has_read_all_siblings_replaces_all() -> None:
    both = NONE.written("a", cell(1), VersionVector()).merged(NONE.written("b", cell(2), VersionVector()))
    assert both.written("b", cell(3), both.context).shown() == 3


def test_what_was_replaced_does_not_come_back_from_who_has_it_still() -> None:
    first = NONE.written("a", cell(1), VersionVector())
    second = first.written("b", cell(2), first.context)
    assert second.merged(first) is second
    assert first.merged(second) == second


def test_a_deleted_value_shows_nothing_and_a_write_beside_it_does() -> None:
    gone = NONE.written("a", cell(1), VersionVector())
    gone = gone.written("a", cell(None, is_deleted=True), gone.context)
    assert (gone.shown(), gone.is_dead_since()) == (None, 1.0)
    beside = gone.merged(NONE.written("b", cell(2), VersionVector()))
    assert (beside.shown(), beside.is_dead_since()) == (2, None)


# What happens: (writer, what it is) with 0 = a write by a client that has read there, 1 = one that has read
# nothing, 2 = a message from the next writer.
STEPS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2)), max_size=12)


class History:
    """The same as siblings, with all that was ever seen kept as a set of numbers."""

    def __init__(self) -> None:
        self.values: set[int] = set()
        self.seen: set[int] = set()

    def write(self, number: int, seen: set[int]) -> None:
        self.values = (self.values - seen) | {number}
        self.seen |= seen | {number}

    def merge(self, other: History) -> None:
        self.values = (self.values & other.values) | (self.values - other.seen) | (other.values - self.seen)
        self.seen |= other.seen


def held(siblings: Siblings) -> set[int]:
    return {each.value for each in siblings.cells.values()}


@pytest.mark.slow
@given(STEPS)
def test_it_keeps_what_full_histories_keep(steps: list[tuple[str, int]]) -> None:
    siblings = dict.fromkeys("abc", NONE)
    histories = {writer: History() for writer in "abc"}
    for number, (writer, what) in enumerate(steps):
        other = {"a": "b", "b": "c", "c": "a"}[writer]
        mine = siblings[writer]
        if what == 2:
            siblings[writer] = mine.merged(siblings[other])
            histories[writer].merge(histories[other])
        else:
            seen, numbers = (
                (mine.context, set(histories[writer].seen)) if what == 0 else (VersionVector(), set())
            )
            siblings[writer] = mine.written(writer, cell(number), seen)
            histories[writer].write(number, numbers)
        assert held(siblings[writer]) == histories[writer].values
    orders = [reduce(Siblings.merged, order) for order in permutations(siblings.values())]
    assert all(each == orders[0] and each.identity() == orders[0].identity() for each in orders)
