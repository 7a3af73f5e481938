"""Figures of `cqrs`: what each design can answer, what users see of their own orders, and two troubles."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....plots.fault_shading import FaultBand, shade_faults
from ....plots.measures_by_parameter import finite
from ....plots.palette import BLUE, GREEN, ORANGE, SKY, VERMILION, finish
from ....result import SweepResult
from ....study import Run
from ...scaling_data.cqrs import CRASH_TIME, TROUBLE_AT, TROUBLE_DURATION, TROUBLE_WARM_UP
from ..drawing import run_again
from ..stores.bar_panels import Panel, bar_panels

_REMEDY_COLOURS = {"none": VERMILION, "wait": BLUE, "own view": ORANGE, "command side": GREEN}
_REMEDY_NAMES = {
    "none": "nothing",
    "wait": "wait until it is there",
    "own view": "add one's own order",
    "command side": "ask the command side",
}
_HOST_COLOURS = {1: VERMILION, 2: BLUE}
_WINDOW = 0.5

_Point = Mapping[str, Any]


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    calm = [point for point in result.points if point["trouble"] == "none"]
    asked = {
        point["query_rate"] for point in calm if point["design"] == "one model" or point["read_hosts"] > 1
    }
    loaded = [
        point
        for point in calm
        if point["remedy"] == "none" and not point["reading_interval"] and point["query_rate"] in asked
    ]
    lines = _by_design(loaded)
    if len(lines) > 1 and all(len(points) > 1 for points in lines.values()):
        figures["load"] = _load(result, lines)
    seen = [point for point in calm if _has_all_remedies(result, point)]
    if seen:
        figures["own_orders"] = _own_orders(result, seen)
    troubled = [point for point in result.points if point["trouble"] != "none"]
    if troubled:
        figures["trouble"] = _trouble(result, troubled)
    return figures


def _has_all_remedies(result: SweepResult, point: _Point) -> bool:
    return all({**point, "remedy": remedy} in result.points for remedy in _REMEDY_COLOURS)


# -- load -------------------------------------------------------------------------------------------------


def _design_of(point: _Point) -> tuple[str, str]:
    """Return the name of a design, and its colour."""
    if point["design"] == "one model":
        few = point["cores"] <= 2
        return f"one model, {point['cores']} cores", VERMILION if few else ORANGE
    hosts = point["read_hosts"]
    colour = {1: SKY, 2: BLUE}.get(hosts, GREEN)
    plural = "s" if hosts > 1 else ""
    return f"CQRS, {hosts} read host{plural} ({point['cores'] * (hosts + 1)} cores in all)", colour


def _by_design(points: Sequence[_Point]) -> dict[tuple[str, str], list[_Point]]:
    lines: dict[tuple[str, str], list[_Point]] = {}
    for point in points:
        lines.setdefault(_design_of(point), []).append(point)
    return {
        name: sorted(each, key=lambda point: point["query_rate"])
        for name, each in lines.items()
        if len(each) > 1
    }


def _load(result: SweepResult, lines: Mapping[tuple[str, str], Sequence[_Point]]) -> Figure:
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(9.6, 7.2), sharex=True, height_ratios=(1, 1), layout="constrained"
    )
    for (name, colour), points in lines.items():
        rates = [point["query_rate"] for point in points]
        _draw_line(above, result, points, "answered_share", 100.0, colour, name)
        _draw_line(below, result, points, "command_latency", 1e3, colour, name)
        bound = result.estimate(result.point(**points[0]), "bound").mean
        if rates[0] < bound < 1.2 * rates[-1]:
            above.axvline(bound, color=colour, linestyle=":", linewidth=1.2)
    above.plot([], [], color="#777777", linestyle=":", label="all that it can answer, by theory")
    finish(above, "")
    finish(below, "")
    above.set_ylabel("questions answered\nwithin 2 s (%)")
    above.set_ylim(-3.0, 103.0)
    below.set_ylabel("mean time to the answer to an order\n(ms; no point where none was answered)")
    below.set_yscale("log")
    below.set_yticks([30, 100, 300, 1_000, 3_000], ["30", "100", "300", "1,000", "3,000"])
    below.set_xscale("log")
    ticks = sorted({point["query_rate"] for points in lines.values() for point in points})
    below.set_xticks(ticks, [f"{tick:g}" for tick in ticks], minor=False)
    below.set_xticks([], minor=True)
    below.set_xlabel("questions per second")
    figure.suptitle(_load_title(result, lines), x=0.01, ha="left", fontsize=11, fontweight="bold")
    figure.legend(*above.get_legend_handles_labels(), loc="outside lower left", ncols=2, frameon=False)
    return figure


def _load_title(result: SweepResult, lines: Mapping[tuple[str, str], Sequence[_Point]]) -> str:
    """Compare two designs on as many cores, if there are such, and otherwise the least and the most."""
    bounds: dict[str, float] = {}
    by_cores: dict[int, list[str]] = {}
    for (name, _), (point, *_) in lines.items():
        bounds[name] = result.estimate(result.point(**point), "bound").mean
        host_count = 1 if point["design"] == "one model" else point["read_hosts"] + 1
        by_cores.setdefault(point["cores"] * host_count, []).append(name)
    alike = next((names for names in by_cores.values() if len(names) > 1), list(bounds))
    least, most = min(alike, key=bounds.__getitem__), max(alike, key=bounds.__getitem__)
    return (
        f"{least[:1].upper()}{least[1:]}: no more than {bounds[least]:.0f} questions per second, and orders"
        f" wait with them;\n{most}: {bounds[most]:.0f}, and orders do not notice"
    )


def _draw_line(
    ax: Axes,
    result: SweepResult,
    points: Sequence[_Point],
    measure: str,
    scale: float,
    colour: str,
    name: str,
) -> None:
    found = finite([result.estimate(result.point(**point), measure) for point in points])
    means, widths = (scale * np.array(numbers) for numbers in found)
    rates = [point["query_rate"] for point in points]
    dash = "--" if name.startswith("one") else "-"
    low = np.minimum(widths, 0.9 * means)
    ax.errorbar(
        rates, means, yerr=[low, widths], color=colour, linestyle=dash, marker="o", capsize=3, label=name
    )


# -- one's own orders ---------------------------------------------------------------------------------------


def _own_orders(result: SweepResult, points: Sequence[_Point]) -> Figure:
    longest = max(point["reading_interval"] for point in points)
    rows = {
        f"{_REMEDY_NAMES[point['remedy']]}{_when(point)}": point
        for point in sorted(points, key=lambda point: point["reading_interval"])
    }
    panels = [
        Panel(measure="own_missed", label="looks that lack one's\nown order (%)", scale=100.0, form=".0f"),
        Panel(measure="others_missed", label="that lack an order\nof others (%)", scale=100.0, form=".1f"),
        Panel(measure="look_latency", label="mean time to look (ms)", scale=1e3, form=".0f"),
        Panel(measure="write_busy", label="utilisation of the\ncommand side (%)", scale=100.0, form=".0f"),
    ]
    worst = {**points[0], "remedy": "none", "reading_interval": longest}
    missed = result.estimate(result.point(**worst), "own_missed").mean
    return bar_panels(
        result,
        rows,
        panels,
        title=f"With a read model that reads every {longest:g} s, {missed:.1%} of those who look at what\n"
        "they have just ordered do not find it",
        rows_are="what users do about it",
        colours={name: _REMEDY_COLOURS[point["remedy"]] for name, point in rows.items()},
    )


def _when(point: _Point) -> str:
    interval = point["reading_interval"]
    return f"\n(read every {interval:g} s)" if interval else "\n(read at once)"


# -- troubles -----------------------------------------------------------------------------------------------


def _trouble(result: SweepResult, points: Sequence[_Point]) -> Figure:
    """Draw the first seed's runs: how old the first read model is, and how long questions take."""
    troubles = [name for name in ("crash", "rebuild") if any(point["trouble"] == name for point in points)]
    figure, axes = plt.subplots(
        3,
        len(troubles),
        figsize=(5.4 * len(troubles) + 0.6, 8.0),
        sharex=True,
        sharey="row",
        squeeze=False,
        layout="constrained",
    )
    for column, trouble in zip(axes.T, troubles, strict=True):
        end = TROUBLE_AT + CRASH_TIME
        for point in (each for each in points if each["trouble"] == trouble):
            run = run_again(result, point)[0]
            if trouble == "rebuild":
                end = max(end, TROUBLE_AT + run.measures["recovered_in"])
            _draw_run(column, run, point["read_hosts"])
        name = "its process is down" if trouble == "crash" else "it is rebuilt beside"
        for ax in column:
            shade_faults(ax, [FaultBand(name, TROUBLE_AT, end)], labelled=ax is column[0])
        column[0].set_title(_title(result, points, trouble), loc="left", fontsize=10, fontweight="bold")
        column[-1].set_xlabel("time (s)")
        column[-1].set_xlim(TROUBLE_WARM_UP, TROUBLE_DURATION - 2.0)
    labels = ("age of the oldest commit that the\nfirst read model lacks (s)", "questions answered (%)")
    for ax, label in zip(axes[:, 0], (*labels, "mean time to an answer (ms)"), strict=True):
        ax.set_ylabel(label)
    axes[2][0].set_ylim(bottom=0.0)
    oldest = max(result.estimate(result.point(**point), "lag_max").high for point in points)
    axes[0][0].set_ylim(0.0, 1.2 * oldest)
    axes[1][0].set_ylim(-3.0, 103.0)
    axes[0][0].legend(frameon=False, fontsize=9, loc="center right")
    return figure


