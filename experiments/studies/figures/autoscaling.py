"""Figures of `autoscaling`: hosts over time, latency beside cost, and what it costs to be late."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.measurement import StepFunction, windowed_share

from ...plots import measures_by_parameter, plot_measures_by_parameter
from ...plots.logarithmic_axis import make_logarithmic, make_logarithmic_down_to_zero
from ...plots.palette import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, finish
from ...result import SweepResult
from ...study import Run
from ...summary import Estimate
from ..autoscaling import LOADS
from ..scaled_service import CAPACITY, IN_TIME, ScaledRun
from ..scaling_rules import POLICIES
from .drawing import run_again

_COLOURS: Mapping[str, str] = dict[str, str](
    zip(POLICIES, (VERMILION, GREY, BLUE, ORANGE, PURPLE, GREEN, SKY), strict=True)
)
_MARKERS = dict[str, str](zip(POLICIES, ("v", "^", "o", "s", "D", "P", "X"), strict=True))
_FOLLOWED = ("kubernetes", "target tracking", "queue depth")
_WINDOW = 30.0
_LEAST = 1e-4  # of all requests; fewer are as good as none
_LATE = f"not answered within {IN_TIME:g} s\n(share of requests)"
_MINUTE = 60.0


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return the hosts over time, and below them what users saw."""
    detail: ScaledRun = run.detail
    figure, (above, below) = _two_rows()
    times = _times(detail)
    _stairs(above, detail.provisioned, detail.duration, color=GREY, label="paid for")
    _stairs(above, detail.desired, detail.duration, color=ORANGE, label="wanted")
    _stairs(above, detail.ready, detail.duration, color=BLUE, label="ready", linewidth=2.0)
    _draw_load(above, detail, times)
    late, hours = run.measures["late"], run.measures["host_hours"]
    title = f"{run.parameters['policy']}: {late:.1%} of the requests are late, for {hours:.1f} host-hours"
    _finish_hosts(above, title)
    _draw_late(below, detail, BLUE, "late")
    return {"hosts": figure}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    usual = _part(result, ("policy", "load"))
    if usual and len({point["policy"] for point in usual.points}) > 1:
        figures["cost"] = _cost(usual)
    crowd = _part(result, ("policy",), load="flash crowd")
    if crowd and {point["policy"] for point in crowd.points} >= set(_FOLLOWED):
        figures["flash_crowd"] = _flash_crowd(crowd)
    delays = _part(result, ("metric_delay", "stabilisation"))
    if delays and _is_grid(delays, "metric_delay", "stabilisation"):
        figures["metric_delay"] = _metric_delay(delays)
    boots = _part(result, ("boot_time",), load="flash crowd")
    if boots and _is_grid(boots, "boot_time"):
        figures["boot_time"] = _boot_time(boots)
    targets = _part(result, ("target",))
    if targets and _is_grid(targets, "target"):
        figures["target"] = _target(targets)
    database = _part(result, ("policy",), load="flash crowd", bottleneck="database")
    if database and len(database.points) > 1:
        figures["bottleneck"] = _bottleneck(database)
    return figures


def _part(result: SweepResult, free: Sequence[str], **where: object) -> SweepResult | None:
    """Return the points at which all but `free` is as `where` says, or as usual; None where there is none."""
    fixed = {**result.study.space.values({}), **where}

    def is_one(point: Mapping[str, object]) -> bool:
        return all(point[name] == value for name, value in fixed.items() if name not in free)

    return result.select(is_one) if any(map(is_one, result.points)) else None


def _is_grid(result: SweepResult, along: str, *others: str) -> bool:
    """Whether there are several values of a parameter, and all of them with all of the others."""
    counts = [len({point[name] for point in result.points}) for name in (along, *others)]
    return counts[0] > 1 and len(result.points) == prod(counts)


# -- latency beside cost


def _cost(result: SweepResult) -> Figure:
    loads = [load for load in LOADS if any(point["load"] == load for point in result.points)]
    figure, axes = plt.subplots(
        1, len(loads), figsize=(4.6 * len(loads) + 1.6, 4.9), sharey=True, squeeze=False, layout="constrained"
    )
    for ax, load in zip(axes[0], loads, strict=True):
        for index, point in enumerate(result.points):
            if point["load"] == load:
                late, hours = result.estimate(index, "late"), result.estimate(index, "host_hours")
                _mark(ax, hours, late, str(point["policy"]))
        make_logarithmic(ax, steps=(1.0,))
        ax.set_ylim(_LEAST / 2.0, 1.5)
        ax.set_xlim(left=0.0)
        ax.set_xlabel("hours of hosts paid for")
        finish(ax, {"day": "A usual day", "flash crowd": "A crowd that nobody expected"}[load])
    axes[0][0].set_ylabel(_LATE)
    axes[0][-1].legend(
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        borderaxespad=0.3,
        frameon=False,
        fontsize=9,
        title="bars: 95 % interval",
        title_fontsize=8,
        alignment="left",
    )
    return _titled(figure, _cost_title(result))


