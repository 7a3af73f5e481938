"""What may be done next, by counts alone: the cases of Kubernetes' controller, and what holds in all."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.deployment import Bounds, Moves, Stock, next_moves


def rolling(new: tuple[int, int], old: tuple[int, int], desired: int, surge: int, unavailable: int) -> Moves:
    return next_moves(
        Stock(*new),
        Stock(*old),
        new_target=desired,
        old_target=0,
        desired=desired,
        surge=surge,
        unavailable=unavailable,
    )


@pytest.mark.parametrize(
    ("new", "old", "start", "stop"),
    [
        ((0, 0), (3, 3), 1, 0),
        ((1, 0), (3, 3), 0, 0),
        ((1, 1), (3, 3), 0, 1),
        ((1, 1), (2, 2), 1, 0),
        ((2, 2), (2, 2), 0, 1),
        ((3, 2), (1, 1), 0, 0),
        ((3, 3), (1, 1), 0, 1),
        ((3, 3), (0, 0), 0, 0),
    ],
)
def test_three_instances_by_default_are_replaced_one_by_one(
    new: tuple[int, int], old: tuple[int, int], start: int, stop: int
) -> None:
    assert rolling(new, old, 3, 1, 0) == Moves(start_new=start, stop_old=stop)


def test_one_instance_is_replaced_by_one_more() -> None:
    assert rolling((0, 0), (1, 1), 1, 1, 0) == Moves(start_new=1)
    assert rolling((1, 0), (1, 1), 1, 1, 0) == Moves()
    assert rolling((1, 1), (1, 1), 1, 1, 0) == Moves(stop_old=1)


# The two cases in the comment of Kubernetes' reconcileOldReplicaSets: 10 desired, 2 unavailable, surge 3.
def test_new_ones_that_crash_all_the_time_are_no_reason_to_take_an_old_one_away() -> None:
    assert rolling((0, 0), (10, 10), 10, 3, 2) == Moves(start_new=3, stop_old=2)
    assert rolling((3, 0), (8, 8), 10, 3, 2) == Moves(start_new=2)
    assert rolling((5, 0), (8, 7), 10, 3, 2) == Moves(), "13 - 8 - 5 = 0, though an old one has failed"


def test_unavailable_old_ones_may_go_where_no_available_one_may() -> None:
    assert rolling((0, 0), (10, 8), 10, 3, 2) == Moves(start_new=3, stop_old=2)
    assert rolling((3, 0), (8, 8), 10, 3, 2).stop_old == 0
    assert rolling((1, 1), (3, 1), 3, 1, 0) == Moves(stop_old=1), "4 - 3 - 0 = 1, and one that does not serve"


def test_set_beside_is_built_whatever_the_surge() -> None:
    moves = next_moves(
        Stock(0, 0), Stock(4, 4), new_target=4, old_target=4, desired=4, surge=0, unavailable=1
    )
    assert moves == Moves(start_new=4)


def test_canary_goes_while_the_old_set_is_whole() -> None:
    moves = next_moves(
        Stock(4, 4), Stock(1, 1), new_target=4, old_target=0, desired=4, surge=1, unavailable=0
    )
    assert moves == Moves(stop_old=1)


def test_fewer_desired_takes_what_is_too_much_of_either() -> None:
    moves = next_moves(
        Stock(3, 3), Stock(3, 3), new_target=1, old_target=1, desired=2, surge=1, unavailable=0
    )
    assert moves == Moves(stop_new=2, stop_old=2)


def test_where_both_sets_shrink_at_a_time_the_desired_count_serves_still() -> None:
    moves = next_moves(
        Stock(2, 2), Stock(2, 2), new_target=0, old_target=0, desired=2, surge=1, unavailable=0
    )
    assert moves == Moves(stop_old=2)


def test_of_nothing_there_is_nothing_to_do() -> None:
    assert rolling((0, 0), (0, 0), 0, 0, 1) == Moves()
    assert rolling((0, 0), (2, 2), 0, 0, 1) == Moves(stop_old=2)


counts = st.integers(min_value=0, max_value=12)


@pytest.mark.slow
@given(
    desired=st.integers(min_value=1, max_value=12),
    surge=st.integers(min_value=0, max_value=4),
    unavailable=st.integers(min_value=0, max_value=4),
    is_bad=st.booleans(),
    seed=st.integers(min_value=0, max_value=2**31),
)
def test_bounds_hold_whatever_becomes_ready_when(
    desired: int, surge: int, unavailable: int, is_bad: bool, seed: int
) -> None:
    if not surge and not unavailable:
        surge, unavailable = 0, 1
    chance = random.Random(seed)
    new, old = Stock(0, 0), Stock(desired, desired)
    for _ in range(20 * desired):
        moves = rolling(
            (new.count, new.available_count), (old.count, old.available_count), desired, surge, unavailable
        )
        assert not moves.start_old
        assert not moves.stop_new
        new = Stock(new.count + moves.start_new, new.available_count)
        old = Stock(old.count - moves.stop_old, old.available_count - moves.stop_old)
        assert new.count + old.count <= desired + surge
        assert new.available_count + old.available_count >= desired - unavailable
        if not is_bad and chance.random() < 0.7:
            new = Stock(new.count, chance.randint(new.available_count, new.count))
    if is_bad:
        assert old.count >= desired - unavailable
    else:
        assert (new.count, old.count) == (desired, 0)


@pytest.mark.slow
@given(
    new=counts,
    new_share=st.floats(0, 1),
    old=counts,
    old_share=st.floats(0, 1),
    new_target=counts,
    old_target=counts,
    desired=counts,
    bounds=st.sampled_from([(1, 0), (0, 1), (2, 3)]),
)
def test_no_move_is_more_than_there_is_or_than_is_wanted_and_what_serves_stays(
    new: int,
    new_share: float,
    old: int,
    old_share: float,
    new_target: int,
    old_target: int,
    desired: int,
    bounds: tuple[int, int],
) -> None:
    surge, unavailable = bounds
    served_by_new, served_by_old = round(new * new_share), round(old * old_share)
    moves = next_moves(
        Stock(new, served_by_new),
        Stock(old, served_by_old),
        new_target=new_target,
        old_target=old_target,
        desired=desired,
        surge=surge,
        unavailable=unavailable,
    )
    assert min(moves) >= 0
    assert moves.stop_old <= max(old - old_target, 0)
    assert moves.stop_new <= max(new - new_target, 0)
    assert new + moves.start_new <= max(new_target, new)
    assert old + moves.start_old <= max(old_target, old)
    # Those that do not serve go first.
    left = min(served_by_new, new - moves.stop_new) + min(served_by_old, old - moves.stop_old)
    assert left >= min(served_by_new + served_by_old, desired - unavailable)


def test_shares_and_moves_agree_on_a_deployment_of_ten() -> None:
    surge, unavailable = Bounds().resolve(10)
    assert rolling((0, 0), (10, 10), 10, surge, unavailable) == Moves(start_new=3, stop_old=2)
