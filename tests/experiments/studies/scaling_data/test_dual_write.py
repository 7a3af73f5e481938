"""The study of a database and a message: what each way must lose, and what its text says."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan, sqrt

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from experiments.studies.scaling_data.dual_write import (
    DURATION,
    GAP,
    HOP,
    POLL_INTERVAL,
    RATE,
    SYNC_TIME,
    WAYS,
    dual_write,
    expected,
)

from ..figure_checks import assert_complete, texts
from ..what_is_said import kept_sweep, means, runs_of, what_to_see

mpl.use("Agg")

WHATS = ("process", "host")


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def test_what_is_expected_is_the_rate_times_the_time_between_by_hand() -> None:
    assert expected("database first", "host", 0.005, 100.0) == pytest.approx(0.5)
    assert expected("database first", "process", 0.005, 100.0) == pytest.approx(0.7)
    assert expected("message first", "process", 0.005, 100.0) == pytest.approx(0.9)
    assert expected("message first", "host", 0.005, 100.0) == pytest.approx(1.1)
    assert expected("outbox", "host", 0.005, 100.0) == 0.0


@pytest.mark.parametrize("what", WHATS)
@pytest.mark.parametrize(("way", "measure"), [("database first", "lost"), ("message first", "phantom")])
def test_dual_write_loses_what_is_between_the_two_when_it_crashes(way: str, measure: str, what: str) -> None:
    """A Poisson number for each crash, of that mean."""
    runs = runs_of(dual_write, way=way, what=what)
    crashes = sum(run["crashes"] for run in runs)
    found = sum(run[measure] * run["crashes"] for run in runs)
    mean = expected(way, what, GAP, RATE) * crashes
    assert abs(found - mean) < 3.0 * sqrt(mean)
    others = {"lost", "phantom", "doubled"} - {measure}
    assert all(run[name] == 0.0 for run in runs for name in others)


def test_without_orders_there_is_no_median_and_no_warning() -> None:
    run = dual_write(seed=0, rate=1e-6).measures
    assert isnan(run["p50"])
    assert isnan(run["delay"])
    assert run["lost"] == run["phantom"] == run["doubled"] == 0.0


@pytest.mark.parametrize("what", WHATS)
def test_outbox_loses_and_invents_nothing_and_doubles_only_without_an_inbox(what: str) -> None:
    for run in runs_of(dual_write, way="outbox", what=what):
        assert run["lost"] == run["phantom"] == run["doubled"] == 0.0
    for run in runs_of(dual_write, way="outbox, no inbox", what=what):
        assert run["lost"] == run["phantom"] == 0.0 < run["doubled"]


def test_outbox_answers_sooner_and_ships_later() -> None:
    found = {way: means(dual_write, way=way) for way in WAYS}
    alone = 2.0 * HOP + SYNC_TIME
    assert found["outbox"]["p50"] == pytest.approx(alone)
    assert found["database first"]["p50"] == pytest.approx(2.0 * alone + GAP)
    assert found["outbox"]["delay"] > POLL_INTERVAL / 2.0 > found["database first"]["delay"]


@pytest.mark.slow
def test_without_a_gap_a_host_loses_nothing_that_is_written_first() -> None:
    run = dual_write(seed=1, gap=0.0)
    assert run.measures["lost"] == run.measures["expected"] == 0.0
    assert run.measures["crashes"] > DURATION / 5.0


@pytest.mark.slow
def test_figures_are_complete_and_show_theory() -> None:
    assert dual_write.figures_of_sweep is not None
    figures = dict(dual_write.figures_of_sweep(kept_sweep(dual_write)))
    assert list(figures) == ["process_crashes", "host_crashes"]
    assert_complete(figures)
    assert "rate times the time between" in texts(figures["host_crashes"])
    assert dual_write.figures_of_sweep(kept_sweep(dual_write, [{"way": "outbox"}])) == {}


def test_text_says_what_the_default_sweep_gives() -> None:
    said = what_to_see(dual_write)
    first, told = (means(dual_write, way=way, what="host") for way in WAYS[:2])
    assert (
        f"loses {first['lost']:.2f} messages with each crash of the host (by theory {first['expected']:.2f})"
        in said
    )
    assert f"sends {told['phantom']:.2f} of what has never been ({told['expected']:.2f})" in said
    process = means(dual_write, way="database first", what="process")
    assert f"of the process alone it is {process['lost']:.2f} ({process['expected']:.2f})" in said
    through, twice = (means(dual_write, way=way, what="host") for way in WAYS[2:])
    assert (
        f"without an inbox {twice['doubled']:.1f} orders are shipped twice with each crash of the host"
        in said
    )
    assert (
        f"and {means(dual_write, way=WAYS[3], what='process')['doubled']:.1f} with one of the process" in said
    )
    assert f"answers in {1e3 * through['p50']:.0f} ms instead of {1e3 * first['p50']:.0f}" in said
    assert f"{1e3 * through['delay']:.0f} ms later instead of {1e3 * first['delay']:.0f}" in said
