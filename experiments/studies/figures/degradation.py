"""Figures of `degradation`: what users see with each feature out, under each design."""

from collections.abc import Mapping

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...plots import (
    OUTCOME_COLOURS,
    availability_over_time,
    fault_bands,
    outcomes_over_time,
    plot_availability_over_time,
    plot_outcomes_over_time,
)
from ...plots.measures_by_parameter import finite
from ...result import SweepResult
from ...study import Run
from .drawing import figure_of

_KINDS = {"full": "ok", "degraded": "degraded", "failed": "timed_out"}


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return availability and outcomes over time."""
    detail = run.detail
    feature, design = run.parameters["feature"], run.parameters["design"]
    outcomes = outcomes_over_time(
        detail.requests,
        until=detail.duration,
        faults=fault_bands(detail.log, detail.duration),
        what="users' requests",
    )
    said = f"{feature} out, design {design}: {run.measures['failed']:.0%} fail"
    return {
        "availability": figure_of(plot_availability_over_time(availability_over_time(run), title=said)),
        "outcomes": figure_of(
            plot_outcomes_over_time(outcomes, title=f"{said}, {run.measures['degraded']:.0%} are degraded")
        ),
    }


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    if {"feature", "design"} <= set(result.varied):
        return {"what_users_see": _what_users_see(result)}
    return {}


def _what_users_see(result: SweepResult) -> Figure:
    """Stack the shares in full, degraded and failed: a panel per feature, a bar per design."""
    features = list(dict.fromkeys(point["feature"] for point in result.points))
    designs = list(dict.fromkeys(point["design"] for point in result.points))
    columns = min(3, len(features))
    rows = -(-len(features) // columns)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(3.0 * columns + 1.8, 3.4 * rows + 0.8),
        sharey=True,
        layout="constrained",
        squeeze=False,
    )
    for ax, feature in zip(axes.flat, features, strict=False):
        _stack(ax, result, feature, designs)
    for ax in axes.flat[len(features) :]:
        ax.remove()
    for ax in axes[:, 0]:
        ax.set_ylabel("requests while it is out\n(share)")
        ax.set_yticks([0, 0.25, 0.5, 0.75, 1.0], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    for ax in axes[-1]:
        ax.set_xlabel("what the shop does about it")
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(
        handles[::-1],
        labels[::-1],
        loc="outside right center",
        frameon=False,
        fontsize=9,
        title="bar: 95 % interval\nof what fails",
        title_fontsize=8,
        alignment="left",
    )
    figure.suptitle(_title(result, designs), x=0.01, ha="left", fontsize=12, fontweight="bold")
    return figure


def _stack(ax: Axes, result: SweepResult, feature: str, designs: list[str]) -> None:
    places, floor = np.arange(len(designs)), np.zeros(len(designs))
    points = [result.point(feature=feature, design=design) for design in designs]
    for kind, outcome in _KINDS.items():
        shares = np.array([result.estimate(point, kind).mean for point in points])
        ax.bar(places, shares, 0.8, bottom=floor, color=OUTCOME_COLOURS[outcome], label=kind)
        for place, (low, share) in enumerate(zip(floor, shares, strict=True)):
            if share > 0.06:
                ax.text(place, low + share / 2, f"{share:.0%}", ha="center", va="center", fontsize=8)
        floor += shares
    failed = [result.estimate(point, "failed") for point in points]
    means, widths = np.array(finite(failed))
    widths[widths == 0.0] = np.nan
    bars = (np.minimum(widths, 1.0 - means), np.minimum(widths, means))
    ax.errorbar(places + 0.3, 1.0 - means, yerr=bars, fmt="none", ecolor="black", elinewidth=0.9, capsize=2)
    for place, point in enumerate(points):
        lost = result.estimate(point, "orders_lost").mean
        if lost >= 1.0:
            ax.text(place, 0.02, f"{lost:.0f} orders\nnever paid", ha="center", va="bottom", fontsize=7)
    ax.set_xticks(places, designs, rotation=40, ha="right", fontsize=9)
    ax.set_title(f"{feature} out", loc="left", fontsize=10)
    ax.set_ylim(0, 1.0)
    ax.spines[["top", "right"]].set_visible(False)


def _title(result: SweepResult, designs: list[str]) -> str:
    def failed(design: str) -> float:
        rows = [row.measures["failed"] for row in result.rows if result.points[row.point]["design"] == design]
        return float(np.nanmean(rows))

    first, last = designs[0], designs[-1]
    return (
        f"With one feature out {failed(first):.0%} of all requests fail in a {first} shop\n"
        f"and {failed(last):.0%} in a {last} one (mean over the features)"
    )
