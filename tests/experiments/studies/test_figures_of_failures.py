"""The figures of the studies of failure: drawn from small sweeps, complete, and they say what was found.

Where a figure makes runs of its sweep again, the sweep is one of short runs. Any other is drawn from what the
default sweep has found, and nothing is run for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.container import ErrorbarContainer

from experiments import Grid, InProcess, Points, SweepResult, find_study, sweep
from experiments.design import Design
from experiments.plots import POLICY_COLOURS

from .figure_checks import assert_complete, runs_once, texts  # noqa: F401 - a fixture is found by name
from .what_is_said import kept_sweep

mpl.use("Agg")

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("runs_once")]

# None is fixed where the points are some of the default sweep's.
SMALL: Sequence[tuple[str, Design, Mapping[str, Any] | None, list[str]]] = (
    (
        "retries",
        Points(
            [
                {"layers": 1, "attempts": 2, "backoff": "none"},
                {"layers": 2, "attempts": 2, "backoff": "none"},
                {"layers": 1, "attempts": 6, "backoff": "exponential"},
                {"layers": 1, "attempts": 6, "backoff": "full jitter"},
            ]
        ),
        {"clients": 40, "outage": 3.0},
        ["layers", "herd"],
    ),
    (
        "metastable",
        Grid({"load": [0.3, 0.6], "remedy": ["none", "budget"]}),
        None,
        ["vulnerable_load", "over_time"],
    ),
    (
        "bulkheads",
        Points(
            [
                {"isolation": "none"},
                {"isolation": "own pools", "size": 1},
                {"isolation": "own pools", "size": 8},
            ]
        ),
        {"duration": 15.0, "rate": 30.0},
        ["isolation", "pool_size"],
    ),
    (
        "shedding",
        Grid({"shedding": ["none", "queue length", "priority"], "offered": [0.8, 2.0]}),
        None,
        ["goodput", "priority"],
    ),
    (
        "deadlines",
        Grid({"deadlines": ["kept", "honoured"], "offered": [0.5, 1.6]}),
        None,
        ["wasted_work"],
    ),
    ("hedging", Grid({"leaves": [1, 10], "after": [None, 95.0]}), None, ["fan_out", "delay"]),
    (
        "idempotency",
        Grid({"keys": ["no key", "durable"], "timeout": [0.1, 0.8]}),
        None,
        ["charged_twice"],
    ),
    (
        "degradation",
        Grid({"feature": ["cart", "payment"], "design": ["bare", "careful"]}),
        None,
        ["what_users_see"],
    ),
    (
        "game_day",
        Grid({"trouble": ["zone power", "payment silent"], "preset": ["bare", "careful"]}),
        {"duration": 30.0, "rate": 20.0},
        ["availability"],
    ),
    (
        "chaos",
        Grid({"zones": [1, 2], "preset": ["bare", "careful"]}),
        None,
        ["availability"],
    ),
)


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def found(name: str, design: Design, fixed: Mapping[str, Any] | None, replications: int) -> SweepResult:
    """Return what a small sweep finds: as it is kept, if nothing is fixed."""
    study = find_study(name)
    if fixed is None:
        return kept_sweep(study, design.points(), replications=replications)
    result = sweep(study, design, fixed=dict(fixed), replications=replications, executor=InProcess())
    assert not result.failures
    return result


@pytest.mark.parametrize(("name", "design", "fixed", "expected"), SMALL, ids=[each[0] for each in SMALL])
def test_figures_of_a_small_sweep_are_complete(
    name: str, design: Design, fixed: Mapping[str, Any] | None, expected: list[str]
) -> None:
    result = found(name, design, fixed, 2)
    make = result.study.figures_of_sweep
    assert make is not None
    figures = dict(make(result))
    assert list(figures) == expected
    assert_complete(figures)
    for figure in figures.values():
        said = texts(figure)
        assert "nan" not in said
        for axes in figure.axes:
            assert_told_apart(axes)


def assert_told_apart(axes: Axes) -> None:
    """No two policies of a panel have one colour, and each has its own from the palette.

    Percentiles of one policy differ by dash and marker.
    """
    handles, labels = axes.get_legend_handles_labels()
    colours = {
        label: to_rgb(handle[0].get_color())
        for handle, label in zip(handles, labels, strict=True)
        if isinstance(handle, ErrorbarContainer) and label not in ("p50", "p95", "p99")
    }
    assert len(set(colours.values())) == len(colours), colours
    for label in colours.keys() & POLICY_COLOURS.keys():
        assert colours[label] == to_rgb(POLICY_COLOURS[label])


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("retries", {"clients": 40, "outage": 3.0}),
        ("metastable", {"load": 0.3}),
        ("bulkheads", {"duration": 15.0, "rate": 30.0}),
        ("shedding", {"duration": 15.0}),
        ("deadlines", {"duration": 15.0}),
        ("degradation", {"duration": 15.0, "rate": 20.0}),
        ("game_day", {"duration": 30.0, "rate": 20.0}),
        ("chaos", {"duration": 30.0, "rate": 10.0}),
    ],
)
def test_figures_of_one_run_are_complete(name: str, parameters: dict[str, Any]) -> None:
    run = find_study(name)(seed=1, **parameters)
    make = find_study(name).figures_of_run
    assert make is not None
    figures = dict(make(run))
    assert figures
    assert_complete(figures)


@pytest.mark.parametrize(("name", "design", "fixed", "expected"), SMALL, ids=[each[0] for each in SMALL])
def test_sweep_of_one_point_draws_what_it_can(
    name: str, design: Design, fixed: Mapping[str, Any] | None, expected: list[str]
) -> None:
    result = found(name, Points(design.points()[:1]), fixed, 1)
    make = result.study.figures_of_sweep
    assert make is not None
    assert_complete(dict(make(result)))
