"""The study of a count that is consistent and wrong: apologies, buffers, and what the agreement is worth."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from experiments.studies.stores.real_world import BREAKAGES, BUFFERS, COUNTS, STOCKS, real_world

from ..figure_checks import assert_complete, texts
from ..what_is_said import Measures, kept_sweep, means, runs_of, what_to_see

mpl.use("Agg")

MARGIN = 6.0


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@lru_cache
def at(count: str, breakage: float = 0.0, buffer: int = 0) -> Measures:
    return means(real_world, count=count, breakage=breakage, buffer=buffer)


def best(count: str, breakage: float) -> tuple[int, Measures]:
    """The buffer that earns most, and what was measured with it."""
    found = max(BUFFERS, key=lambda buffer: at(count, breakage, buffer)["earned"])
    return found, at(count, breakage, found)


def more_if_split(units: int) -> tuple[float, float]:
    """How many orders more are shipped where each side counts, and how many apologies more are made."""
    agreed, split = (means(real_world, count=count, units=units) for count in COUNTS)
    return (
        split["shipped_count"] - agreed["shipped_count"],
        split["apologies_count"] - agreed["apologies_count"],
    )


@pytest.mark.parametrize("buffer", BUFFERS)
def test_agreed_count_of_what_does_not_break_makes_no_apologies(buffer: int) -> None:
    for run in runs_of(real_world, count="agreed", buffer=buffer):
        assert run["apologies_count"] == 0.0
        assert run["shipped_count"] == 80.0 - 10 * buffer


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("breakage", BREAKAGES)
def test_units_are_shipped_broken_or_left(count: str, breakage: float) -> None:
    for buffer in BUFFERS:
        for run in runs_of(real_world, count=count, breakage=breakage, buffer=buffer):
            assert run["shipped_count"] + run["broken_count"] + run["left_count"] == 80.0


@pytest.mark.parametrize("count", COUNTS)
def test_what_breaks_is_apologised_for_whoever_counts(count: str) -> None:
    apologies = [at(count, breakage)["apologies_count"] for breakage in BREAKAGES]
    assert apologies == sorted(apologies)
    # Everything is sold by the record, so each unit that is missing is promised to somebody.
    assert at("agreed", 2.0)["apologies_count"] == at("agreed", 2.0)["broken_count"]


def test_agreement_is_worth_less_the_more_breaks_and_nothing_at_last() -> None:
    worth = [best("agreed", each)[1]["earned"] - best("each side", each)[1]["earned"] for each in BREAKAGES]
    assert worth == sorted(worth, reverse=True)
    assert worth[0] > 50.0
    assert abs(worth[-1]) < 10.0
    assert best("agreed", 2.0)[0] == best("each side", 2.0)[0] == 4


def test_where_nothing_is_cut_both_count_alike() -> None:
    agreed, split = (runs_of(real_world, count=count, cut=0.0, breakage=0.5) for count in COUNTS)
    for one, other in zip(agreed, split, strict=True):
        # Not exactly: the two take different times, and units break meanwhile.
        assert one["shipped_count"] == pytest.approx(other["shipped_count"], abs=2.0)
        assert one["refused_count"] == other["refused_count"] == 0.0


def test_scarcer_stock_makes_more_apologies_and_ships_less_more() -> None:
    shipped, apologies = zip(*(more_if_split(units) for units in STOCKS), strict=True)
    assert list(shipped) == sorted(shipped)
    assert list(apologies) == sorted(apologies, reverse=True)


@pytest.mark.slow
def test_small_sweep_has_its_figures_and_they_are_complete() -> None:
    points = [
        *(
            {"count": count, "breakage": breakage, "buffer": buffer}
            for count in COUNTS
            for breakage in (0.0, 2.0)
            for buffer in (0, 1)
        ),
        *({"count": count, "units": 30} for count in COUNTS),
    ]
    assert real_world.figures_of_sweep is not None
    figures = dict(real_world.figures_of_sweep(kept_sweep(real_world, points, replications=1)))
    assert list(figures) == ["apologies", "worth", "choice"]
    assert_complete(figures)
    assert "let each side count (AP)" in texts(figures["choice"])


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(real_world)
    agreed, split = (at(count) for count in COUNTS)
    assert (
        f"all {agreed['shipped_count']:.0f} are shipped and {agreed['earned']:.0f} earned, though "
        f"{agreed['refused_count']:.0f} orders fail" in said
    )
    buffer, bought = best("each side", 0.0)
    assert (
        f"ships {split['shipped_count']:.0f} too, apologises for {split['apologies_count']:.1f}, and earns "
        f"{split['earned']:.0f}; with a buffer of {buffer} it is {bought['earned']:.0f}" in said
    )
    own = [f"{at('agreed', breakage)['apologies_count']:.1f}" for breakage in BREAKAGES[1:]]
    assert f"makes {own[0]}, {own[1]} and {own[2]} apologies of its own" in said
    worth = [
        f"{best('agreed', each)[1]['earned'] - best('each side', each)[1]['earned']:.0f}"
        for each in BREAKAGES
    ]
    assert (
        f"is worth {worth[0]} where nothing breaks, then {worth[1]}, {worth[2]}, and at last {worth[3]}"
        in said
    )
    (mine, agreed_best), (theirs, split_best) = (best(count, 2.0) for count in COUNTS)
    assert mine == theirs
    assert {f"{each['apologies_count']:.1f}" for each in (agreed_best, split_best)} == {"0.8"}
    assert f"both keep back {mine} units of 8, and apologise for 0.8" in said
    uncut = [means(real_world, count=count, cut=0.0, breakage=0.5)["apologies_count"] for count in COUNTS]
    assert f"({uncut[0]:.1f} apologies and {uncut[1]:.1f} at 0.5)" in said
    shipped, apologies = more_if_split(17)
    assert f"ships {shipped:.1f} orders more and apologises for {apologies:.1f} more" in said
    assert f"costs less than {MARGIN * shipped / apologies:.1f}; with 14 that is" in said
    shipped, apologies = more_if_split(14)
    assert f"with 14 that is {MARGIN * shipped / apologies:.1f}" in said
    shipped, apologies = more_if_split(30)
    assert apologies == 0.0
    assert f"it ships {shipped:.1f} more without any apology" in said
