"""Goals as functions of tables: which steps are left, how few they are, and that they come to an end."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.hashing import HashRing, JumpBuckets, ModuloBuckets, Placement
from models.sharding import Assignment, HashPartitioner, RoutingTable, even_table
from models.sharding.mover import Even, Goal, Listed, MergeRanges, MoveRange, Placed, SplitRange
from models.sharding.mover.steps import Step
from models.sharding.tables import hash_table

SHARDS = ("a", "b", "c", "d")


def table_of(owners: list[str]) -> RoutingTable:
    starts = tuple(2**64 * place // len(owners) for place in range(len(owners)))
    return RoutingTable(HashPartitioner(), starts, tuple(Assignment(owner) for owner in owners))


def done(table: RoutingTable, step: Step) -> RoutingTable:
    """Return the table in which a step has been done, all of it."""
    assert step.is_possible(table)
    if isinstance(step, SplitRange):
        return table.split(table.find_token(step.bound), step.bound)
    if isinstance(step, MergeRanges):
        return table.merged(table.find_token(step.bound) - 1)
    place = table.find_token(step.start)
    return table.changed(place, Assignment(step.shard, table.next_epoch))


def reached(table: RoutingTable, goal: Goal) -> tuple[RoutingTable, int]:
    """Return the table in which nothing is left to be done, and after how many steps."""
    count = 0
    while steps := goal.steps(table, ()):
        table = done(table, steps[0])
        count += 1
        assert count < 1000
    return table, count


owners = st.lists(st.sampled_from(SHARDS), min_size=1, max_size=40)
wanted = st.lists(st.sampled_from(SHARDS), min_size=1, max_size=4, unique=True)


@pytest.mark.slow
@given(owners, wanted)
def test_even_comes_to_even_shares_with_as_few_moves_as_can_be(owners: list[str], shards: list[str]) -> None:
    table, count = reached(table_of(owners), Even(shards))
    before, after = Counter(owners), Counter(each.shard for each in table.assignments)
    assert set(after) <= set(shards)
    assert max(after.values()) - min(after[shard] for shard in shards) <= 1
    share, rest = divmod(len(owners), len(shards))
    kept = sorted(min(before[shard], share + 1) - share for shard in shards if before[shard] > share)
    stay = sum(min(before[shard], share) for shard in shards) + min(rest, sum(kept))
    assert count == len(owners) - stay


@pytest.mark.slow
@given(owners, wanted, st.integers(0, 10))
def test_even_asks_for_the_same_moves_however_often_it_is_asked(
    owners: list[str], shards: list[str], done_count: int
) -> None:
    """A plan that is made anew in the middle costs no move more than the first one."""
    table, goal = table_of(owners), Even(shards)
    first = goal.steps(table, ())
    for step in first[:done_count]:
        table = done(table, step)
    assert len(goal.steps(table, ())) == len(first[done_count:])


@pytest.mark.slow
@given(owners, wanted)
def test_range_that_moves_already_is_not_asked_for_again(owners: list[str], shards: list[str]) -> None:
    table, goal = table_of(owners), Even(shards)
    steps = goal.steps(table, ())
    for number, step in enumerate(steps):
        assert isinstance(step, MoveRange)
        place = table.find_token(step.start)
        table = table.changed(place, table.assignments[place].copying_to(step.shard, table.next_epoch))
        assert len(goal.steps(table, ())) == len(steps) - number - 1


def test_a_shard_that_joins_gets_one_of_n_plus_1_shares_and_one_that_goes_gives_only_its_own() -> None:
    table = even_table(["a", "b", "c"], range_count=48)
    more, count = reached(table, Even(["a", "b", "c", "d"]))
    assert count == 12
    _, count = reached(more, Even(["a", "b", "d"]))
    assert count == 12


PLACEMENTS: list[tuple[type[Placement], float, float]] = [
    (HashRing, 1 / 4, 0.1),
    (JumpBuckets, 1 / 4, 0.1),
    (ModuloBuckets, 3 / 4, 1e-9),
]


@pytest.mark.slow
@pytest.mark.parametrize(("placement", "share", "tolerance"), PLACEMENTS, ids=str)
def test_placed_moves_the_share_that_theory_says(placement: Any, share: float, tolerance: float) -> None:
    before, after = placement(["a", "b", "c"]), placement(["a", "b", "c", "d"])
    table = hash_table(before, range_count=480)
    moved, count = reached(table, Placed(after))
    assert count / 480 == pytest.approx(share, abs=tolerance)
    assert Placed(before).steps(table, ()) == Placed(after).steps(moved, ()) == []


def test_listed_steps_are_done_in_their_order_and_once() -> None:
    table = table_of(["a", "a"])
    goal = Listed(SplitRange(5), MoveRange(5, "b"), SplitRange(7), MergeRanges(2**63))
    table, count = reached(table, goal)
    assert count == 3  # the last two have become neighbours of different epochs
    assert table.starts == (0, 5, 7, 2**63)
    assert [each.shard for each in table.assignments] == ["a", "b", "b", "a"]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Even([]), "shards"),
        (lambda: Even("abc"), "shards"),
        (lambda: Even(["a", "a"]), "shards"),
        (lambda: Placed("ring"), "placement"),  # type: ignore[arg-type]
        (lambda: Listed("split"), "MoveRange"),  # type: ignore[arg-type]
    ],
)
def test_goal_that_makes_no_sense_is_refused(make: Any, says: str) -> None:
    with pytest.raises((TypeError, ValueError), match=says):
        make()