def _cost_title(result: SweepResult) -> str:
    def measured(policy: str, load: str, measure: str) -> float:
        index = next(i for i, p in enumerate(result.points) if p["policy"] == policy and p["load"] == load)
        return result.estimate(index, measure).mean

    compared = {"kubernetes", "large fleet", "schedule"}
    if not compared <= {point["policy"] for point in result.points} or not _is_grid(result, "load", "policy"):
        return "What users wait for, beside what it costs"
    ratio = measured("kubernetes", "day", "host_hours") / measured("large fleet", "day", "host_hours")
    return (
        f"On a usual day kubernetes' rule makes {measured('kubernetes', 'day', 'late'):.2%} late, at "
        f"{ratio:.0%} of what a fleet for the peak costs;\n"
        f"in a flash crowd {measured('kubernetes', 'flash crowd', 'late'):.0%} are late before it has "
        f"caught up, and {measured('schedule', 'flash crowd', 'late'):.0%} with a schedule"
    )


def _mark(ax: Axes, x: Estimate, y: Estimate, policy: str) -> None:
    low = max(_LEAST, y.mean - y.half_width)
    mean = max(_LEAST, y.mean)
    ax.errorbar(
        [x.mean],
        [mean],
        xerr=[x.half_width],
        yerr=[[mean - low], [max(0.0, min(1.0, y.mean + y.half_width) - mean)]],
        color=_COLOURS[policy],
        marker=_MARKERS[policy],
        markersize=7,
        linewidth=1.0,
        capsize=2,
        linestyle="none",
        label=policy,
    )


# -- a crowd, as it is met


def _flash_crowd(result: SweepResult) -> Figure:
    runs = {
        policy: run_again(result, next(p for p in result.points if p["policy"] == policy))[0]
        for policy in _FOLLOWED
    }
    figure, (above, below) = _two_rows()
    first: ScaledRun = next(iter(runs.values())).detail
    for policy, run in runs.items():
        colour = _COLOURS[policy]
        _stairs(above, run.detail.ready, first.duration, color=colour, label=policy, linewidth=1.8)
        _draw_late(below, run.detail, colour, policy)
    _draw_load(above, first, _times(first))
    delay = _caught_up(runs["kubernetes"].detail)
    slower = _caught_up(runs["target tracking"].detail)
    _finish_hosts(
        above,
        f"A crowd comes within half a minute: enough hosts are ready {delay:.0f} s later with\n"
        f"kubernetes' rule, {slower:.0f} s later where three minutes must be bad first (one run each)",
    )
    return figure


def _caught_up(run: ScaledRun) -> float:
    """Return how long after the load has begun to rise there are enough hosts again (s)."""
    looks = np.arange(0.0, run.duration, 1.0)
    short = run.ready.at(looks) < [run.rate(time) / CAPACITY for time in looks.tolist()]
    rises = next(time for time in looks.tolist() if run.rate(time) > run.rate(0.0))
    return float(looks[short].max() + 1.0 - rises) if short.any() else 0.0


# -- along one parameter


def _metric_delay(result: SweepResult) -> Figure:
    windows = sorted({point["stabilisation"] for point in result.points}, reverse=True)
    labels = {f"window of {window:g} s" if window else "no window": window for window in windows}
    lines = {
        measure: {label: (measure, {"stabilisation": window}) for label, window in labels.items()}
        for measure in ("late", "reversals")
    }
    figure, (above, below) = _two_rows()
    colours = dict(zip(labels, (BLUE, VERMILION, BLACK), strict=False))
    data = measures_by_parameter(result, "metric_delay", lines["late"])
    label, found = list(data.lines.items())[-1]
    plot_measures_by_parameter(
        data,
        ax=above,
        label=_LATE,
        colours=colours,
        limits=(0.0, 1.0),
        title=f"With metrics that are {data.values[-1]:g} s old {found[-1].mean:.0%} are late with {label}, "
        f"and {next(iter(data.lines.values()))[-1].mean:.0%} where\n"
        f"the highest recommendation of {windows[0]:g} s counts; that alone keeps it from turning round",
    )
    turned = measures_by_parameter(result, "metric_delay", lines["reversals"])
    plot_measures_by_parameter(
        turned, ax=below, label="changes of direction\n(in an hour)", colours=colours, limits=(0.0, np.inf)
    )
    _drop_legend(below)
    above.set_xlabel("")
    below.set_xlabel("age of the metrics when they are known (s)")
    return figure


def _boot_time(result: SweepResult) -> Figure:
    data = measures_by_parameter(result, "boot_time", {"kubernetes": ("late", {})})
    found = data.lines["kubernetes"]
    ax = plot_measures_by_parameter(
        data,
        label=_LATE,
        colours=_COLOURS,
        limits=(0.0, 1.0),
        title=f"In a flash crowd {found[0].mean:.0%} are late with hosts that boot at once, "
        f"{found[-1].mean:.0%} with hosts\nthat boot for {data.values[-1] / _MINUTE:g} minutes",
    )
    ax.set_ylim(bottom=0.0)
    _drop_legend(ax)
    ax.set_xlabel("time that a host boots (s)")
    figure = ax.get_figure()
    assert isinstance(figure, Figure)
    return figure


