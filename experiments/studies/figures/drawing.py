"""What the figures of several studies need when they draw."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...plots import POLICY_COLOURS, plot_curves_over_time
from ...plots.curves_over_time import CurvesOverTime
from ...plots.measures_by_parameter import INTERVALS
from ...plots.palette import figure_of
from ...result import SweepResult
from ...study import Run

__all__ = ["bars_note", "curves_in_panels", "figure_of", "name_again", "run_again"]


def bars_note(result: SweepResult) -> str:
    """Return what a legend says of the bars: nothing where each point has a single run, and thus no bar."""
    counts = Counter(row.point for row in result.rows)
    return INTERVALS if max(counts.values(), default=0) > 1 else ""


def run_again(result: SweepResult, point: Mapping[str, Any]) -> list[Run]:
    """Run a point with the sweep's seeds, as many times as its study would; these are the runs of the sweep.

    A run is a value: what has been run before comes out the same, with the details that no file keeps.
    """
    seeds = sorted({row.seed for row in result.rows})[: result.study.replications]
    return [result.study(seed=seed, **point) for seed in seeds]


def curves_in_panels(
    panels: Sequence[CurvesOverTime], *, title: str, colours: Mapping[str, str] = POLICY_COLOURS
) -> tuple[Figure, list[Axes]]:
    """Draw one panel below the other on one time axis; the first is higher, and has title and legend."""
    figure, axes = plt.subplots(
        len(panels),
        1,
        figsize=(8.8, 4.0 + 2.6 * (len(panels) - 1)),
        sharex=True,
        squeeze=False,
        height_ratios=[3] + [2] * (len(panels) - 1),
        layout="constrained",
    )
    column: list[Axes] = list(axes[:, 0])
    for ax, data in zip(column, panels, strict=True):
        is_first = ax is column[0]
        plot_curves_over_time(
            data, ax=ax, title=title if is_first else "", colours=colours, faults_named=is_first
        )
        legend = ax.get_legend()
        if legend is not None and not is_first:
            legend.remove()
        if ax is not column[-1]:
            ax.set_xlabel("")
    return figure, column


def name_again(ax: Axes) -> None:
    """Let the legend of `ax` name what was drawn after it."""
    legend = ax.get_legend()
    assert legend is not None
    ax.legend(
        *ax.get_legend_handles_labels(),
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        borderaxespad=0.3,
        frameon=False,
        fontsize=9,
        title=legend.get_title().get_text(),
        title_fontsize=8,
        alignment="left",
    )
