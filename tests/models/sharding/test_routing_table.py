"""The table as a value: which range a key is in, and what the next table looks like."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.sharding import (
    LOWEST,
    Assignment,
    HashPartitioner,
    Move,
    Phase,
    RangePartitioner,
    RoutingTable,
    TokenRange,
)

from .building import two_ranges

ONE, TWO, THREE = Assignment("one"), Assignment("two"), Assignment("three")


def three_ranges() -> RoutingTable:
    return RoutingTable(RangePartitioner(), (LOWEST, "f", "p"), (ONE, TWO, THREE))


@pytest.mark.parametrize(
    ("key", "place"), [("", 0), ("e", 0), ("f", 1), ("f\0", 1), ("o", 1), ("p", 2), ("zzz", 2)]
)
def test_key_is_in_the_last_range_that_begins_at_or_before_it(key: str, place: int) -> None:
    assert three_ranges().find(key) == (place, (ONE, TWO, THREE)[place])
    assert [key in stretch for stretch, _ in three_ranges().ranges()] == [place == each for each in range(3)]


@pytest.mark.slow
@given(st.sets(st.text(max_size=3), min_size=1, max_size=8), st.text(max_size=4))
def test_each_key_is_in_just_one_range_and_it_is_the_one_that_is_found(bounds: set[str], key: str) -> None:
    starts = (LOWEST, *sorted(bounds))
    table = RoutingTable(RangePartitioner(), starts, (ONE,) * len(starts))
    holders = [place for place, (stretch, _) in enumerate(table.ranges()) if key in stretch]
    assert holders == [table.find(key)[0]]


@pytest.mark.slow
@given(
    st.sets(st.text(max_size=2), min_size=1, max_size=6),
    st.none() | st.text(max_size=3),
    st.none() | st.text(max_size=3),
)
def test_places_within_bounds_are_those_of_ranges_that_have_something_between(
    bounds: set[str], start: str | None, end: str | None
) -> None:
    starts = (LOWEST, *sorted(bounds))
    table = RoutingTable(RangePartitioner(), starts, (ONE,) * len(starts))
    if start is not None and end is not None and not start < end:
        return
    low: Any = LOWEST if start is None else start
    within = [
        place
        for place, (stretch, _) in enumerate(table.ranges())
        if (end is None or stretch.start < end) and (stretch.end is None or low < stretch.end)
    ]
    assert list(table.places_within(low, end)) == within


def test_tables_are_equal_by_version_and_by_whose_hand_they_are() -> None:
    table = two_ranges()
    one = table.changed(0, TWO, nonce="one")
    assert one == table.changed(1, ONE, nonce="one")
    assert one != table.changed(0, TWO, nonce="another")
    assert one != table
    assert len({table, one, two_ranges()}) == 2
    assert one != "a table"


def test_move_goes_from_copying_by_frozen_to_the_other_shard_under_its_own_epoch() -> None:
    copying = ONE.copying_to("two", 7)
    assert copying.move == Move("two", 7, Phase.COPYING)
    assert not copying.is_frozen
    assert copying.frozen().is_frozen
    assert copying.frozen().handed_over() == Assignment("two", 7)


def test_move_that_is_given_up_leaves_all_as_it_was() -> None:
    copying = ONE.copying_to("two", 7)
    assert copying.given_up() == copying.frozen().given_up() == ONE


@pytest.mark.parametrize(
    "step",
    [
        lambda: ONE.copying_to("one", 7),
        lambda: ONE.copying_to("two", 7).copying_to("three", 8),
        ONE.frozen,
        lambda: ONE.copying_to("two", 7).frozen().frozen(),
        ONE.handed_over,
        lambda: ONE.copying_to("two", 7).handed_over(),
    ],
)
def test_step_that_is_not_the_next_one_is_refused(step: Any) -> None:
    with pytest.raises(ValueError, match="a range must be"):
        step()


def test_change_makes_the_next_version_and_leaves_the_table_as_it_was() -> None:
    table = three_ranges()
    changed = table.changed(1, ONE.copying_to("three", table.next_epoch))
    assert (table.version, changed.version) == (0, 1)
    assert table.assignments[1] == TWO
    assert changed.assignments[1].move == Move("three", 1, Phase.COPYING)
    assert changed.shards == ("one", "three")
    assert (changed.places_of("one"), changed.places_of("three")) == ((0, 1), (2,))


def test_range_that_is_split_keeps_its_shard_and_epoch_on_both_sides_and_can_be_merged_again() -> None:
    split = three_ranges().split(1, "k")
    assert split.starts == (LOWEST, "f", "k", "p")
    assert split.assignments == (ONE, TWO, TWO, THREE)
    merged = split.merged(1)
    assert (merged.starts, merged.assignments) == (three_ranges().starts, three_ranges().assignments)
    assert merged.version == 2


@pytest.mark.parametrize("bound", ["f", "p", "a", "z", 3, LOWEST])
def test_split_is_inside_the_range(bound: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="bound"):
        three_ranges().split(1, bound)


def test_range_that_moves_is_neither_split_nor_merged() -> None:
    table = RoutingTable(RangePartitioner(), (LOWEST, "f"), (ONE, ONE))
    moving = table.changed(1, ONE.copying_to("two", 1))
    with pytest.raises(ValueError, match="settled"):
        moving.split(1, "k")
    with pytest.raises(ValueError, match="settled"):
        moving.merged(0)


@pytest.mark.parametrize("assignments", [(ONE, TWO), (ONE, Assignment("one", 3))])
def test_neighbours_of_other_shards_or_epochs_are_not_merged(assignments: tuple[Assignment, ...]) -> None:
    with pytest.raises(ValueError, match="merged"):
        RoutingTable(RangePartitioner(), (LOWEST, "f"), assignments).merged(0)
    with pytest.raises(ValueError, match="merged"):
        RoutingTable(RangePartitioner(), (LOWEST, "f"), assignments).merged(1)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"partitioner": "hash"}, "partitioner"),
        ({"starts": ()}, "starts"),
        ({"starts": [LOWEST, "m"]}, "starts must be a tuple, got"),
        ({"starts": 2}, "starts must be a tuple, got 2"),
        ({"starts": ("a", "m")}, "starts must begin"),
        ({"starts": (LOWEST, "m", "n")}, "starts must be one for each"),
        ({"starts": (LOWEST, "m", "c"), "assignments": (ONE, TWO, ONE)}, "starts must grow"),
        ({"starts": (LOWEST, "m", "m"), "assignments": (ONE, TWO, ONE)}, "starts must grow"),
        ({"starts": (LOWEST, 3)}, "bound"),
        ({"assignments": ("one", "two")}, "assignments"),
        ({"assignments": (ONE, Assignment(""))}, "shard"),
        ({"assignments": (ONE, Assignment("two", -1))}, "epoch"),
        ({"version": -1}, "version"),
    ],
)
def test_nonsense_is_one_clear_line(given: dict[str, Any], says: str) -> None:
    whole = {"partitioner": RangePartitioner(), "starts": (LOWEST, "m"), "assignments": (ONE, TWO)}
    with pytest.raises((ValueError, TypeError), match=says) as caught:
        RoutingTable(**{**whole, **given})
    assert "\n" not in str(caught.value)


def test_ranges_of_hashes_begin_at_zero_and_end_nowhere() -> None:
    table = RoutingTable(HashPartitioner(), (0, 1 << 63), (ONE, TWO))
    assert table.range_at(1) == TokenRange(1 << 63, None)
    assert {table.find(f"key {number}")[0] for number in range(100)} == {0, 1}
    for (one, _), (following, _) in pairwise(table.ranges()):
        assert one.end == following.start
