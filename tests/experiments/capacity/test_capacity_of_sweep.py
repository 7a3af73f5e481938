"""The bracket that the rows of a sweep give."""

from __future__ import annotations

from typing import Any

import pytest

from experiments import Grid, InProcess, Misuse, SweepResult, sweep
from experiments.capacity import FAILS, HOLDS, UNDECIDED, capacity_of_sweep

from .shares_study import shares


def swept(**grid: list[Any]) -> SweepResult:
    return sweep(shares, Grid(grid) if grid else None, executor=InProcess())


@pytest.mark.slow
def test_the_bracket_lies_between_two_neighbours() -> None:
    capacity = capacity_of_sweep(swept(), load="load", margins=["first", "second"])
    assert (capacity.load_low, capacity.load_high) == (30.0, 40.0)
    assert capacity.is_resolved
    assert [step.verdict for step in capacity.steps] == [HOLDS, HOLDS, HOLDS, FAILS, FAILS]
    assert capacity.run_count == 20
    assert capacity.rises == ()


def test_loads_need_not_come_in_order() -> None:
    capacity = capacity_of_sweep(swept(load=[50.0, 10.0, 30.0]), load="load", margins=["first"])
    assert (capacity.load_low, capacity.load_high, capacity.tolerance) == (30.0, 50.0, 20.0)


@pytest.mark.slow
def test_a_load_at_which_chance_decides_widens_the_bracket() -> None:
    capacity = capacity_of_sweep(swept(load=[20.0, 35.0, 50.0]), load="load", margins=["first"])
    assert [step.verdict for step in capacity.steps] == [HOLDS, UNDECIDED, FAILS]
    assert (capacity.load_low, capacity.load_high) == (20.0, 50.0)
    assert not capacity.is_resolved


def test_only_the_margins_that_were_named_count() -> None:
    capacity = capacity_of_sweep(swept(), load="load", margins=["second"])
    assert (capacity.load_low, capacity.load_high) == (50.0, None)


@pytest.mark.slow
def test_a_sweep_over_more_than_load_is_cut() -> None:
    result = swept(bound=[15.0, 45.0], load=[10.0, 20.0, 30.0, 40.0, 50.0])
    found = [
        capacity_of_sweep(result, load="load", margins=["first"], where={"bound": bound})
        for bound in (15.0, 45.0)
    ]
    assert [(item.load_low, item.load_high) for item in found] == [(10.0, 20.0), (40.0, 50.0)]
    with pytest.raises(Misuse, match="loads must be at least two and differ"):
        capacity_of_sweep(result, load="load", margins=["first"])
    with pytest.raises(Misuse, match="loads must be at least two and differ"):
        capacity_of_sweep(result, load="load", margins=["first"], where={"load": 10.0})


def test_names_that_nobody_knows_are_misuse() -> None:
    result = swept()
    with pytest.raises(Misuse, match="a parameter of shares must be one of"):
        capacity_of_sweep(result, load="rate", margins=["first"])
    with pytest.raises(Misuse, match="a measure of shares must be one of"):
        capacity_of_sweep(result, load="load", margins=["third"])
    with pytest.raises(Misuse, match="a parameter of shares must be one of"):
        capacity_of_sweep(result, load="load", margins=["first"], where={"bond": 1.0})
    with pytest.raises(Misuse, match="margins must be names of measures, at least one"):
        capacity_of_sweep(result, load="load", margins=[])
