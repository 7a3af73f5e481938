"""Figures of `bulkheads`: who is answered under which isolation, and what the size of a bulkhead trades."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from models.shop import OPERATIONS

from ...plots import (
    availability_over_time,
    compare_availability_over_time,
    measures_by_parameter,
    plot_availability_over_time,
    plot_measures_by_parameter,
)
from ...plots.palette import OPERATION_COLOURS, colours_by_policy
from ...result import SweepResult
from ...study import Run
from ..bulkheads import IN_TIME, ISOLATIONS
from .drawing import figure_of, run_again

_POLICIES = {"none": "no isolation", "timeout": "timeout"} | {name: name for name in ISOLATIONS[2:]}
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
    """Follow what is answered in time, under each isolation at its best size."""
    points = {
        name: result.points[_best(result, name)]
        for name in ISOLATIONS
        if any(point["isolation"] == name for point in result.points)
    }
    runs = {_name(point): run_again(result, point) for point in points.values()}
    shares = {
        label: np.nanmean([run.detail.during().availability(within=IN_TIME) for run in several])
        for label, several in runs.items()
    }
    said = [f"{share:.0%} ({label})" for label, share in shares.items()]
    mode = result.points[0]["mode"]
    ax = plot_availability_over_time(
        compare_availability_over_time(runs, within=IN_TIME),
        title=f"While recommendations, which nobody needs, are {mode}, "
        f"so much is answered within {IN_TIME:g} s:\n{_in_lines(said)}",
        colours=colours_by_policy({_name(point): _POLICIES[name] for name, point in points.items()}),
    )
    return figure_of(ax)


def _in_lines(parts: Sequence[str]) -> str:
    """Join parts of a sentence, two to a line."""
    return ",\n".join(", ".join(parts[first : first + 2]) for first in range(0, len(parts), 2))


def _best(result: SweepResult, isolation: str) -> int:
    """Return the point of an isolation with most goodput, of those that reject next to no healthy call."""
    points = [index for index, point in enumerate(result.points) if point["isolation"] == isolation]
    harmless = [index for index in points if result.estimate(index, "rejected_healthy").mean < _REJECTED_MAX]
    return max(harmless or points, key=lambda index: result.estimate(index, "goodput").mean)


def _name(point: Mapping[str, object]) -> str:
    texts = {"none": "no isolation", "timeout": "timeout of 1 s"}
    return texts.get(str(point["isolation"]), f"{point['isolation']} of {point['size']}")


def _pool_size(result: SweepResult) -> Figure:
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(8.6, 6.8), sharex=True, height_ratios=(3, 2), layout="constrained"
    )
    answered = measures_by_parameter(result, "size", {name: (f"{name}_answered", {}) for name in OPERATIONS})
    rejected = measures_by_parameter(result, "size", {"rejected": ("rejected_healthy", {})})
    best, first, last = _best(result, "own pools"), 0, len(result.points) - 1
    kept, none = (result.estimate(index, "answered").mean for index in (best, last))
    lost = result.estimate(first, "rejected_healthy").mean
    sizes = [point["size"] for point in result.points]
    plot_measures_by_parameter(
        answered,
        ax=above,
        title=f"A bulkhead of {sizes[best]} keeps {kept:.1%} of the requests answered; "
        f"one of {sizes[first]} rejects {lost:.0%}\nof the calls while all is well, "
        f"with one of {sizes[last]} only {none:.0%} are answered",
        label="answered while the trouble lasts\n(share of requests)",
        colours=OPERATION_COLOURS,
        limits=(0.0, 1.0),
    )
    plot_measures_by_parameter(
        rejected, ax=below, label="calls for recommendations\nrejected before it (share)"
    )
    below.get_legend().remove()
    above.set_ylim(-0.03, 1.05)
    below.set_ylim(bottom=-0.01)
    above.set_xlabel("")
    below.set_title("")
    below.set_xlabel("size of the bulkhead (calls for recommendations at a time, from each web host)")
    return figure
