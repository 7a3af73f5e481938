"""Figure of `game_day`: what users saw of each trouble, in a bare and in a careful shop."""

from collections.abc import Mapping

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ...plots import compare_availability_over_time, plot_availability_over_time
from ...result import SweepResult
from ..game_day import PROMISE_IN_TROUBLE


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    return {"availability": _availability(result)} if "trouble" in result.varied else {}


def _availability(result: SweepResult) -> Figure:
    """Follow availability over time, a panel per trouble, a line per preset."""
    troubles = list(dict.fromkeys(point["trouble"] for point in result.points))
    presets = list(dict.fromkeys(point["preset"] for point in result.points))
    seeds = sorted({row.seed for row in result.rows})[: result.study.replications]
    figure, axes = plt.subplots(
        len(troubles),
        1,
        figsize=(9.2, 2.5 * len(troubles) + 0.6),
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    for ax, trouble in zip(axes[:, 0], troubles, strict=True):
        runs = {}
        for preset in presets:
            point = result.points[result.point(trouble=trouble, preset=preset)]
            runs[f"{preset} shop"] = [result.study(seed=seed, **point) for seed in seeds]
        kept = [
            f"{name}: {np.mean([run.measures['during'] for run in several]):.1%}"
            for name, several in runs.items()
        ]
        data = compare_availability_over_time(runs)
        plot_availability_over_time(data, ax=ax, title=f"{trouble}: answered meanwhile, {', '.join(kept)}")
        ax.axhline(PROMISE_IN_TROUBLE, color="#777777", linewidth=0.8, linestyle=":")
        ax.set_ylabel("answered")
        if ax is not axes[-1, 0]:
            ax.set_xlabel("")
    held = sum(
        result.estimate(index, "holds").mean > 0.5
        for index, point in enumerate(result.points)
        if point["preset"] == presets[-1]
    )
    figure.suptitle(
        f"The hypothesis ({PROMISE_IN_TROUBLE:.0%} answered in trouble, dotted; no order lost) holds for the "
        f"{presets[-1]} shop\nin {held} of {len(troubles)} game days",
        x=0.01,
        ha="left",
        fontsize=12,
        fontweight="bold",
    )
    return figure
