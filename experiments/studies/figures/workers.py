"""Figures of `workers`: what a visibility timeout trades, what poison does, what fleets cost in a surge."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from simulator.measurement import WindowedSeries, windowed_level

from ...plots import (
    MeasuresByParameter,
    curves_over_time,
    measures_by_parameter,
    plot_measures_by_parameter,
)
from ...plots.fault_shading import FaultBand
from ...plots.palette import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, finish
from ...result import SweepResult
from ...study import Run
from ..worker_run import DURATION, START, SURGE_END, SURGE_START
from .drawing import curves_in_panels, run_again

_WIDTH = 15.0
_BEATS = {"without heartbeat": {"heartbeat": False}, "with heartbeat": {"heartbeat": True}}
_COLOURS = {
    "without heartbeat": VERMILION,
    "with heartbeat": BLUE,
    "no dead letters": VERMILION,
    "dead after 3 receives": BLUE,
}
_FLEET_COLOURS = (VERMILION, ORANGE, GREEN, BLUE, SKY, PURPLE)


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return what waits, how old it is, and how many workers there are, over time."""
    figure, axes = curves_in_panels(
        [
            curves_over_time(
                {"waiting": [_waiting(run)]}, label="jobs that wait", faults=_surge_of(run.parameters)
            ),
            curves_over_time({"age": [_age(run)]}, label="age of the\noldest job (s)"),
            curves_over_time({"workers": [_ready(run)]}, label="workers\nthat are ready"),
        ],
        title=f"The oldest job in the backlog was {run.measures['age_max']:.0f} s old at most, "
        f"{run.measures['lost']:.0f} were lost",
    )
    legend = axes[0].get_legend()
    if legend is not None:
        legend.remove()  # each panel says what it shows
    return {"over_time": figure}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    if _count(result, "deaths", "visibility") > 1:
        figures["visibility"] = _visibility(result.select(lambda point: point["deaths"] > 0.0))
    if _count(result, "poison", "receives_max") > 1:
        figures["poison"] = _poison(result.select(lambda point: point["poison"] > 0.0))
    if sum(point["surge"] > 1.0 for point in result.points) > 1:
        surged = result.select(lambda point: point["surge"] > 1.0)
        figures["surge"] = _surge(surged)
        figures["cost"] = _cost(surged)
    return figures


def _count(result: SweepResult, trouble: str, parameter: str) -> int:
    """Return how many values of a parameter there are among the points with a kind of trouble."""
    return len({point[parameter] for point in result.points if point[trouble] > 0.0})


# -- the visibility timeout


def _visibility(result: SweepResult) -> Figure:
    figure, (above, middle, below) = plt.subplots(3, 1, figsize=(8.8, 8.6), sharex=True, layout="constrained")
    lines = {
        label: where
        for label, where in _BEATS.items()
        if any(point["heartbeat"] == where["heartbeat"] for point in result.points)
    }
    extra = _along(result, lines, "extra_work")
    late = _along(result, lines, "latency_p99")
    oldest = _along(result, lines, "age_max")
    title = ""
    if len(lines) == len(_BEATS):
        first, last = extra.lines["without heartbeat"][0].mean, late.lines["without heartbeat"][-1].mean
        title = (
            f"A timeout of {extra.values[0]:g} s has {1.0 + first:.1f} times the work done that is needed, "
            "on jobs that never leave;\n"
            f"one of {extra.values[-1]:g} s lets the jobs of the dead wait, so that 1 % take {last:.0f} s;\n"
            "a heartbeat spares the choice"
        )
    plot_measures_by_parameter(
        extra, ax=above, title=title, label="work done again\n(share of the work needed)", colours=_COLOURS
    )
    plot_measures_by_parameter(
        late, ax=middle, label="time until done,\n99th percentile (s)", colours=_COLOURS
    )
    plot_measures_by_parameter(
        oldest, ax=below, label="age of the oldest\nmessage, at its worst (s)", colours=_COLOURS
    )
    above.set_ylim(bottom=-0.01)
    for ax in (middle, below):
        ax.set_ylim(bottom=0.0)
        ax.get_legend().remove()
    for ax in (above, middle):
        ax.set_xlabel("")
    return figure


def _along(
    result: SweepResult, lines: Mapping[str, Mapping[str, object]], measure: str
) -> MeasuresByParameter:
    return measures_by_parameter(
        result, "visibility", {label: (measure, where) for label, where in lines.items()}
    )


# -- poison


