"""How fast the number may change; the documentation's examples among others."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.autoscaling.kubernetes import DOWN, UP, Behaviour, ChangeLimit, CountLimit, PercentLimit

FOUR_OR_TEN_PERCENT = (CountLimit(4, 60.0), PercentLimit(10.0, 60.0))


def test_the_default_doubles_or_adds_four_every_fifteen_seconds() -> None:
    assert [UP.highest(count, [], 0.0) for count in (0, 1, 3, 4, 5, 10)] == [4, 5, 7, 8, 10, 20]
    assert UP.highest(8, [(90.0, 4)], 100.0) == 8  # four were there at the beginning
    assert UP.highest(8, [(85.0, 4)], 100.0) == 16  # 15 s ago is over


def test_the_default_may_take_all_away_once_five_minutes_are_over() -> None:
    assert DOWN.lowest(80, [], 0.0) == 0
    assert DOWN.stabilisation_window == 300.0


def test_the_documentations_example_of_eighty_instances_that_shrink_to_ten() -> None:
    """Ten percent or four a minute, whichever is more: 8 first, four a minute below forty."""
    behaviour = Behaviour(limits=FOUR_OR_TEN_PERCENT)
    count, seen = 80, [80]
    while count > 10:
        count = max(10, behaviour.lowest(count, [], 0.0))
        seen.append(count)
    assert seen[:5] == [80, 72, 64, 57, 51]
    assert seen[-9:] == [40, 36, 32, 28, 24, 20, 16, 12, 10]


def test_least_of_several_limits() -> None:
    behaviour = Behaviour(limits=FOUR_OR_TEN_PERCENT, select="least")
    assert behaviour.lowest(80, [], 0.0) == 76
    assert behaviour.highest(80, [], 0.0) == 84
    assert behaviour.highest(10, [], 0.0) == 11


def test_disabled_changes_nothing_in_that_direction() -> None:
    behaviour = Behaviour(limits=(), select="disabled")
    assert behaviour.highest(5, [], 0.0) == behaviour.lowest(5, [], 0.0) == 5


def test_a_percentage_always_moves_something() -> None:
    slow = PercentLimit(1.0, 60.0)
    assert (slow.highest(1), slow.lowest(1)) == (2, 0)
    assert (slow.highest(100), slow.lowest(100)) == (101, 99)  # and no more, for a rounding of floats


def test_what_was_added_and_removed_in_the_period_counts_against_both() -> None:
    behaviour = Behaviour(limits=(CountLimit(4, 60.0),))
    changes = [(0.0, 4), (30.0, -2)]
    assert behaviour.highest(12, changes, 40.0) == 14  # from the ten at the beginning
    assert behaviour.lowest(12, changes, 40.0) == 6
    assert behaviour.highest(12, changes, 60.0) == 18  # the growth is a period ago


def test_what_was_changed_too_much_already_is_not_undone() -> None:
    behaviour = Behaviour(limits=(CountLimit(1, 60.0),))
    assert behaviour.highest(20, [(0.0, 10)], 10.0) == 20
    assert behaviour.lowest(10, [(0.0, -10)], 10.0) == 10


limits = st.one_of(
    st.builds(CountLimit, st.integers(1, 50), st.floats(1.0, 100.0)),
    st.builds(PercentLimit, st.floats(0.5, 300.0), st.floats(1.0, 100.0)),
)
changes = st.lists(st.tuples(st.floats(0.0, 100.0), st.integers(-20, 20)), max_size=4)


@pytest.mark.slow
@settings(max_examples=50)
@given(st.lists(limits, min_size=1, max_size=3), st.integers(0, 200), changes)
def test_the_more_a_selection_allows_the_further_it_goes(
    several: list[ChangeLimit], current: int, made: list[tuple[float, int]]
) -> None:
    most, least = (Behaviour(limits=tuple(several), select=select) for select in ("most", "least"))
    assert current <= least.highest(current, made, 100.0) <= most.highest(current, made, 100.0)
    assert current >= least.lowest(current, made, 100.0) >= most.lowest(current, made, 100.0)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"limits": ()}, "limits must be one or more unless select is 'disabled'"),
        ({"limits": (CountLimit(1, 1.0),), "select": "Max"}, "select must be one of most, least, disabled"),
        ({"limits": (CountLimit(1, 1.0),), "stabilisation_window": 3601.0}, "must be <= 3600 s"),
        ({"limits": (CountLimit(1, 1.0),), "tolerance": 1.0}, r"tolerance must lie in \[0, 1\), got 1.0"),
    ],
)
def test_misuse(wrong: dict[str, object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Behaviour(**wrong)  # type: ignore[arg-type]


def test_misuse_of_limits() -> None:
    with pytest.raises(ValueError, match="count must be a whole number >= 1, got 0"):
        CountLimit(0, 60.0)
    with pytest.raises(ValueError, match="period must be <= 1800 s, got 1801"):
        PercentLimit(10.0, 1801.0)
    with pytest.raises(ValueError, match="percent must be finite and > 0, got 0"):
        PercentLimit(0.0, 60.0)
