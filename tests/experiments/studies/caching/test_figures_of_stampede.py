"""The figures of `stampede`: complete from the default sweep, and what they say."""

from collections.abc import Iterator

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from experiments import InProcess, Points, find_study, sweep
from experiments.studies.caching.stampede import REMEDIES, SCENES
from tests.experiments.studies.figure_checks import assert_complete, texts
from tests.experiments.studies.what_is_said import kept_sweep

mpl.use("Agg")

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def test_figures_of_the_tables() -> None:
    study = find_study("stampede")
    points = [point for point in study.points() if point["load"] == 4.0]
    figures = study.figures_of_sweep(kept_sweep(study, points, replications=1))
    assert sorted(figures) == ["over_time", "remedies"]
    assert_complete(dict(figures))
    assert "Of 21 cases 8 end in an origin that stays down" in texts(figures["remedies"])
    assert "it comes back with coalescing and with hidden origin" in texts(figures["over_time"])


def test_figure_of_loads_says_which_is_survived() -> None:
    study = find_study("stampede")
    points = [point for point in study.points() if point["scene"] == "cold start"]
    wanted = {"none", "coalescing", "hidden origin"}
    figures = study.figures_of_sweep(
        kept_sweep(study, [point for point in points if point["remedy"] in wanted])
    )
    assert sorted(figures) == ["loads"]
    assert_complete(dict(figures))
    said = texts(figures["loads"])
    assert "survived at up to 2 × capacity" in said
    assert "2 of 3 stay down" in said


def test_figure_of_a_run_shows_what_the_origin_can_answer() -> None:
    study = find_study("stampede")
    run = study(seed=0, scene="hot key", remedy="refresh ahead")
    figures = study.figures_of_run(run)
    assert_complete(dict(figures))
    assert "Hot key at 4 × capacity, remedy refresh ahead: no gap" in texts(figures["over_time"])
    below = figures["over_time"].axes[1]
    assert below.get_ylim()[1] > 100.0


def test_a_sweep_without_the_points_has_no_such_figures() -> None:
    study = find_study("stampede")
    few = sweep(study, Points([{"remedy": "hidden origin"}]), replications=1, executor=InProcess())
    assert study.figures_of_sweep(few) == {}
    assert len(SCENES) * len(REMEDIES) == 21
