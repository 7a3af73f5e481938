"""The study of two databases that both take writes: what is lost, when, and to whom."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt

from experiments import InProcess, Misuse, Run, sweep
from experiments.design import Points
from experiments.studies.stores.multi_primary import BY_CLOCK, RESOLUTIONS, THINK_TIME, multi_primary
from experiments.studies.stores.multi_primary_users import (
    Books,
    history_of_names,
    lost_names,
    staleness_of_names,
    values_of,
)
from models.consistency import Ending, Operation
from models.network import LocalityLatencies

from ..figure_checks import assert_complete, texts
from ..what_is_said import kept_sweep, means, percent, runs_of, what_to_see

mpl.use("Agg")

DRAWN = "last writer wins", "siblings", "data types"
LOSSES = ("lost_items", "returned_items", "lost_counts", "lost_names", "overwritten")


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@lru_cache
def ran(**parameters: Any) -> Run:
    return multi_primary(**{"seed": 1, "users": 2, "keys": 2, **parameters})


@pytest.mark.slow
@pytest.mark.parametrize("resolution", DRAWN)
def test_both_sides_are_answered_throughout_a_partition_and_agree_after_it(resolution: str) -> None:
    measures = ran(resolution=resolution, partition=10.0).measures
    assert measures["answered"] == 1.0
    assert 0.0 < measures["convergence_time"] < 2.0
    assert measures["stale"] > 0.05
    assert measures["conflicts"] > 0.05


@pytest.mark.slow
def test_data_types_lose_nothing() -> None:
    measures = ran(resolution="data types", partition=10.0).measures
    assert [measures[name] for name in LOSSES] == [0.0] * len(LOSSES)


@pytest.mark.slow
def test_siblings_lose_no_item_and_bring_back_what_was_taken_and_cannot_count() -> None:
    measures = ran(resolution="siblings", partition=10.0).measures
    assert measures["lost_items"] == measures["lost_names"] == measures["overwritten"] == 0.0
    assert measures["lost_counts"] > 0.05
    assert means(multi_primary, resolution="siblings", partition=10.0)["returned_items"] > 0.1


@pytest.mark.slow
def test_last_writer_wins_loses_items_and_counts_and_with_clocks_that_are_right_no_name() -> None:
    measures = ran(resolution="last writer wins", partition=10.0).measures
    assert min(measures["lost_items"], measures["lost_counts"], measures["overwritten"]) > 0.05
    assert measures["lost_names"] == 0.0


def test_in_every_run_only_last_writer_wins_overwrites_and_without_any_partition_too() -> None:
    for partition in (0.0, 2.0, 10.0, 30.0):
        for resolution in DRAWN:
            for measures in runs_of(multi_primary, resolution=resolution, partition=partition):
                assert measures["answered"] == 1.0
                assert (measures["overwritten"] > 0.0) == (resolution == "last writer wins")
                assert (measures["lost_items"] == 0.0) or resolution == "last writer wins"
                assert (measures["lost_counts"] == 0.0) == (resolution == "data types")


@pytest.mark.parametrize("keys", [1, 10])
@pytest.mark.parametrize("resolution", ["last writer wins", "data types"])
def test_updates_meet_as_often_as_the_other_side_makes_some_within_the_delay(
    resolution: str, keys: int
) -> None:
    """A user acts once in a think time and an answer's; each kind of thing gets a fifth of what users do.

    Of carts a little less, since out of an empty one nothing is taken: the bound is for that.
    """
    way = LocalityLatencies().other_region.mean
    rate = 5 / (THINK_TIME + 0.002) / 5.0 / keys
    expected = rate * (way + 0.001)
    found = [measures["conflicts"] for measures in runs_of(multi_primary, resolution=resolution, keys=keys)]
    deviation = float(np.std(found, ddof=1)) / len(found) ** 0.5
    assert float(np.mean(found)) == pytest.approx(expected, abs=3.0 * deviation + 0.05 * expected)


@pytest.mark.slow
def test_a_clock_behind_loses_updates_and_a_hybrid_one_mends_that() -> None:
    behind = ran(resolution="last writer wins", skew=5.0).measures
    hybrid = ran(resolution="hybrid clock", skew=5.0).measures
    right = ran(resolution="last writer wins").measures
    assert behind["overwritten"] > 0.3 > 0.1 > hybrid["overwritten"] > 0.0
    assert hybrid["overwritten"] == pytest.approx(right["overwritten"], rel=0.2)
    named = [means(multi_primary, resolution=name, skew=10.0)["lost_names"] for name in BY_CLOCK]
    assert named[0] > 0.01 > named[1] == 0.0


def test_a_skew_that_nothing_asks_is_refused() -> None:
    for resolution in set(RESOLUTIONS) - set(BY_CLOCK):
        with pytest.raises(Misuse, match=r"skew must be 0 with resolution .*, which goes by no clock, got 1"):
            multi_primary(resolution=resolution, skew=1.0)


# -- what the observer writes down


def test_books_tell_what_is_lost_and_what_has_come_back() -> None:
    books = Books(
        put={"cart 0": [1, 2, 3, 4]},
        taken={"cart 0": [3]},
        maybe_taken={"cart 0": [3, 4]},
        counted={"counter 0": 5, "counter 1": 3},
    )
    assert books.lost_items({"cart 0": frozenset({1, 3})}) == 1 / 2  # of 1 and 2
    assert books.returned_items({"cart 0": (frozenset({1}), frozenset({3}))}) == 1.0
    assert books.lost_counts({"counter 0": (3, 4), "counter 1": 3}) == 1 / 8
    assert Books().lost_items({}) == Books().returned_items({}) == Books().lost_counts({}) == 0.0


def operation(kind: str, value: Any, result: Any, begin: float) -> Operation:
    return Operation(
        process=int(begin),
        kind=kind,
        key="name 0",
        value=value,
        result=result,
        invoked_at=begin,
        ended_at=begin + 0.5,
        ending=Ending.OK,
        invoked_order=int(10 * begin),
        ended_order=int(10 * begin) + 1,
    )


def test_a_name_is_lost_where_each_that_is_there_is_older() -> None:
    history = [operation("write", number, None, float(number)) for number in (1, 2, 3)]
    assert lost_names(history, {"name 0": 3}) == 0.0
    assert lost_names(history, {"name 0": 1}) == 2 / 3
    assert lost_names(history, {"name 0": (1, 2)}) == 1 / 3
    assert lost_names(history, {"name 0": (1, 3)}) == 0.0


def test_of_siblings_the_freshest_says_how_stale_a_read_was() -> None:
    writes = [operation("write", number, None, float(number)) for number in (1, 2, 3)]

    def stale(result: Any) -> list[float]:
        return staleness_of_names([*writes, operation("read", None, result, 6.0)])

    assert stale(3) == stale((1, 3)) == [0.0]
    assert stale(1) == [6.0 - 2.5]
    assert stale((1, 2)) == [6.0 - 3.5]


def test_values_are_none_one_or_siblings() -> None:
    assert [values_of(shown) for shown in (None, 5, (5, 6))] == [(), (5,), (5, 6)]
    assert history_of_names([operation("read", None, None, 1.0)])


# -- what is shown and said


@pytest.mark.slow
def test_figures_show_what_is_lost_along_a_partition_and_without_one() -> None:
    points = [
        *({"resolution": name, "partition": length} for name in DRAWN for length in (0.0, 10.0)),
        {"resolution": "last writer wins", "skew": 10.0},
        *({"resolution": "hybrid clock", "skew": skew} for skew in (0.0, 10.0)),
        *({"resolution": name, "keys": 1} for name in DRAWN),
    ]
    assert multi_primary.figures_of_sweep is not None
    figures = dict(multi_primary.figures_of_sweep(kept_sweep(multi_primary, points, replications=2)))
    assert list(figures) == ["partition", "no_partition"]
    assert_complete(figures)
    assert "Both sides always answer. Cut for 10 s, last writer wins loses" in texts(figures["partition"])
    assert "Without any partition, last writer wins loses" in texts(figures["no_partition"])


@pytest.mark.slow
def test_a_sweep_along_something_else_has_no_figure() -> None:
    points = Points([{"users": 1}, {"users": 2}])
    result = sweep(multi_primary, points, replications=1, executor=InProcess(), progress=False)
    assert multi_primary.figures_of_sweep is not None
    assert multi_primary.figures_of_sweep(result) == {}


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(multi_primary)
    last, siblings, types = (means(multi_primary, resolution=name, partition=30.0) for name in DRAWN)
    assert f"last writer wins loses {percent(last['lost_items'])} of the items put into carts" in said
    assert f"and {percent(last['lost_counts'])} of the counts; siblings lose no item" in said
    assert siblings["lost_items"] == 0.0
    assert f"and {percent(siblings['lost_counts'])} of the counts" in said
    assert f"and {percent(siblings['returned_items'])} of the items taken out are in their" in said
    assert [types[name] for name in LOSSES] == [0.0] * len(LOSSES)
    well, one_key = (means(multi_primary, resolution=DRAWN[0], keys=keys) for keys in (10, 1))
    assert f"Without any cut last writer wins loses {percent(well['lost_items'], 1)} of the items" in said
    assert f"and {percent(one_key['lost_items'])} where all fill one cart" in said
    assert last["lost_names"] == well["lost_names"] == 0.0
    one, ten = (means(multi_primary, resolution=DRAWN[0], skew=skew) for skew in (1.0, 10.0))
    hybrid = means(multi_primary, resolution="hybrid clock", skew=10.0)
    assert f"1 s behind {percent(one['overwritten'])} of all acknowledged updates" in said
    assert f"and {percent(ten['overwritten'])} with 10 s, which is nearly all that the west does" in said
    assert 0.45 < ten["overwritten"] < 0.5  # of both sides together
    assert percent(hybrid["overwritten"], 1) == percent(well["overwritten"], 1)
    assert f"with a hybrid clock it is {percent(hybrid['overwritten'], 1)}" in said
    assert f"{percent(last['stale'])} of the reads of names were stale" in said
    assert percent(types["stale"]) == percent(siblings["stale"]) == percent(last["stale"])
    assert f"agree {last['convergence_time']:.2f} s after it is healed" in said


@pytest.mark.slow
def test_how_soon_both_agree_depends_on_when_it_is_healed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each says once a second what it has, half a second after the other; then it is a way and a way back."""

    def converged(healed_at: float) -> float:
        monkeypatch.setattr("experiments.studies.stores.multi_primary.USED_FOR", healed_at)
        return multi_primary(seed=1, partition=2.0).measures["convergence_time"]

    assert converged(4.0) == pytest.approx(0.60, abs=0.05)
    just_missed = converged(4.01)
    assert f"a moment later it takes {just_missed:.1f} s" in what_to_see(multi_primary)
