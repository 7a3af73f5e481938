"""Figures of `balancer_loss`: what each arrangement loses and for how long, and how it goes over time."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.measurement import WindowedSeries, windowed_share

from ...plots import curves_over_time, plot_curves_over_time
from ...plots.fault_shading import FaultBand
from ...plots.measures_by_parameter import finite
from ...plots.palette import BLACK, BLUE, GREEN, ORANGE, PURPLE, VERMILION, finish
from ...result import SweepResult
from ...study import Run
from .drawing import figure_of, run_again

_COLOURS = {
    "one balancer": VERMILION,
    "pair": BLUE,
    "names": ORANGE,
    "names, next address": GREEN,
    "in each client": PURPLE,
}
_BEFORE, _AFTER, _WINDOW = 10.0, 20.0, 2.0


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    if len(result.points) > 1:
        figures["lost"] = _lost(result)
    hosts = [point for point in result.points if point["loss"] == "host"]
    if hosts:
        figures["over_time"] = _over_time(result, _one_of_each(hosts))
    return figures


def _lost(result: SweepResult) -> Figure:
    """Draw a row per point: how many requests are lost, and how long it takes."""
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(11.0, 1.2 + 0.42 * len(result.points)), sharey=True, layout="constrained"
    )
    for ax, measure, label in (
        (left, "lost_time", "lost requests, as the time\nin which so many come (s)"),
        (right, "recover_time", "from the loss until 99 % are\nanswered again (s)"),
    ):
        _bars(ax, result, measure)
        ax.set_xlabel(label)
    names = [_name(point) for point in result.points]
    left.set_yticks(range(len(names)), names)
    left.set_ylabel("what stands between clients and shop")
    left.invert_yaxis()
    figure.suptitle(_title(result), x=0.01, ha="left", fontsize=11, fontweight="bold")
    return figure


def _bars(ax: Axes, result: SweepResult, measure: str) -> None:
    estimates = [result.estimate(index, measure) for index in range(len(result.points))]
    means, widths = finite(estimates)
    colours = [_COLOURS[point["arrangement"]] for point in result.points]
    ax.barh(
        range(len(means)), means, xerr=widths, color=colours, height=0.66, capsize=2, ecolor=BLACK, alpha=0.85
    )
    top = float(np.nanmax(means))
    for row, (mean, width) in enumerate(zip(means, widths, strict=True)):
        text = "never" if np.isnan(mean) else f"{mean:.1f}"
        ax.text((0.0 if np.isnan(mean) else mean + width) + 0.015 * top, row, text, va="center", fontsize=8)
    ax.set_xlim(0.0, 1.13 * top)
    finish(ax, "")
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", color="#DDDDDD", linewidth=0.6)


def _title(result: SweepResult) -> str:
    outage = result.points[0]["outage"]
    lost = {
        point["arrangement"]: result.estimate(index, "lost_time").mean
        for index, point in enumerate(result.points)
        if point["loss"] == "host"
    }
    said = [f"{lost[name]:.1f} s of requests ({name})" for name in ("one balancer", "pair") if name in lost]
    what = " against ".join(said) if said else "what is lost"
    return f"A balancer's host is gone for {outage:g} s: {what}    (bars: 95 % interval)"


def _name(point: Mapping[str, Any]) -> str:
    name = str(point["arrangement"])
    if point["ttl"] is not None:
        name += f" (ttl {point['ttl']:g} s)"
    if point["loss"] == "process":
        name += ", tracked: process dies" if point["tracking"] else ": process dies"
    elif point["loss"] == "cut apart":
        name += ": cut apart"
    return name


def _one_of_each(points: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return a point for each arrangement; of names the one with a middling time to live."""
    chosen: dict[str, list[Mapping[str, Any]]] = {}
    for point in points:
        chosen.setdefault(str(point["arrangement"]), []).append(point)
    return [several[len(several) // 2] for several in chosen.values()]


def _over_time(result: SweepResult, points: Sequence[Mapping[str, Any]]) -> Figure:
    outage = points[0]["outage"]
    series = {_name(point): [_answered(run, outage) for run in run_again(result, point)] for point in points}
    ax = plot_curves_over_time(
        curves_over_time(
            series,
            label=f"answered, of what was sent in {_WINDOW:g} s (share)",
            faults=[FaultBand("host lost", 0.0, outage)],
        ),
        title=_over_time_title(result, points),
        colours={_name(point): _COLOURS[point["arrangement"]] for point in points},
    )
    ax.set_xlabel("time since the loss (s)")
    ax.set_ylim(-0.03, 1.12)
    return figure_of(ax)


def _over_time_title(result: SweepResult, points: Sequence[Mapping[str, Any]]) -> str:
    """Say when those are served again who are so before the host is back."""
    times = {_name(point): result.estimate(result.point(**point), "recover_time").mean for point in points}
    outage = points[0]["outage"]
    said = [f"{time:.1f} s ({name})" for name, time in times.items() if 0.0 < time < 0.9 * outage]
    again = f",\nall again after {' and '.join(said)}" if said else ""
    return f"Who is served while the host of a balancer is gone{again}"


def _answered(run: Run, outage: float) -> WindowedSeries:
    """Return the share answered over the time since the loss, which each run has at another moment."""
    detail = run.detail
    since, until = detail.start - _BEFORE, detail.start + outage + _AFTER
    sample = detail.requests.sample(since, until, by="start")
    return windowed_share(
        sample.start - detail.start, sample.succeeded, width=_WINDOW, since=-_BEFORE, until=outage + _AFTER
    )
