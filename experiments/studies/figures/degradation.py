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
    figure, axes = plt.subplots(
        1,
        len(features),
        figsize=(2.6 * len(features) + 1.6, 4.6),
        sharey=True,
        layout="constrained",
        squeeze=False,
    )
    for ax, feature in zip(axes[0], features, strict=True):
        _stack(ax, result, feature, designs)
    axes[0][len(features) // 2].set_xlabel("what the shop does about it")
    axes[0][0].set_ylabel("requests while the feature is out (share)")
    axes[0][0].set_yticks([0, 0.25, 0.5, 0.75, 1.0], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    handles, labels = axes[0][-1].get_legend_handles_labels()
    axes[0][-1].legend(
        handles[::-1], labels[::-1], loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=9
    )
    figure.suptitle(_title(result, designs), x=0.01, ha="left", fontsize=12, fontweight="bold")
    return figure


def _stack(ax: Axes, result: SweepResult, feature: str, designs: list[str]) -> None:
    floor = np.zeros(len(designs))
    for kind, outcome in _KINDS.items():
        shares = np.array(
            [result.estimate(result.point(feature=feature, design=design), kind).mean for design in designs]
        )
        ax.bar(np.arange(len(designs)), shares, 0.8, bottom=floor, color=OUTCOME_COLOURS[outcome], label=kind)
        for position, (low, share) in enumerate(zip(floor, shares, strict=True)):
            if share > 0.06:
                ax.text(position, low + share / 2, f"{share:.0%}", ha="center", va="center", fontsize=7)
        floor += shares
    ax.set_xticks(np.arange(len(designs)), designs, rotation=60, ha="right", fontsize=9)
    ax.set_title(f"{feature} out", loc="left", fontsize=10)
    ax.set_ylim(0, 1.0)
    ax.spines[["top", "right"]].set_visible(False)


def _title(result: SweepResult, designs: list[str]) -> str:
    def failed(design: str) -> float:
        rows = [row.measures["failed"] for row in result.rows if result.points[row.point]["design"] == design]
        return float(np.nanmean(rows))

    first, last = designs[0], designs[-1]
    return (
        f"With one feature out {failed(first):.0%} of all requests fail in a {first} shop "
        f"and {failed(last):.0%} in a {last} one (mean over the features)"
    )
