"""The figures of both studies: which are drawn for which sweep, and what they say."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from experiments import SweepResult
from experiments.studies.breakers import breakers
from experiments.studies.timeouts import timeouts
from models.faults import OUTAGE_MODES

from .figure_checks import assert_complete, runs_once, texts  # noqa: F401 - a fixture is found by name
from .short_runs import DURATION, short_sweep

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("runs_once")]

mpl.use("Agg")


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@lru_cache
def swept(name: str, axes: tuple[tuple[str, tuple[Any, ...]], ...]) -> SweepResult:
    return short_sweep(name, {parameter: list(values) for parameter, values in axes})


def figures_of(name: str, **axes: tuple[Any, ...]) -> dict[str, Figure]:
    result = swept(name, tuple(axes.items()))
    make = result.study.figures_of_sweep
    assert make is not None
    return dict(make(result))


def test_breakers_over_timeout_and_threshold_has_all_figures() -> None:
    figures = figures_of("breakers", timeout=(0.5, 4.0), threshold=(0.2, 0.8, None))
    assert list(figures) == [
        "heat_map",
        "trade_off",
        "latency_percentiles",
        "availability_over_time",
        "payment_calls",
    ]
    assert_complete(figures)
    assert "95 % interval" in texts(figures["heat_map"])
    assert "timeout (s)" in texts(figures["heat_map"])
    assert "calls saved during the fault" in texts(figures["payment_calls"])
    assert "payment silent" in texts(figures["availability_over_time"])


def test_breakers_over_one_parameter_has_no_heat_map() -> None:
    figures = figures_of("breakers", open_time=(1.0, 5.0))
    assert list(figures) == ["latency_percentiles", "availability_over_time", "payment_calls"]
    assert_complete(figures)


def test_one_point_still_has_its_time_line() -> None:
    figures = figures_of("breakers", timeout=(1.0,))
    assert list(figures) == ["availability_over_time", "payment_calls"]
    assert_complete(figures)


def test_timeouts_say_where_to_set_it() -> None:
    figures = figures_of("timeouts", fault=("slow", "silent"), timeout=(0.5, 1.0, 4.0, None))
    assert list(figures) == ["timeout_choice", "latency_percentiles", "wasted_work", "availability_over_time"]
    assert_complete(figures)
    choice = texts(figures["timeout_choice"])
    assert "Set the timeout between" in choice
    assert "Little's law" in choice
    assert "all 48 threads" in choice
    assert "never answered" in texts(figures["latency_percentiles"])


def test_faults_are_told_apart_by_their_colours() -> None:
    figures = figures_of("timeouts", fault=tuple(OUTAGE_MODES), timeout=(0.5, None))
    assert_complete(figures)
    for ax in (*figures["timeout_choice"].axes, *figures["wasted_work"].axes):
        legend = ax.get_legend_handles_labels()
        colours = {
            label: str(handle[0].get_color())
            for handle, label in zip(*legend, strict=True)
            if label.endswith(tuple(OUTAGE_MODES))
        }
        assert len(colours) == len(set(colours.values())) == len(OUTAGE_MODES)


def test_timeouts_over_threads_has_no_choice_of_timeout() -> None:
    figures = figures_of("timeouts", threads=(4, 16))
    assert list(figures) == ["latency_percentiles", "wasted_work", "availability_over_time"]
    assert_complete(figures)


@pytest.mark.parametrize("study", [breakers, timeouts])
def test_a_run_is_shown_over_time(study: Any) -> None:
    figures = dict(study.figures_of_run(study(seed=0, duration=DURATION)))
    assert list(figures) == [
        "availability_over_time",
        "latency_over_time",
        "outcomes_over_time",
        "payment_calls",
    ]
    assert_complete(figures)
    for figure in figures.values():
        assert "payment silent" in texts(figure)
