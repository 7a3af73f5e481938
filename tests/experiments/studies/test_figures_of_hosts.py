"""The figures of the studies of hosts: drawn from small sweeps, complete, and they say what was found."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from experiments import Grid, InProcess, Points, find_study, sweep
from experiments.design import Design

from .figure_checks import assert_complete, runs_once, texts  # noqa: F401 - a fixture is found by name

mpl.use("Agg")

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("runs_once")]

SMALL: Sequence[tuple[str, Design, Mapping[str, Any], list[str], str]] = (
    (
        "vertical",
        Points(
            [
                {"growth": growth, "balancing": balancing, "size": size}
                for growth, balancing in (("more cores", None), ("more hosts", "random"))
                for size in (2, 4)
            ]
        ),
        {"duration": 15.0, "down": 3.0},
        ["latency", "crash"],
        "theory, where known",
    ),
    (
        "neighbours",
        Points(
            [
                {"sharing": "first-come"},
                {"sharing": "shares", "weight": 4.0},
                {"sharing": "shares", "neighbour_quota": 2.0},
                *({"neighbour_jobs": 0, "quota": quota} for quota in (1.25, None)),
            ]
        ),
        {"duration": 10.0},
        ["noisy", "quota"],
        "nobody: idle",
    ),
    (
        "placement",
        Grid({"rule": ["pack", "spread zones"], "loss": ["host", "zone"]}),
        {"duration": 15.0},
        ["answered", "short"],
        "theory: k out of n",
    ),
)


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.mark.parametrize(
    ("name", "design", "fixed", "expected", "said"), SMALL, ids=[each[0] for each in SMALL]
)
def test_a_small_sweep_has_all_figures_and_they_are_complete(
    name: str, design: Design, fixed: Mapping[str, Any], expected: list[str], said: str
) -> None:
    study = find_study(name)
    result = sweep(study, design, fixed=dict(fixed), replications=2, executor=InProcess())
    assert study.figures_of_sweep is not None
    figures = dict(study.figures_of_sweep(result))
    assert list(figures) == expected
    assert_complete(figures)
    assert said in "\n".join(texts(figure) for figure in figures.values())


@pytest.mark.parametrize("name", ["vertical", "neighbours", "placement"])
def test_a_single_point_has_no_figure_of_the_whole(name: str) -> None:
    study = find_study(name)
    fixed = {"vertical": {"growth": "more cores", "down": 3.0}, "placement": {"rule": "pack"}}.get(name, {})
    result = sweep(
        study, Points([{}]), fixed={"duration": 15.0, **fixed}, replications=2, executor=InProcess()
    )
    assert study.figures_of_sweep is not None
    assert dict(study.figures_of_sweep(result)) == {}


@pytest.mark.parametrize(
    ("name", "point"),
    [
        (
            "vertical",
            {"growth": "more hosts", "balancing": "random", "size": 4, "duration": 15.0, "down": 3.0},
        ),
        ("placement", {"rule": "one per host", "duration": 15.0}),
    ],
)
def test_a_run_has_its_time_line(name: str, point: dict[str, Any]) -> None:
    study = find_study(name)
    assert study.figures_of_run is not None
    figures = dict(study.figures_of_run(study(seed=0, **point)))
    assert list(figures) == ["availability"]
    assert_complete(figures)
