"""The figures of `autoscaling`: which are drawn for which sweep, and what they say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from experiments.studies.autoscaling import autoscaling

from .figure_checks import assert_complete, texts
from .what_is_said import kept_sweep

pytestmark = pytest.mark.slow

mpl.use("Agg")


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def figures_of(points: Sequence[dict[str, Any]]) -> dict[str, Figure]:
    result = kept_sweep(autoscaling, points, replications=1)
    assert autoscaling.figures_of_sweep is not None
    figures = dict(autoscaling.figures_of_sweep(result))
    assert_complete(figures)
    return figures


def test_policies_are_compared_by_cost_and_followed_through_a_crowd() -> None:
    policies = ("large fleet", "kubernetes", "target tracking", "queue depth")
    figures = figures_of([{"policy": policy, "load": "flash crowd"} for policy in policies])
    assert list(figures) == ["cost", "flash_crowd"]
    assert "hours of hosts paid for" in texts(figures["cost"])
    assert "enough hosts are ready" in texts(figures["flash_crowd"])


def test_one_parameter_at_a_time_has_a_figure_of_its_own() -> None:
    boot = figures_of([{"load": "flash crowd", "boot_time": time} for time in (0.0, 60.0)])
    assert list(boot) == ["boot_time"]
    assert "hosts that boot at once" in texts(boot["boot_time"])
    delay = figures_of(
        [
            {"metric_delay": delay, "stabilisation": window}
            for delay in (10.0, 120.0)
            for window in (300.0, 0.0)
        ]
    )
    assert list(delay) == ["metric_delay"]
    assert "no window" in texts(delay["metric_delay"])
    target = figures_of([{"target": target} for target in (0.3, 0.9)])
    assert list(target) == ["target"]


def test_behind_a_database_cost_and_answers_stand_side_by_side() -> None:
    figures = figures_of(
        [
            {"policy": policy, "load": "flash crowd", "bottleneck": "database"}
            for policy in ("small fleet", "queue depth")
        ]
    )
    assert list(figures) == ["bottleneck"]
    assert "A database is short" in texts(figures["bottleneck"])


def test_a_point_that_is_not_whole_has_no_figure_along_it() -> None:
    """Of a delay with a window and another without one, nothing can be said along either."""
    points = [{"metric_delay": 60.0}, {"metric_delay": 120.0, "stabilisation": 0.0}]
    assert figures_of(points) == {}


def test_a_run_is_shown_over_time() -> None:
    assert autoscaling.figures_of_run is not None
    figures = dict(autoscaling.figures_of_run(autoscaling(seed=0, load="flash crowd")))
    assert list(figures) == ["hosts"]
    assert_complete(figures)
    assert "paid for" in texts(figures["hosts"])
