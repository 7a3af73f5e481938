"""Figure of `game_day`: what users saw of each trouble, in a bare and in a careful shop."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...plots import compare_availability_over_time, plot_availability_over_time
from ...result import SweepResult
from ...study import Run
from ..game_day import PROMISE_IN_TROUBLE
from .drawing import run_again


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    return {"availability": _availability(result)} if "trouble" in result.varied else {}


def _availability(result: SweepResult) -> Figure:
    """Follow availability over time, a panel per trouble, a line per preset."""
    troubles = list(dict.fromkeys(point["trouble"] for point in result.points))
    presets = list(dict.fromkeys(point["preset"] for point in result.points))
    figure, axes = plt.subplots(
        len(troubles),
        1,
        figsize=(9.2, 2.3 * len(troubles) + 0.8),
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    column = list(axes[:, 0])
    for ax, trouble in zip(column, troubles, strict=True):
        runs = {
            f"{preset} shop": run_again(result, result.points[result.point(trouble=trouble, preset=preset)])
            for preset in presets
        }
        _panel(ax, trouble, runs, is_first=ax is column[0], is_last=ax is column[-1])
    said = " and ".join(
        f"in {_held_count(result, preset)} of {len(troubles)} game days for the {preset} shop"
        for preset in presets
    )
    figure.suptitle(
        f"The hypothesis ({PROMISE_IN_TROUBLE:.0%} answered in trouble, dotted; no order lost) holds\n{said}",
        x=0.01,
        ha="left",
        fontsize=12,
        fontweight="bold",
    )
    return figure


def _panel(
    ax: Axes, trouble: str, runs: Mapping[str, Sequence[Run]], *, is_first: bool, is_last: bool
) -> None:
    kept = [
        f"{np.mean([run.measures['during'] for run in several]):.1%} ({name})"
        for name, several in runs.items()
    ]
    # Without the breakers' strips: there are as many as hosts and features, and what counts are the users.
    data = replace(compare_availability_over_time(runs), breakers=())
    plot_availability_over_time(data, ax=ax, title=f"{trouble}: answered meanwhile {', '.join(kept)}")
    ax.axhline(PROMISE_IN_TROUBLE, color="#777777", linewidth=0.8, linestyle=":")
    ax.set_ylabel("requests\nanswered (share)")
    legend = ax.get_legend()
    if legend is not None and not is_first:
        legend.remove()
    if not is_last:
        ax.set_xlabel("")


def _held_count(result: SweepResult, preset: str) -> int:
    return sum(
        result.estimate(index, "holds").mean > 0.5
        for index, point in enumerate(result.points)
        if point["preset"] == preset
    )
