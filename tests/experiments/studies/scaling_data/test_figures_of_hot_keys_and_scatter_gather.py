"""The figures of the studies of hot keys and of scatter-gather: complete, and what they say.

They are drawn of the default sweeps, or of parts, whose numbers are kept.
"""

from collections.abc import Iterator
from math import sqrt
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from experiments import InProcess, Points, find_study, sweep
from experiments.studies.scaling_data.hot_keys import hot_keys
from experiments.studies.scaling_data.scatter_gather import answered_by_law
from tests.experiments.studies.figure_checks import assert_complete, texts
from tests.experiments.studies.what_is_said import kept_sweep, means

mpl.use("Agg")

pytestmark = pytest.mark.slow

FIGURES = {
    "hot_keys": ["speed_up", "remedies", "price", "salt"],
    "scatter_gather": ["fan_out", "deadline", "trouble", "capacity", "staleness"],
}


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.mark.parametrize("name", FIGURES)
def test_the_default_sweep_has_all_figures_and_they_are_complete(name: str) -> None:
    study = find_study(name)
    figures = dict(study.figures_of_sweep(kept_sweep(study)))
    assert list(figures) == FIGURES[name]
    assert_complete(figures)


@pytest.mark.parametrize(
    ("name", "points", "expected"),
    [
        (
            "hot_keys",
            [{"partitioning": "hashes", "users": 160, "exponent": 1.5, "shards": count} for count in (1, 2)],
            ["speed_up"],
        ),
        (
            "scatter_gather",
            [{"way": "read store", "feed_interval": pause} for pause in (0.01, 0.03, 0.1, 0.3, 1.0)],
            ["staleness"],
        ),
    ],
)
def test_a_part_of_the_sweep_has_the_figures_that_it_has_points_for(
    name: str, points: list[dict[str, Any]], expected: list[str]
) -> None:
    study = find_study(name)
    figures = dict(study.figures_of_sweep(kept_sweep(study, points, replications=2)))
    assert list(figures) == expected
    assert_complete(figures)


@pytest.mark.parametrize(("name", "fixed"), [("hot_keys", {"users": 2}), ("scatter_gather", {"shards": 1})])
def test_a_single_point_has_no_figure_of_the_whole(name: str, fixed: dict[str, Any]) -> None:
    study = find_study(name)
    result = sweep(study, Points([{}]), fixed=fixed, replications=2, executor=InProcess())
    assert dict(study.figures_of_sweep(result)) == {}


@pytest.mark.parametrize("name", FIGURES)
def test_bars_are_named_where_there_are_any(name: str) -> None:
    study = find_study(name)
    for replications, expected in ((1, False), (2, True)):
        figures = study.figures_of_sweep(kept_sweep(study, replications=replications))
        named = {key: "95 % interval" in texts(figure) for key, figure in figures.items()}
        named.pop("remedies", None)  # numbers in cells
        assert named == dict.fromkeys(named, expected)
        plt.close("all")


@pytest.mark.parametrize(("shards", "law"), [(1, "1 - F(t)"), (8, "1 - F(t)^8")])
def test_a_run_of_scatter_gather_is_drawn_beside_the_law_of_the_slowest(shards: int, law: str) -> None:
    """Each share that was measured is as by the law, by the test of Kolmogorov and Smirnov at 1 %."""
    study = find_study("scatter_gather")
    run = study(seed=0, shards=shards, users=16)
    figures = dict(study.figures_of_run(run))
    assert list(figures) == ["latency"]
    assert_complete(figures)
    assert f"law: {law}, if all is well" in texts(figures["latency"])
    latencies = sorted(each.latency for each in run.detail.asked)
    count = len(latencies)
    distance = max(
        abs(answered_by_law(run.detail.case, latency) - (place + 0.5) / count)
        for place, latency in enumerate(latencies)
    )
    assert distance < 1.63 / sqrt(count) + 0.5 / count


def test_a_run_in_which_nobody_is_answered_has_no_figure() -> None:
    study = find_study("scatter_gather")
    assert dict(study.figures_of_run(study(seed=0, shards=2, trouble="dead shard"))) == {}


def test_titles_say_what_the_sweep_has_found() -> None:
    study = find_study("scatter_gather")
    figures = dict(study.figures_of_sweep(kept_sweep(study)))
    both = [means(study, shards=32, way=way) for way in ("all shards", "read store")]
    for found, text in zip(both, ("All of 32 shards: {:.0f} ms", "the read store: {:.0f} ms"), strict=True):
        assert text.format(1e3 * found["p50"]) in texts(figures["fan_out"]).replace("\n", " ")
    lacking = means(study, deadline=0.015, partial=True)["missing"]
    assert f"and {lacking:.1%} of the offers are missing" in texts(figures["deadline"])


def test_a_balancer_is_drawn_at_work_and_nobody_is_where_there_is_none() -> None:
    run = hot_keys(seed=0, balancing=True, users=10)
    figures = dict(hot_keys.figures_of_run(run))
    assert list(figures) == ["balancer"]
    assert_complete(figures)
    assert f"{run.measures['moves']:.0f} moves by load" in texts(figures["balancer"])
    assert dict(hot_keys.figures_of_run(hot_keys(seed=0, users=1))) == {}
