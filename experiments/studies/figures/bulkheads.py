"""Figures of `bulkheads`: who is answered under which isolation, and what the size of a bulkhead trades."""

from collections.abc import Mapping

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ...plots import (
    availability_over_time,
    compare_availability_over_time,
    measures_by_parameter,
    plot_availability_over_time,
    plot_measures_by_parameter,
)
from ...result import SweepResult
from ...study import Run
from ..bulkheads import ISOLATIONS
from .drawing import figure_of

_REJECTED_MAX = 0.01  # of the calls while all is well


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return availability over time, by operation."""
    answered = run.measures["cart_answered"]
    title = f"While recommendations are {run.parameters['mode']}, {answered:.1%} of cart changes are answered"
    return {"availability": figure_of(plot_availability_over_time(availability_over_time(run), title=title))}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    if len({point["isolation"] for point in result.points}) > 1:
        figures["isolation"] = _isolation(result)
    sizes = {point["size"] for point in result.points if point["isolation"] == "own pools"}
    if len(sizes) > 1:
        figures["pool_size"] = _pool_size(result.select(lambda point: point["isolation"] == "own pools"))
    return figures


def _isolation(result: SweepResult) -> Figure:
    """Follow all requests, under each isolation at its best size."""
    points = {
        name: result.points[_best(result, name)]
        for name in ISOLATIONS
        if any(point["isolation"] == name for point in result.points)
    }
    seeds = sorted({row.seed for row in result.rows})[: result.study.replications]
    runs = {_name(point): [result.study(seed=seed, **point) for seed in seeds] for point in points.values()}
    shares = {
        name: np.nanmean([run.measures["answered"] for run in several]) for name, several in runs.items()
    }
    said = ",\n".join(f"{share:.0%} with {name}" for name, share in shares.items())
    mode = result.points[0]["mode"]
    ax = plot_availability_over_time(
        compare_availability_over_time(runs),
        title=f"Requests answered while recommendations, which nobody needs, are {mode}:\n{said}",
    )
    return figure_of(ax)


def _best(result: SweepResult, isolation: str) -> int:
    """Return the point of an isolation with most goodput, of those that reject next to no healthy call."""
    points = [index for index, point in enumerate(result.points) if point["isolation"] == isolation]
    harmless = [index for index in points if result.estimate(index, "rejected_healthy").mean < _REJECTED_MAX]
    return max(harmless or points, key=lambda index: result.estimate(index, "goodput").mean)


def _name(point: Mapping[str, object]) -> str:
    texts = {"none": "no isolation", "timeout": "timeout of 1 s"}
    return texts.get(str(point["isolation"]), f"{point['isolation']} of {point['size']}")


def _pool_size(result: SweepResult) -> Figure:
    figure, (above, below) = plt.subplots(2, 1, figsize=(8.6, 6.8), sharex=True, layout="constrained")
    answered = measures_by_parameter(
        result,
        "size",
        {
            "page (may do without)": ("page_answered", {}),
            "cart": ("cart_answered", {}),
            "checkout": ("checkout_answered", {}),
        },
    )
    rejected = measures_by_parameter(
        result, "size", {"recommendations,\nbefore the trouble": ("rejected_healthy", {})}
    )
    best = _best(result, "own pools")
    kept = result.estimate(best, "answered").mean
    first, last = 0, len(result.points) - 1
    lost = result.estimate(first, "rejected_healthy").mean
    none = result.estimate(last, "answered").mean
    plot_measures_by_parameter(
        answered,
        ax=above,
        title=f"A bulkhead of {result.points[best]['size']} keeps {kept:.1%} of the requests answered; "
        f"one of {result.points[first]['size']}\nrejects {lost:.0%} of the calls while all is well, "
        f"one of {result.points[last]['size']} keeps {none:.0%}",
        label="answered while the trouble lasts\n(share of requests)",
    )
    plot_measures_by_parameter(rejected, ax=below, label="healthy calls rejected\n(share)")
    above.set_ylim(-0.03, 1.05)
    below.set_ylim(bottom=-0.01)
    above.set_xlabel("")
    below.set_title("")
    return figure
