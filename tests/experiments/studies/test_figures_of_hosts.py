"""The figures of the studies of hosts: drawn from some points of the default sweeps, which are not run again.

They are complete, and say what was found.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from experiments import Grid, Points, find_study
from experiments.design import Design

from .figure_checks import assert_complete, texts
from .what_is_said import kept_sweep

mpl.use("Agg")

pytestmark = pytest.mark.slow

SMALL: Sequence[tuple[str, Design, list[str], str]] = (
    (
        "vertical",
        Points(
            [
                {"growth": growth, "balancing": balancing, "size": size}
                for growth, balancing in (("more cores", None), ("more hosts", "random"))
                for size in (2, 4)
            ]
        ),
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
        ["noisy", "quota"],
        "nobody: idle",
    ),
    (
        "placement",
        Grid({"rule": ["pack", "spread zones"], "loss": ["host", "zone"]}),
        ["answered", "short"],
        "theory: k out of n",
    ),
)


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.mark.parametrize(("name", "design", "expected", "said"), SMALL, ids=[each[0] for each in SMALL])
def test_a_small_sweep_has_all_figures_and_they_are_complete(
    name: str, design: Design, expected: list[str], said: str
) -> None:
    study = find_study(name)
    result = kept_sweep(study, design.points(), replications=2)
    assert study.figures_of_sweep is not None
    figures = dict(study.figures_of_sweep(result))
    assert list(figures) == expected
    assert_complete(figures)
    assert said in "\n".join(texts(figure) for figure in figures.values())


@pytest.mark.parametrize(
    ("name", "point"),
    [("vertical", {"growth": "more cores"}), ("neighbours", {}), ("placement", {"rule": "pack"})],
)
def test_a_single_point_has_no_figure_of_the_whole(name: str, point: dict[str, Any]) -> None:
    study = find_study(name)
    result = kept_sweep(study, [point], replications=2)
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
