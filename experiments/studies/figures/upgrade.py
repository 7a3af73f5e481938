"""Figures of `upgrade`: which strategy survives which version, what draining is worth, and how it goes."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.measurement import WindowedSeries, windowed_level, windowed_rate

from ...plots import curves_over_time, plot_sweep_heat_map, sweep_heat_map
from ...plots.palette import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, finish
from ...result import SweepResult
from ...study import Run
from ..upgrade import DRAINED
from ..upgrade_run import IN_TIME, NEW, OLD, UpgradeRun
from .drawing import curves_in_panels, run_again

_WINDOWS = 60
_TEXTS = {
    "good": "a good version",
    "errors": "a version that fails in a fifth of its answers",
    "slow": "a slow version",
    "never ready": "a version that never starts",
    "leak": "a version that leaks",
    "incompatible": "an incompatible version",
}
_COLOURS = {"rolling": VERMILION, "blue-green": BLUE, "canary": ORANGE}
_SETS = {"old version": BLUE, "new version": ORANGE, "not answered in time": VERMILION, "instances": GREEN}


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return what each version got, what was not answered in time, and how many instances there were."""
    detail: UpgradeRun = run.detail
    strategy, version = run.parameters["strategy"], run.parameters["version"]
    what = "the instances crash one by one" if strategy == "crash" else f"{strategy}, {_TEXTS[version]}"
    title = f"{what[0].upper()}{what[1:]}: {run.measures['lost']:,.0f} requests are lost"
    panels = [
        curves_over_time(
            {f"{name} version": [_calls(detail, key)] for name, key in (("old", OLD), ("new", NEW))},
            label="requests to each\nversion (1/s)",
        ),
        curves_over_time(
            {"not answered in time": [_bad(detail)]}, label=f"not answered\nwithin {IN_TIME:g} s (1/s)"
        ),
        curves_over_time({"instances": [_instances(detail)]}, label="instances"),
    ]
    figure, axes = curves_in_panels(panels, title=title, colours=_SETS)
    _mark_steps(axes, detail)
    return {"over_time": figure}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    plain = [
        point
        for point in result.points
        if point["strategy"] in DRAINED and point["linger"] is None and point["pause"] is None
    ]
    strategies = {point["strategy"] for point in plain}
    versions = {point["version"] for point in plain}
    if len(strategies) > 1 and len(versions) > 1 and len(plain) == len(strategies) * len(versions):
        figures["versions"] = _versions(result.select(lambda point: point in plain))
    good = [point for point in result.points if point["version"] == "good"]
    if {"crash", "rolling"} <= {point["strategy"] for point in good}:
        figures["draining"] = _draining(result)
    shown = next((kind for kind in ("leak", "slow", "errors") if kind in versions), None)
    if shown is not None and len(strategies) > 1:
        figures["bad_version"] = _bad_version(
            result.select(lambda point: point["version"] == shown and point["linger"] is None), shown
        )
    return figures


def _versions(result: SweepResult) -> Figure:
    """Map what was answered in time over strategy and version, and how much of the time it took below."""
    figure, (above, below) = plt.subplots(2, 1, figsize=(8.8, 7.6), layout="constrained")
    answered = sweep_heat_map(result, "in_time", x="version", y="strategy", where={})
    row, column = np.unravel_index(int(np.nanargmin(answered.means)), answered.means.shape)
    title = (
        f"{answered.y_values[row].capitalize()}, {_TEXTS[answered.x_values[column]]}: "
        f"{answered.means[row, column]:.0%} are answered in time.\n"
        "A judge sees what shows soon, and only in the calls of the new version"
    )
    plot_sweep_heat_map(
        answered,
        ax=above,
        limits=(0.0, 1.0),
        title=title,
        label=f"share of all requests since the order\nthat are answered within {IN_TIME:g} s",
    )
    met = sweep_heat_map(result, "met_new", x="version", y="strategy", where={})
    plot_sweep_heat_map(
        met,
        ax=below,
        limits=(0.0, 1.0),
        good="low",
        label="share of all requests since the order\nthat the new version got",
    )
    above.set_xlabel("")
    for ax in (above, below):
        ax.set_ylabel("strategy")
    below.set_xlabel("what the new version is like")
    return figure