def _title(result: SweepResult, points: Sequence[_Point], trouble: str) -> str:
    least = min((each for each in points if each["trouble"] == trouble), key=lambda p: p["read_hosts"])
    took = result.estimate(result.point(**least), "recovered_in").mean
    if trouble == "crash":
        return f"Down for {CRASH_TIME:g} s, and caught up {took:.2f} s later"
    return f"A rebuild takes {took:.0f} s; the old rows answer meanwhile"


def _draw_run(column: Sequence[Axes], run: Run, hosts: int) -> None:
    colour, name = _HOST_COLOURS.get(hosts, GREEN), f"{hosts} read host{'s' if hosts > 1 else ''}"
    detail = run.detail
    ages = np.array([each[0] for each in detail.ages])
    width = 3.5 if hosts == 1 else 1.4  # below the other, where both are the same
    column[0].plot(detail.times, ages, color=colour, linewidth=width, label=name)
    starts = np.arange(TROUBLE_WARM_UP, TROUBLE_DURATION - 2.0, _WINDOW)
    shares, means = [], []
    for start in starts:
        sample = detail.questions.sample(start, start + _WINDOW, by="start")
        answered = sample.where(sample.succeeded)
        shares.append(100.0 * sample.availability())
        means.append(1e3 * float(answered.latency.mean()) if len(answered) else np.nan)
    middles = starts + _WINDOW / 2.0
    column[1].plot(middles, shares, color=colour, linewidth=width)
    column[2].plot(middles, means, color=colour, linewidth=1.8)
    for ax in column:
        finish(ax, "")
