"""The study of writes that wait: what theory says must wait and be lost, and what its text says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isnan, sqrt
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt

from experiments.studies.caching.write_behind import (
    COMPARED,
    EXPONENTS,
    FEW,
    INTERVALS,
    KEYS,
    MANY,
    OVER_INTERVALS,
    RATE,
    flushes_law,
    waiting_law,
    write_behind,
)

from ..figure_checks import assert_complete, texts
from ..what_is_said import kept_sweep, means, percent, runs_of, what_to_see

mpl.use("Agg")


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def test_laws_by_hand() -> None:
    """Of a key that is written once a second: dirty half of the time with T = 1 s, with 1.5 writes then."""
    once, twice = np.array([1.0]), np.array([1.0, 1.0])
    assert flushes_law(once, 0.0) == 1.0
    assert flushes_law(once, 1.0) == 0.5
    assert flushes_law(twice, 3.0) == pytest.approx(0.5)
    assert waiting_law(once, 0.0) == 0.0
    assert waiting_law(once, 1.0) == pytest.approx(0.75)
    assert waiting_law(twice, 3.0) == pytest.approx(2 * 0.75 * 2.5)


@pytest.mark.parametrize("point", OVER_INTERVALS, ids=str)
def test_what_reaches_the_database_and_what_waits_are_what_theory_says(point: Mapping[str, Any]) -> None:
    found = means(write_behind, **point)
    # Of 8,000 writes in four runs a standard deviation is 1.1 %.
    assert found["writes"] == pytest.approx(found["writes_law"], rel=0.033)
    assert found["waiting"] == pytest.approx(found["waiting_law"], rel=0.033)


@pytest.mark.parametrize("interval", INTERVALS)
def test_a_crash_takes_what_waits_at_its_instant(interval: float) -> None:
    """Of carts that are all alike: each is dirty by itself, with one write and a Poisson number of others."""
    lost = [run["lost"] for run in runs_of(write_behind, flush_interval=interval, exponent=0.0)]
    load = RATE / 2.0 / KEYS * interval
    dirty, mean = load / (1.0 + load), waiting_law(np.full(KEYS, load / interval), interval)
    square = dirty * (1.0 + 1.5 * load + load**2 / 3.0)
    deviation = sqrt(KEYS * (square - (mean / KEYS) ** 2) / len(lost))
    assert abs(sum(lost) / len(lost) - mean) < 3.0 * deviation


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_the_longer_writes_wait_the_fewer_reach_the_database_and_the_more_are_at_risk(
    exponent: float,
) -> None:
    found = [means(write_behind, flush_interval=interval, exponent=exponent) for interval in INTERVALS]
    assert sorted(found, key=lambda each: -each["writes"]) == found
    assert sorted(found, key=lambda each: each["waiting"]) == found
    assert {each["outage_writes"] for each in found} == {0.0}


@pytest.mark.parametrize("name", ["around", "through", "through, much asked"])
def test_what_does_not_wait_is_not_lost(name: str) -> None:
    for run in runs_of(write_behind, **COMPARED[name]):
        assert run["lost"] == run["waiting"] == run["dirty_peak"] == 0.0


def test_patience_with_few_dirty_carts_ends_in_an_outage() -> None:
    for few, many in zip(runs_of(write_behind, dirty_max=FEW), runs_of(write_behind), strict=True):
        assert few["dirty_peak"] == FEW < many["dirty_peak"]
        assert few["outage_writes"] > 0.0 == many["outage_writes"]
        assert few["waiting"] == many["waiting"]  # while all is well it is the same


def test_text_says_what_the_default_sweep_gives() -> None:
    said = what_to_see(write_behind)
    short, second, long = (means(write_behind, flush_interval=interval) for interval in (0.1, 1.0, 10.0))
    assert (
        f"{short['writes']:.0f} reach the database with a flush interval of 0.1 s, "
        f"{second['writes']:.0f} with 1 s and {long['writes']:.0f} with 10 s; a crash takes "
        f"{short['waiting']:.0f}, {second['waiting']:.0f} and {long['waiting']:.0f} that were acknowledged"
    ) in said
    laws = [each["waiting_law"] for each in (short, second, long)]
    assert f"(by theory {laws[0]:.1f}, {laws[1]:.1f} and {laws[2]:.1f})" in said
    taken = [run["lost"] for run in runs_of(write_behind, flush_interval=0.1)]
    assert f"with 0.1 s they took between {min(taken):.0f} and {max(taken):.0f}" in said
    alike, unequal = (means(write_behind, flush_interval=10.0, exponent=skew) for skew in (0.0, 1.2))
    assert (
        f"with 10 s, {alike['writes']:.0f} reach the database where all are alike, {unequal['writes']:.0f} "
        "with exponent 1.2"
    ) in said


def test_text_says_how_the_patterns_compare() -> None:
    said = what_to_see(write_behind)
    found = {name: means(write_behind, **point) for name, point in COMPARED.items()}
    behind, through, around = found["behind"], found["through"], found["around"]
    assert (
        f"A write takes {1e3 * behind['p50']:.1f} ms instead of {1e3 * through['p50']:.1f} through the "
        f"cache; around it {1e3 * around['p50']:.1f}, as the database has {around['reads']:.0f} reads a "
        "second besides"
    ) in said
    few = found["behind, few dirty"]
    assert behind["outage_writes"] == 0.0
    assert (
        f"while up to {behind['dirty_peak']:.0f} carts are dirty, and {percent(behind['outage_reads'])} of "
        "the reads, of what the cache has not had again since its crash"
    ) in said
    rejected = percent(few["outage_writes"])
    assert f"where only {FEW} may be dirty, {rejected} of the writes are rejected" in said
    assert through["outage_writes"] == 1.0
    assert f"all of them fail, and {percent(through['outage_reads'])} of the reads with them" in said
    much, much_behind = found["through, much asked"], found["behind, much asked"]
    assert isnan(much["p50"])
    assert much["unanswered"] == 1.0
    assert f"write {MANY / 2:.0f} times a second, 50 more than the database can do" in said
    assert f"{much['reads']:.0f} reads come besides, and no write is acknowledged" in said
    assert much_behind["unanswered"] == 0.0
    assert (
        f"{much_behind['writes']:.0f} of the {MANY / 2:.0f} reach the database, and none fails; "
        f"its four crashes took {much_behind['lost']:.0f} on average"
    ) in said
    assert len(runs_of(write_behind, rate=MANY)) == 4


@pytest.mark.slow
def test_figures_of_points_beside_each_other_are_complete() -> None:
    assert write_behind.figures_of_sweep is not None
    figures = dict(write_behind.figures_of_sweep(kept_sweep(write_behind, [*OVER_INTERVALS])))
    assert list(figures) == ["intervals"]
    assert_complete(figures)
    assert {"by theory", "one crash each", "Zipf 1.2"} <= set(texts(figures["intervals"]).split("\n"))
    assert write_behind.figures_of_sweep(kept_sweep(write_behind, [{"dirty_max": FEW}])) == {}


@pytest.mark.slow
def test_figures_of_the_default_sweep_are_complete_and_show_who_goes_on() -> None:
    assert write_behind.figures_of_sweep is not None
    figures = dict(write_behind.figures_of_sweep(kept_sweep(write_behind, replications=1)))
    assert list(figures) == ["intervals", "patterns", "over_time"]
    assert_complete(figures)
    assert "none acknowledged" in texts(figures["patterns"])
    assert "database away" in texts(figures["over_time"])


@pytest.mark.slow
def test_figure_of_a_run_is_complete_and_says_what_was_lost() -> None:
    run = write_behind(seed=1, flush_interval=0.3, rate=50.0)
    assert write_behind.figures_of_run is not None
    figures = dict(write_behind.figures_of_run(run))
    assert_complete(figures)
    assert f"the crash takes {run.measures['lost']:.0f} acknowledged writes" in texts(figures["over_time"])
