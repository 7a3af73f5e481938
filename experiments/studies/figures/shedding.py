"""Figures of `shedding`: goodput against offered load, and who is answered."""

from collections.abc import Mapping

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ...plots import (
    POLICY_COLOURS,
    measures_by_parameter,
    outcomes_over_time,
    plot_measures_by_parameter,
    plot_outcomes_over_time,
)
from ...plots.palette import BLACK, GREEN, GREY
from ...result import SweepResult
from ...study import Run
from ..shedding import CAPACITY, SHEDDINGS, SheddingRun
from .drawing import figure_of, name_again

_PANELS = {
    "A queue with a rule": ("none", "queue length", "queue age", "codel", "lifo"),
    "A limit found by measuring; clients that throttle": ("none", "aimd", "vegas", "gradient", "throttle"),
}
_AS_GOOD = 0.98  # of the most: less is within the noise
_LOAD = "offered load (multiples of what the server can do)"


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return outcomes over time."""
    detail: SheddingRun = run.detail
    outcomes = outcomes_over_time(detail.requests, until=detail.duration)
    goodput = run.measures["goodput"]
    title = (
        f"{run.parameters['offered']:g} x what the server can do, shedding: {run.parameters['shedding']};\n"
        f"{goodput:.0f} requests/s are answered in time, of {CAPACITY:.0f} that it can do"
    )
    return {"outcomes": figure_of(plot_outcomes_over_time(outcomes, title=title))}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    if "offered" in result.varied:
        figures["goodput"] = _goodput(result)
    names = {point["shedding"] for point in result.points}
    if "priority" in names and len(names) > 1:
        figures["priority"] = _priority(result)
    return figures


def _goodput(result: SweepResult) -> Figure:
    names = [point["shedding"] for point in result.points]
    panels = {title: [name for name in shown if name in names] for title, shown in _PANELS.items()}
    panels = {title: shown for title, shown in panels.items() if shown}
    figure, axes = plt.subplots(
        1,
        len(panels),
        figsize=(5.6 * len(panels) + 0.6, 4.8),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for ax, (title, shown) in zip(axes[0], panels.items(), strict=True):
        lines = {_text(name): ("goodput", {"shedding": name}) for name in shown}
        data = measures_by_parameter(result, "offered", lines)
        plot_measures_by_parameter(data, ax=ax, title=title, label="requests answered in time (1/s)")
        ax.plot(
            np.arange(len(data.values)),
            [CAPACITY * min(1.0, value) for value in data.values],
            color="#777777",
            linestyle=":",
            zorder=1,
            label="what can be done",
        )
        name_again(ax)
        ax.set_ylim(0, 1.15 * CAPACITY)
        ax.set_xlabel(_LOAD)
    most = max(point["offered"] for point in result.points)
    (best, found), without = _best(result, most)
    figure.suptitle(
        f"At {most:g} x what the server can do it answers {without:.0f} requests/s in time without a limit,\n"
        f"and {found:.0f} with a limit as plain as {best}",
        x=0.01,
        ha="left",
        fontsize=12,
        fontweight="bold",
    )
    return figure


def _best(result: SweepResult, offered: float) -> tuple[tuple[str, float], float]:
    """Return the plainest of the rules with about the most goodput at a load, and what is without any."""
    goodput = {
        point["shedding"]: result.estimate(index, "goodput").mean
        for index, point in enumerate(result.points)
        if point["offered"] == offered
    }
    most = max(goodput.values())
    name = next(each for each in SHEDDINGS if goodput.get(each, -1.0) >= _AS_GOOD * most)
    return (_text(name), goodput[name]), goodput.get("none", float("nan"))


def _priority(result: SweepResult) -> Figure:
    """Compare who is answered by a rule that knows of priorities, and by one that does not."""
    other = next(name for name in ("queue length", "queue age", "none") if _has(result, name))
    lines = {
        f"{kind}, {_text(name)}": (f"{kind}_answered", {"shedding": name})
        for name in ("priority", other)
        for kind in ("important", "usual")
    }
    # A policy's own colour for those that it is about.
    colours = dict(zip(lines, (GREEN, GREY, POLICY_COLOURS[_text(other)], BLACK), strict=True))
    data = measures_by_parameter(result, "offered", lines)
    last = {label: line[-1].mean for label, line in data.lines.items()}
    ax = plot_measures_by_parameter(
        data,
        title=f"At {data.values[-1]:g} times what the server can do, "
        f"{last['important, priority']:.0%} of the important requests\nare answered if priorities count, "
        f"and {last[f'important, {_text(other)}']:.0%} if they do not",
        label="requests answered in time (share)",
        colours=colours,
        limits=(0.0, 1.0),
    )
    ax.set_xlabel(_LOAD)
    ax.set_ylim(-0.03, 1.05)
    return figure_of(ax)


def _has(result: SweepResult, name: str) -> bool:
    return any(point["shedding"] == name for point in result.points)


def _text(name: str) -> str:
    return "no limit" if name == "none" else name
