"""Figures of `cache_failure`: what each arrangement loses; answers, load and old values over time."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.measurement import WindowedSeries, windowed_share

from ....plots import curves_over_time, plot_curves_over_time
from ....plots.fault_shading import FaultBand
from ....plots.logarithmic_axis import make_logarithmic
from ....plots.measures_by_parameter import finite
from ....plots.palette import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, finish
from ....result import SweepResult
from ....study import Run
from ...caching.cache_failure import CRASHED, CacheFailureRun
from ...caching.cached_origin import CAPACITY
from ..drawing import curves_in_panels, figure_of, run_again

_WINDOW = 1.0
_LOST = {"crash": "cache server down", "partition": "cache server cut off"}
_COLOURS = {
    "wait": VERMILION,
    "eject": BLUE,
    "eject, modulo": ORANGE,
    "eject, modulo, leases": BLACK,
    "gutter": GREEN,
    "2 copies, wait": PURPLE,
    "2 copies, eject": SKY,
}
_STALE: tuple[Mapping[str, Any], ...] = (
    {"on_failure": "eject"},
    {"on_failure": "eject", "repeat_deletes": True},
    {"on_failure": "gutter", "repeat_deletes": True},
)
"""Of which the stale reads are drawn: each is another way to be stale; copies are as their server is."""


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return what users and origin saw over time."""
    served = 1.0 - run.measures["lost_at_last"]
    title = f"{_name(run.parameters)}: {served:.0%} are answered at the end"
    return {"over_time": _over_time({_name(run.parameters): [run]}, title)}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    if len(result.points) > 1:
        figures["lost"] = _lost(result)
    for limit, name in ((False, "over_time"), (True, "over_time_limited")):
        shown = _shown(result, CRASHED, loss="crash", limit=limit)
        if shown:
            figures[name] = _crashed(result, shown, limit=limit)
    cut_off = _shown(result, _STALE, loss="partition")
    if cut_off:
        figures["stale"] = _cut_off(result, cut_off)
    return figures


def _shown(
    result: SweepResult, compared: Sequence[Mapping[str, Any]], **fixed: Any
) -> list[Mapping[str, Any]]:
    """Return those of the points `compared` that the sweep has."""
    wanted = [{**each, **fixed} for each in compared]
    plain = {"hashing": "ring", "copies": 1, "on_failure": "wait", "leases": False, "repeat_deletes": False}
    return [
        point
        for point in result.points
        if any(all(point[name] == value for name, value in {**plain, **each}.items()) for each in wanted)
    ]


def _name(point: Mapping[str, Any]) -> str:
    """Return what an arrangement is called; the limit and the kind of loss are said elsewhere."""
    name = str(point["on_failure"])
    if point["copies"] > 1:
        name = f"{point['copies']} copies, {name}"
    if point["hashing"] == "modulo":
        name += ", modulo"
    if point["leases"]:
        name += ", leases"
    if point["repeat_deletes"]:
        name += ", deletes repeated"
    return name


def _colours(names: Sequence[str]) -> dict[str, str]:
    return {name: _COLOURS.get(name.removesuffix(", deletes repeated"), BLACK) for name in names}


# -- what is lost -------------------------------------------------------------------------------------------


def _lost(result: SweepResult) -> Figure:
    """Draw a row per point: what is not answered, what comes to the origin, and what is old."""
    figure, axes = plt.subplots(
        1, 3, figsize=(12.5, 1.3 + 0.36 * len(result.points)), sharey=True, layout="constrained"
    )
    panels: tuple[tuple[Callable[[int], Any], str, str], ...] = (
        (
            lambda row: result.estimate(row, "lost_time"),
            "unanswered, as the time in\nwhich so many come (s)",
            ".1f",
        ),
        (
            lambda row: result.estimate(row, "load_peak"),
            "most that came to the origin in a\nsecond of the loss (share of capacity)",
            ".1f",
        ),
        (lambda row: result.estimate(row, "stale"), "stale reads\n(share of the answered)", ".1%"),
    )
    for ax, (estimate, label, form) in zip(axes, panels, strict=True):
        _bars(ax, result, [estimate(row) for row in range(len(result.points))], form)
        ax.set_xlabel(label)
    axes[1].axvline(1.0, color="#777777", linewidth=0.8)
    axes[0].set_yticks(range(len(result.points)), [_row(point) for point in result.points])
    axes[0].set_ylabel("what clients do about it")
    axes[0].invert_yaxis()
    figure.suptitle(_title(result), x=0.01, ha="left", fontsize=11, fontweight="bold")
    return figure


def _row(point: Mapping[str, Any]) -> str:
    said = [_name(point)]
    if point["limit"]:
        said.append("limit")
    if point["loss"] == "partition":
        said.append("cut off")
    return "; ".join(said)


