"""Of two cells the last writer's wins, and everybody agrees on which that is."""

from __future__ import annotations

from functools import reduce
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.replication.versions import Cell, larger

CELLS = st.builds(
    Cell,
    st.sampled_from(
        [None, 1, 0.5, "a", "b", (), {}, frozenset(), frozenset({1}), frozenset({2}), frozenset({1, 0})]
    ),
    st.sampled_from([1.0, 2.0, 3.0]),
    st.booleans(),
).map(lambda cell: Cell(None, cell.timestamp, True) if cell.is_deleted else cell)


def test_the_larger_timestamp_wins_whoever_asks() -> None:
    early, late = Cell("z", 1.0), Cell("a", 2.0)
    assert early.merged(late) is late
    assert late.merged(early) is late


def test_at_equal_timestamps_a_tombstone_wins_over_a_value() -> None:
    value, tombstone = Cell("a", 1.0), Cell(None, 1.0, is_deleted=True)
    assert value.merged(tombstone) is tombstone
    assert tombstone.merged(value) is tombstone


def test_at_equal_timestamps_the_larger_value_wins() -> None:
    small, large = Cell("a", 1.0), Cell("b", 1.0)
    assert small.merged(large) is large
    assert large.merged(small) is large


def test_merging_what_brings_nothing_new_gives_the_very_same_cell() -> None:
    cell = Cell("a", 1.0)
    assert cell.merged(Cell("a", 1.0)) is cell


@pytest.mark.parametrize(
    ("left", "right", "winner"),
    [
        (1, 2, 2),
        ("a", "b", "b"),
        (None, 1, 1),
        (1, "a", "a"),
        ((1, "a"), (1, 2), (1, 2)),
        (frozenset({1}), frozenset({2}), frozenset({2})),
        (frozenset({1, 3}), frozenset({2}), frozenset({2})),
        ((0, frozenset({1})), (0, frozenset({2})), (0, frozenset({2}))),
        (frozenset({1}), 5, 5),
        (float("nan"), 5.0, "nan"),
        ({}, 5, 5),
        ({}, 0.5, 0.5),
    ],
)
def test_values_that_cannot_be_compared_have_an_order_all_the_same(
    left: Any, right: Any, winner: Any
) -> None:
    found = [str(each) if each != each else each for each in (larger(left, right), larger(right, left))]
    assert found == [winner, winner]


@pytest.mark.slow
@given(st.lists(CELLS, min_size=1, max_size=4))
def test_the_order_in_which_cells_are_met_does_not_matter(cells: list[Cell]) -> None:
    merged = [reduce(Cell.merged, order) for order in permutations(cells)]
    assert all(each == merged[0] for each in merged)


@pytest.mark.slow
@given(CELLS, CELLS)
def test_cells_of_one_identity_are_equal_and_the_other_way_round(left: Cell, right: Cell) -> None:
    assert (left == right) == (left.identity() == right.identity())


def test_a_tombstone_shows_nothing_and_says_since_when() -> None:
    assert (Cell("a", 1.0).shown(), Cell("a", 1.0).is_dead_since()) == ("a", None)
    tombstone = Cell(None, 1.5, is_deleted=True)
    assert (tombstone.shown(), tombstone.is_dead_since()) == (None, 1.5)


def test_a_cell_with_a_set_says_the_same_in_whatever_order_its_items_came() -> None:
    # These collide in a small table, so that the order in which they came is that in which they stand.
    forth, back = frozenset([0, 8, 16]), frozenset([16, 8, 0])
    assert repr(forth) != repr(back)
    assert Cell(forth, 1.0).identity() == Cell(back, 1.0).identity()
    assert Cell((1, forth), 1.0).identity() == Cell((1, back), 1.0).identity()