def _draining(result: SweepResult) -> Figure:
    """Compare what is lost of a good version, planned or not, by how instances are taken out."""
    bars: dict[str, int] = {}
    for index, point in enumerate(result.points):
        if point["version"] != "good" or point["strategy"] not in ("crash", "abrupt", "rolling"):
            continue
        linger = 5.0 if point["linger"] is None else point["linger"]
        label = {"crash": "not planned:\nprocesses crash", "abrupt": "planned,\ncut off at once"}
        bars[label.get(point["strategy"], f"planned, they\naccept for {linger:g} s")] = index
    estimates = {label: result.estimate(index, "lost") for label, index in bars.items()}
    delay = result.points[0]["discovery_delay"]
    worst = max(estimates.values(), key=lambda found: found.mean).mean
    figure, ax = plt.subplots(figsize=(8.8, 4.6), layout="constrained")
    colours = [VERMILION, PURPLE, ORANGE, SKY, BLUE, GREY]
    for position, (found, colour) in enumerate(zip(estimates.values(), colours, strict=False)):
        error = found.half_width if isfinite(found.half_width) else 0.0
        ax.bar(position, found.mean, color=colour, yerr=error, capsize=4, width=0.65)
        ax.annotate(
            f"{found.mean:.0f}",
            (position, found.mean + error),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            fontsize=10,
        )
    ax.set_xticks(range(len(estimates)), list(estimates))
    ax.set_ylabel(
        "requests lost while four instances\nare replaced, or crash one by one\n(mean, 95 % interval)"
    )
    ax.set_xlabel("how instances are taken out")
    finish(
        ax,
        f"The same instances go and come: {worst:.0f} requests are lost in crashes, none in an upgrade\n"
        f"that lets them accept for longer than the {delay:g} s in which balancers hear of it",
    )
    ax.set_ylim(top=1.12 * ax.get_ylim()[1])
    return figure


def _bad_version(result: SweepResult, kind: str) -> Figure:
    """Follow a bad version under each strategy: who meets it, and what is not answered in time."""
    runs = {_name(point): run_again(result, point) for point in result.points}
    lost = {name: np.mean([run.measures["lost"] for run in several]) for name, several in runs.items()}
    said = [f"{count:,.0f} ({name})" for name, count in lost.items()]
    panels = [
        curves_over_time(
            {name: [_calls(run.detail, NEW) for run in several] for name, several in runs.items()},
            label="requests to the\nnew version (1/s)",
        ),
        curves_over_time(
            {name: [_bad(run.detail) for run in several] for name, several in runs.items()},
            label=f"not answered\nwithin {IN_TIME:g} s (1/s)",
        ),
    ]
    lines = ",\n".join(", ".join(said[first : first + 2]) for first in range(0, len(said), 2))
    title = f"A{_TEXTS[kind][1:]}: so many requests are lost,\n{lines}"
    figure, _ = curves_in_panels(panels, title=title, colours=_COLOURS)
    return figure


def _name(point: Mapping[str, Any]) -> str:
    name = str(point["strategy"])
    return name if point["pause"] is None else f"{name}, {point['pause']:g} s a step"


def _calls(run: UpgradeRun, version: str) -> WindowedSeries:
    times = run.calls.table(version).sample().start
    return windowed_rate(times, width=run.duration / _WINDOWS, until=run.duration)


def _bad(run: UpgradeRun) -> WindowedSeries:
    sample = run.requests.sample(by="start")
    times = sample.start[~sample.in_time(IN_TIME)]
    return windowed_rate(times, width=run.duration / _WINDOWS, until=run.duration)


def _instances(run: UpgradeRun) -> WindowedSeries:
    history = run.deployment.fleet.running.history
    return windowed_level(history, width=run.duration / _WINDOWS, until=run.duration)


def _mark_steps(axes: Sequence[Axes], run: UpgradeRun) -> None:
    """Draw a line where the deployment says something, and name it at the bottom of the last panel."""
    said = [(record.time, str(record.detail["step"])) for record in run.log.of_kind("deploy")]
    for ax in axes:
        for time, _ in said:
            ax.axvline(time, color=GREY, linewidth=0.8, zorder=0)
    last = -np.inf
    for time, step in said:
        if time - last < run.duration / 60:
            continue  # names would stand on top of each other: the first says enough
        is_first = last == -np.inf
        axes[-1].annotate(
            step,
            (time, 0.0),
            xycoords=axes[-1].get_xaxis_transform(),
            xytext=(-3 if is_first else 3, 4),
            textcoords="offset points",
            fontsize=8,
            color="#555555",
            rotation=90,
            va="bottom",
            ha="right" if is_first else "left",
        )
        last = time