def _bars(ax: Axes, result: SweepResult, estimates: Sequence[Any], form: str) -> None:
    means, widths = finite(estimates)
    names = [_name(point) for point in result.points]
    colours = _colours(names)
    ax.barh(
        range(len(means)),
        means,
        xerr=widths,
        color=[colours[name] for name in names],
        height=0.66,
        capsize=2,
        ecolor=BLACK,
        alpha=0.85,
    )
    top = max(float(np.nanmax(means + np.nan_to_num(widths))), 1e-9)
    for row, (mean, width) in enumerate(zip(means, np.nan_to_num(widths), strict=True)):
        ax.text(mean + width + 0.015 * top, row, format(mean, form), va="center", fontsize=8)
    ax.set_xlim(0.0, 1.17 * top)
    finish(ax, "")
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", color="#DDDDDD", linewidth=0.6)


def _title(result: SweepResult) -> str:
    outage = result.points[0]["outage"]
    crashed = {
        _name(point): result.estimate(row, "lost_time").mean
        for row, point in enumerate(result.points)
        if point["loss"] == "crash" and not point["limit"]
    }
    told = ("wait", "eject", "eject, modulo")
    said = ", ".join(f"{crashed[name]:.1f} s ({name})" for name in told if name in crashed)
    lost = f"lost are the requests of {said}" if said else "what is lost"
    return f"One of four cache servers is gone for {outage:g} s: {lost}    (bars: 95 % interval)"


# -- over time ----------------------------------------------------------------------------------------------


def _crashed(result: SweepResult, points: Sequence[Mapping[str, Any]], *, limit: bool) -> Figure:
    runs = {_name(point): run_again(result, point) for point in points}
    gone = [
        name
        for name, several in runs.items()
        if np.mean([run.measures["lost_at_last"] for run in several]) > 0.1
    ]
    with_limit = "With a limit at the origin" if limit else "Without a limit at the origin"
    if gone:
        title = f"{with_limit} the site does not come back by itself:\n{'; '.join(gone)}"
    else:
        title = f"{with_limit} the site comes back, whatever clients do"
    return _over_time(runs, title)


def _over_time(runs: Mapping[str, Sequence[Run]], title: str) -> Figure:
    details: dict[str, list[CacheFailureRun]] = {
        name: [run.detail for run in several] for name, several in runs.items()
    }
    first = next(iter(details.values()))[0]
    bands = [FaultBand(_LOST[first.loss], first.start, first.end)]
    answered = curves_over_time(
        {name: [_answered(run) for run in several] for name, several in details.items()},
        label="answered, of what was\nsent in 1 s (share)",
        faults=bands,
    )
    load = curves_over_time(
        {
            name: [run.judge.load(width=_WINDOW, since=0.0, until=run.duration) for run in several]
            for name, several in details.items()
        },
        label="requests to the origin (1/s)",
        faults=bands,
    )
    figure, (above, below) = curves_in_panels([answered, load], title=title, colours=_colours(list(runs)))
    above.set_ylim(-0.03, 1.15)
    make_logarithmic(below)
    below.set_ylim(5.0, 400.0)
    below.axhline(CAPACITY, color="#777777", linewidth=0.8)
    below.annotate(
        "what the origin can do",
        (0.99, CAPACITY),
        xycoords=("axes fraction", "data"),
        xytext=(0, 3),
        textcoords="offset points",
        ha="right",
        fontsize=8,
        color="#555555",
    )
    return figure


def _answered(run: CacheFailureRun) -> WindowedSeries:
    sample = run.requests.sample(0.0, run.duration, by="start")
    return windowed_share(sample.start, sample.succeeded, width=_WINDOW, until=run.duration)


def _cut_off(result: SweepResult, points: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw the share of stale reads over time, where the server comes back with what it had."""
    runs = {_name(point): [run.detail for run in run_again(result, point)] for point in points}
    first = next(iter(runs.values()))[0]
    said = ", ".join(
        f"{result.estimate(result.point(**point), 'stale').mean:.1%} ({_name(point)})" for point in points
    )
    ax = plot_curves_over_time(
        curves_over_time(
            {
                name: [run.judge.stale(width=2.0 * _WINDOW, since=0.0, until=run.duration) for run in several]
                for name, several in runs.items()
            },
            label="stale, of the reads answered in 2 s (share)",
            faults=[FaultBand(_LOST[first.loss], first.start, first.end)],
        ),
        title=f"What is stale when a cache server is cut off, of the reads from then on:\n{said}",
        colours=_colours(list(runs)),
    )
    return figure_of(ax)