def _poison(result: SweepResult) -> Figure:
    runs = {_limit_name(point["receives_max"]): run_again(result, point) for point in result.points}
    crashes = {name: np.mean([run.measures["crashes"] for run in several]) for name, several in runs.items()}
    share = result.points[0]["poison"]
    said = ", ".join(f"{count:.0f} times ({name})" for name, count in crashes.items())
    figure, _ = curves_in_panels(
        [
            curves_over_time(
                {name: [_ready(run) for run in several] for name, several in runs.items()},
                label="workers that are ready",
            ),
            curves_over_time(
                {name: [_waiting(run) for run in several] for name, several in runs.items()},
                label="jobs that wait",
            ),
        ],
        title=f"Where {share:.0%} of the jobs crash whoever does them, workers crash\n{said}",
        colours=_COLOURS,
    )
    return figure


def _limit_name(receives_max: object) -> str:
    return "no dead letters" if receives_max is None else f"dead after {receives_max} receives"


# -- a surge


def _surge(result: SweepResult) -> Figure:
    runs = {fleet_name(point): run_again(result, point) for point in result.points}
    figure, _ = curves_in_panels(
        [
            curves_over_time(
                {name: [_waiting(run) for run in several] for name, several in runs.items()},
                label="jobs that wait",
                faults=_surge_of(result.points[0]),
            ),
            curves_over_time(
                {name: [_ready(run) for run in several] for name, several in runs.items()},
                label="workers that are ready",
                faults=_surge_of(result.points[0]),
            ),
        ],
        title="A pool that grows with the backlog is late by a boot;\n"
        "one that does not is too small, or large all the time",
        colours=_fleet_colours(result),
    )
    return figure


def _cost(result: SweepResult) -> Figure:
    figure = plt.figure(figsize=(8.8, 4.8), layout="constrained")
    ax = figure.add_subplot()
    colours = _fleet_colours(result)
    for index, point in enumerate(result.points):
        cost, late = (result.estimate(index, name) for name in ("cost", "latency_p99"))
        name = fleet_name(point)
        anew = result.estimate(index, "begun_anew").mean
        ax.errorbar(
            [cost.mean],
            [late.mean],
            xerr=[cost.half_width],
            yerr=[late.half_width],
            color=colours[name],
            marker="o",
            markersize=8,
            capsize=3,
            linestyle="none",
            label=f"{name}: {anew:.0f} begun anew",
        )
    lost = sum(result.estimate(index, "lost").mean for index in range(len(result.points)))
    ax.set_xlabel("cost (hours of hosts at the full price)")
    ax.set_ylabel("time until done, 99th percentile (s)")
    ax.set_xlim(left=0.0)
    ax.set_ylim(bottom=0.0)
    ax.legend(
        title="bars: 95 % interval",
        title_fontsize=8,
        fontsize=9,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        frameon=False,
        alignment="left",
    )
    dear, cheap = _extremes(result)
    finish(
        ax,
        f"The same jobs cost {cheap:.1f} or {dear:.1f} hours of hosts: what is saved is paid for\n"
        f"in time, or in jobs that are begun anew; lost by any of the fleets: {lost:.0f}",
    )
    return figure


def _extremes(result: SweepResult) -> tuple[float, float]:
    costs = [result.estimate(index, "cost").mean for index in range(len(result.points))]
    return max(costs), min(costs)


def fleet_name(point: Mapping[str, object]) -> str:
    """Return what a fleet is called in figures."""
    if point["fleet"] == "fixed":
        return f"always {point['size']}"
    if point["fleet"] == "scaled":
        return f"{point['size']} and more"
    notice = f"{point['notice']:g} s notice" if point["notice"] else "no notice"
    return f"{point['size']} and more, spot,\n{notice}"


def _fleet_colours(result: SweepResult) -> Mapping[str, str]:
    names = [fleet_name(point) for point in result.points]
    return {name: _FLEET_COLOURS[index % len(_FLEET_COLOURS)] for index, name in enumerate(names)}


# -- levels over time


def _waiting(run: Run) -> WindowedSeries:
    return windowed_level(run.detail.visible, width=_WIDTH, since=START, until=DURATION)


def _ready(run: Run) -> WindowedSeries:
    return windowed_level(run.detail.ready, width=_WIDTH, since=START, until=DURATION)


def _age(run: Run) -> WindowedSeries:
    starts = np.arange(START, DURATION, _WIDTH)
    ages = run.detail.backlog.oldest_ages(starts + _WIDTH / 2)
    return WindowedSeries(starts=starts, values=ages, width=_WIDTH)


def _surge_of(point: Mapping[str, object]) -> Sequence[FaultBand]:
    if point["surge"] == 1.0:
        return ()
    return [FaultBand(f"load x {point['surge']:g}", SURGE_START, SURGE_END)]
