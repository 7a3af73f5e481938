"""The study of capacity: what ends it, what it costs to go beyond, and what its figure says."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from experiments import Grid, InProcess, Misuse, Run, SweepResult, sweep
from experiments.capacity import StudyTrial, find_capacity
from experiments.studies.capacity import MARGINS, WARM_UP, capacity
from models.storefront import Storefront, StorefrontSettings
from simulator import Environment

from .figure_checks import texts
from .what_is_said import kept_sweep, means, percent, what_to_see

mpl.use("Agg")

SHORT = 5.0


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@lru_cache
def short(**parameters: Any) -> Run:
    return capacity(**{"seed": 1, "duration": SHORT, **parameters})


def swept(*rates: float) -> SweepResult:
    """Return what the default sweep has found at these rates."""
    return kept_sweep(capacity, [{"rate": rate} for rate in rates])


def figure_at(*rates: float) -> Figure:
    """Return the figure of a sweep over these rates only."""
    result = swept(*rates)
    assert result.study.figures_of_sweep is not None
    figures = dict(result.study.figures_of_sweep(result))
    assert list(figures) == ["capacity"]
    return figures["capacity"]


@pytest.mark.slow
def test_a_shop_with_little_to_do_keeps_its_promises_and_one_with_too_much_does_not() -> None:
    low, high = (short(rate=rate).measures for rate in (100.0, 400.0))
    assert (low["holds"], high["holds"]) == (1.0, 0.0)
    assert low["burn_rate"] < 1.0 < high["burn_rate"]
    for margin in MARGINS:
        assert low[margin] > 0.0 > high[margin]
    assert low["p99"] < 0.6
    assert high["p99"] == math.inf


@pytest.mark.slow
def test_margins_are_shares_and_agree_with_the_verdict() -> None:
    for rate in (100.0, 270.0, 290.0, 310.0, 400.0):
        measures = short(rate=rate).measures
        assert measures["holds"] == float(min(measures[margin] for margin in MARGINS) >= 0.0)
        assert measures["availability_margin"] == pytest.approx(measures["availability"] - 0.995)
        assert (measures["p99"] <= 0.6) == (measures["latency_margin"] >= 0.0)
        assert measures["burn_rate"] == pytest.approx((1.0 - measures["availability"]) / 0.005)


@pytest.mark.slow
def test_threads_are_worn_out_while_cores_have_nothing_to_do() -> None:
    measures = short(rate=400.0).measures
    assert measures["threads_busy"] > 0.98
    assert measures["cores_busy"] < 0.2


@pytest.mark.slow
def test_cores_are_as_busy_as_the_work_makes_them() -> None:
    run = short(rate=200.0)
    requests = run.detail.evidence.requests
    expected = len(requests) / SHORT * 0.005 / 12  # five milliseconds each, on twelve cores
    assert run.measures["cores_busy"] == pytest.approx(expected, rel=0.1)


@pytest.mark.slow
def test_threads_are_held_as_littles_law_says() -> None:
    """Where nobody waits: held = load x (latency - the way over the internet and back, some 80 ms)."""
    few, many = (short(rate=rate, threads=64).measures for rate in (100.0, 200.0))
    assert many["threads_busy"] == pytest.approx(2.0 * few["threads_busy"], rel=0.2)
    assert short(rate=200.0, threads=32).measures["threads_busy"] == pytest.approx(
        2.0 * many["threads_busy"], rel=0.01
    )


@pytest.mark.slow
def test_past_capacity_goodput_stays_behind_throughput() -> None:
    measures = short(rate=400.0).measures
    assert measures["throughput"] > 370.0
    assert measures["goodput"] < 0.85 * measures["throughput"]


@pytest.mark.slow
def test_watching_the_threads_changes_nothing() -> None:
    run = short(rate=200.0)
    shop = Storefront(Environment(seed=1), StorefrontSettings(rate=200.0, web_threads=4))
    users = shop.admit_users(until=WARM_UP + SHORT)
    shop.env.run()
    for name, column in users.table.columns().items():
        np.testing.assert_array_equal(run.detail.requests.columns()[name], column)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("option", "measure"),
    [
        ({"p99_at_most": 0.1}, "latency_margin"),
        ({"available_at_least": 0.99999}, "availability_margin"),
        ({"threads": 2}, "threads_busy"),
        ({"web_cores": 1}, "cores_busy"),
        ({"buy_share": 0.5}, "p50"),
        ({"duration": 6.0}, "throughput"),
    ],
)
def test_each_option_acts(option: dict[str, Any], measure: str) -> None:
    assert short(rate=200.0, **option).measures[measure] != short(rate=200.0).measures[measure]


@pytest.mark.slow
def test_the_figure_says_where_it_ends_with_the_numbers_of_the_sweep() -> None:
    figure = figure_at(60.0, 260.0, 300.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.canvas.draw()
    said = texts(figure)
    assert "The SLO holds up to 260 requests/s. At 300/s only" in said
    result = swept(300.0)
    threads = result.estimate(result.point(rate=300.0), "threads_busy").mean
    assert f"{threads:.0%} of the web threads are held" in said
    assert "promised: p99 <= 600 ms" in said
    assert "promised: 0.995" in said
    assert "goodput" in said
    patches = [patch for ax in figure.axes for patch in ax.patches]
    assert sum(patch.get_gid() == "bracket" for patch in patches) == 3


@pytest.mark.slow
def test_a_figure_whose_sweep_does_not_reach_the_capacity_says_so() -> None:
    assert "The SLO holds at 100 requests/s: capacity lies beyond" in texts(figure_at(60.0, 100.0))
    assert "No load was sure to hold. At 300/s only" in texts(figure_at(300.0, 340.0))


@pytest.mark.slow
def test_other_parameters_are_cut_and_named_and_without_rates_there_is_no_figure() -> None:
    grid = Grid({"threads": [2, 8], "rate": [50.0, 200.0]})
    result = sweep(capacity, grid, fixed={"duration": SHORT}, replications=2, executor=InProcess())
    assert result.study.figures_of_sweep is not None
    assert "(threads = 2)" in texts(dict(result.study.figures_of_sweep(result))["capacity"])
    assert not result.study.figures_of_sweep(result.select(lambda point: point["rate"] == 50.0))


@pytest.mark.slow
def test_a_run_is_shown_over_time() -> None:
    assert capacity.figures_of_run is not None
    figures = dict(capacity.figures_of_run(short(rate=100.0)))
    assert "At 100 requests/s the SLO holds: p99" in texts(figures["outcomes_over_time"])


@pytest.mark.slow
def test_the_study_is_a_trial_for_the_search() -> None:
    fixed = {"duration": SHORT, "threads": 2}
    trial = StudyTrial(study=capacity, load="rate", margins=MARGINS, fixed=fixed)
    found = find_capacity(trial, low=50.0, high=250.0, tolerance=100.0, replications_max=20)
    assert found.is_resolved
    assert found.load_low is not None
    assert found.load_high is not None
    assert found.load_low < 140.0 < found.load_high


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(capacity)
    within, beyond, far = (means(capacity, rate=rate) for rate in (260.0, 300.0, 340.0))
    assert f"99th percentile is {1000 * within['p99']:.0f} ms" in said
    assert f"{percent(within['availability'], 2)} are answered" in said
    assert f"At 300/s {percent(beyond['availability'], 1)} are" in said
    assert f"and {percent(0.99 + beyond['latency_margin'], 1)} within 600 ms" in said
    assert f"{percent(beyond['threads_busy'])} of the threads are held" in said
    assert f"{percent(beyond['cores_busy'])} of the cores work" in said
    assert f"rises from {beyond['throughput']:.0f} to {far['throughput']:.0f} requests/s" in said
    assert f"goodput goes from {beyond['goodput']:.0f} to {far['goodput']:.0f}" in said


@pytest.mark.parametrize(
    ("option", "rule"),
    [
        ({"rate": 1e9}, "rate must be <= 10000"),
        ({"duration": 1e12}, "duration must be <= 3600"),
        ({"web_cores": 10**6}, "web_cores must be <= 1000"),
    ],
)
def test_what_would_never_end_is_refused(option: dict[str, Any], rule: str) -> None:
    with pytest.raises(Misuse, match=rule):
        capacity(**option)