def _target(result: SweepResult) -> Figure:
    figure, (above, below) = _two_rows()
    late = measures_by_parameter(result, "target", {"kubernetes": ("late", {})})
    hours = measures_by_parameter(result, "target", {"kubernetes": ("host_hours", {})})
    first, last = (late.lines["kubernetes"][index].mean for index in (0, -1))
    cheap, dear = (hours.lines["kubernetes"][index].mean for index in (-1, 0))
    plot_measures_by_parameter(
        late,
        ax=above,
        label=_LATE,
        colours=_COLOURS,
        limits=(0.0, 1.0),
        title=f"A target of {late.values[-1]:.0%} costs {cheap:.1f} host-hours and makes {last:.0%} late; "
        f"one of {late.values[0]:.0%}\ncosts {dear:.1f}, and next to none ({first:.2%})",
    )
    make_logarithmic_down_to_zero(above, linear_up_to=1e-3)
    above.set_ylim(bottom=-1e-4)
    plot_measures_by_parameter(hours, ax=below, label="hours of hosts\npaid for", colours=_COLOURS)
    below.set_ylim(bottom=0.0)
    for ax in (above, below):
        _drop_legend(ax)
    above.set_xlabel("")
    below.set_xlabel("target utilisation")
    return figure


# -- where something else is short


def _bottleneck(result: SweepResult) -> Figure:
    names = [str(point["policy"]) for point in result.points]
    figure, axes = plt.subplots(1, 2, figsize=(9.4, 3.8), sharey=True, layout="constrained")
    for ax, measure, label in (
        (axes[0], "host_hours", "hours of hosts paid for"),
        (axes[1], "answered", "answered at all (share of requests)"),
    ):
        found = [result.estimate(index, measure) for index in range(len(names))]
        ax.barh(
            names,
            [each.mean for each in found],
            xerr=[each.half_width for each in found],
            color=[_COLOURS[name] for name in names],
            height=0.6,
            capsize=3,
        )
        ax.set_xlabel(label)
        finish(ax, "")
        ax.grid(axis="y", visible=False)
        ax.grid(axis="x", color="#DDDDDD", linewidth=0.6)
    axes[0].set_ylabel("policy")
    axes[1].set_xlim(0.0, 1.0)
    axes[0].invert_yaxis()
    hours = dict(zip(names, (result.estimate(i, "host_hours").mean for i in range(len(names))), strict=True))
    most = max(hours, key=lambda name: hours[name])
    answered = result.estimate(names.index(most), "answered").mean
    least = min(hours, key=lambda name: hours[name])
    other = result.estimate(names.index(least), "answered").mean
    return _titled(
        figure,
        f"A database is short: {hours[most]:.1f} host-hours ({most}) answer {answered:.0%},\n"
        f"{hours[least]:.1f} ({least}) answer {other:.0%}: more hosts only queue more at the database",
    )


# -- drawing


def _two_rows() -> tuple[Figure, tuple[Axes, Axes]]:
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(8.8, 6.4), sharex=True, height_ratios=(3, 2), layout="constrained"
    )
    return figure, (above, below)


def _times(run: ScaledRun) -> list[float]:
    times: list[float] = np.arange(0.0, run.duration + 1.0, 10.0).tolist()
    return times


def _stairs(ax: Axes, level: StepFunction, until: float, **style: Any) -> None:
    kept = level.times <= until
    times, values = level.times[kept], level.values[kept]
    ends = np.append(times, until) / _MINUTE
    ax.step(ends, np.append(values, values[-1]), where="post", **style)


def _draw_load(ax: Axes, run: ScaledRun, times: list[float]) -> None:
    load = [run.rate(time) / CAPACITY for time in times]
    ax.plot(
        np.array(times) / _MINUTE,
        load,
        color=BLACK,
        linestyle=(0, (5, 2)),
        linewidth=1.2,
        label="kept busy by the load",
    )


def _finish_hosts(ax: Axes, title: str) -> None:
    ax.set_ylabel("hosts")
    ax.set_ylim(bottom=0.0)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.3, frameon=False, fontsize=9)
    finish(ax, title)


def _draw_late(ax: Axes, run: ScaledRun, colour: str, label: str) -> None:
    users = run.requests.sample(0.0, run.duration, by="start")
    late = windowed_share(users.start, ~users.in_time(IN_TIME), width=_WINDOW, until=run.duration)
    ax.step(late.starts / _MINUTE, late.values, where="post", color=colour, linewidth=1.6, label=label)
    ax.set_ylabel(_LATE)
    ax.set_ylim(-0.02, 1.02)
    ax.set_xlabel("time (min)")
    finish(ax, "")


def _drop_legend(ax: Axes) -> None:
    legend = ax.get_legend()
    assert legend is not None
    legend.remove()


def _titled(figure: Figure, title: str) -> Figure:
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    return figure
