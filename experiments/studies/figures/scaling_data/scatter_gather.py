"""Figures of `scatter_gather`: the tail over the fan-out, deadlines, trouble, capacity, and what is stale."""

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....plots.logarithmic_axis import make_logarithmic
from ....plots.palette import BLUE, GREEN, GREY, ORANGE, VERMILION, finish, new_axes
from ....result import SweepResult
from ....study import Run
from ...hedging import LATE_FROM
from ...scaling_data.scatter_gather import (
    CAPACITIES,
    COUNTS,
    DEADLINE,
    DEADLINES,
    FAN_OUTS,
    FEED_INTERVALS,
    LOADED,
    WAYS,
    ScatterGatherRun,
    answered_by_law,
    fan_out_of,
)
from ..drawing import bars_note, figure_of
from ..stores.bar_panels import Panel, bar_panels

_LAW: Mapping[str, Any] = {"linewidth": 6, "alpha": 0.25, "zorder": 1}
_WAY_COLOURS = dict(zip(WAYS, (VERMILION, ORANGE, GREEN, BLUE), strict=True))
_TROUBLES = ("none", "slow shard", "dead shard")


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return how long answers took, beside the law of the slowest of n; none where there was no answer."""
    detail: ScatterGatherRun = run.detail
    latencies = np.sort([each.latency for each in detail.asked if each.latency < inf])
    return {"latency": _latency(run, latencies)} if latencies.size else {}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    if _has(result, [{"shards": count, "way": way} for way in _BOTH for count in FAN_OUTS]):
        figures["fan_out"] = _fan_out(result)
    if _has(result, [{"deadline": deadline, "partial": True} for deadline in DEADLINES]):
        figures["deadline"] = _deadline(result)
    if _has(result, [{**way, "trouble": trouble} for way in WAYS.values() for trouble in _TROUBLES]):
        figures["trouble"] = _trouble(result)
    if _has(result, [{**LOADED, **asked} for line in CAPACITIES.values() for asked in line]):
        figures["capacity"] = _capacity(result)
    if _has(result, [{"way": "read store", "feed_interval": interval} for interval in FEED_INTERVALS]):
        figures["staleness"] = _staleness(result)
    return figures


def _latency(run: Run, latencies: npt.NDArray[np.float64]) -> Figure:
    """Draw the share of the queries that had no answer yet after a time, and what the law says of that."""
    detail: ScatterGatherRun = run.detail
    count = len(detail.asked)
    ax = new_axes(None)
    waiting = 1.0 - np.arange(1, latencies.size + 1) / count
    ax.step(1e3 * latencies, 100.0 * waiting, where="post", color=VERMILION, linewidth=1.6, label="measured")
    times = np.geomspace(latencies[0] / 1.5, 1.3 * max(latencies[-1], LATE_FROM), 300)
    law = 100.0 * (1.0 - np.array([answered_by_law(detail.case, float(time)) for time in times]))
    fan_out = fan_out_of(detail.case)
    exponent = f"^{fan_out}" if fan_out > 1 else ""
    ax.plot(1e3 * times, law, color=VERMILION, **_LAW, label=f"law: 1 - F(t){exponent}, if all is well")
    least = 100.0 / count
    ax.set_yscale("log")
    ax.set_ylim(0.7 * least, 130.0)
    ax.set_yticks([tick for tick in (0.1, 1.0, 10.0, 100.0) if tick > 0.7 * least], labels=None)
    ax.yaxis.set_major_formatter("{x:g}")
    _in_powers(ax, [tick for tick in _TICKS if 1e3 * times[0] < tick < 1e3 * times[-1]], base=10)
    ax.set_xlabel("time since the question (ms)")
    ax.set_ylabel("queries without an answer yet (%)")
    asked = f"all of {fan_out} shards" if fan_out > 1 else _ONE[detail.case.way]
    finish(
        ax,
        f"Asked: {asked}. Half of the queries take up to {1e3 * run.measures['p50']:.0f} ms,\n"
        f"and {run.measures['late']:.1%} more than {1e3 * LATE_FROM:.0f} ms",
    )
    ax.legend(frameon=False, fontsize=9, loc="upper right")
    return figure_of(ax)


_TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
_BOTH = ("all shards", "read store")
_ONE = {"all shards": "the only shard", "one shard": "one shard", "read store": "the read store"}


def _point(result: SweepResult, special: Mapping[str, Any]) -> dict[str, Any]:
    return {**result.study.space.values({}), **special}


def _has(result: SweepResult, specials: Sequence[Mapping[str, Any]]) -> bool:
    return all(_point(result, special) in result.points for special in specials)


def _estimates(result: SweepResult, specials: Sequence[Mapping[str, Any]], measure: str) -> list[Any]:
    places = [result.points.index(_point(result, special)) for special in specials]
    return [result.estimate(place, measure) for place in places]


def _means(result: SweepResult, specials: Sequence[Mapping[str, Any]], measure: str) -> list[float]:
    return [each.mean for each in _estimates(result, specials, measure)]


def _line(ax: Axes, x: Sequence[float], found: list[Any], scale: float = 1.0, **style: Any) -> None:
    means = scale * np.array([each.mean for each in found])
    widths = scale * np.nan_to_num([each.half_width for each in found])
    below = np.minimum(widths, 0.9 * means)  # a bar below zero cannot be drawn on a logarithmic axis
    ax.errorbar(x, means, yerr=[below, widths], capsize=3, markersize=5, linewidth=1.6, **style)


def _in_powers(ax: Axes, values: Sequence[float], *, base: int = 2, scale: float = 1.0) -> None:
    """Let the x axis be logarithmic, and name these values, times `scale`, and no others."""
    ax.set_xscale("log", base=base)
    ax.set_xticks(values, [f"{scale * value:g}" for value in values])
    ax.minorticks_off()


# -- the tail ---------------------------------------------------------------------------------------------


def _fan_out(result: SweepResult) -> Figure:
    """Draw latency over the shards, asked all or through the read store, with the law; and who is late."""
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(8.4, 7.0), sharex=True, height_ratios=(3, 2), layout="constrained"
    )
    lines = {way: [{"shards": count, "way": way} for count in FAN_OUTS] for way in _BOTH}
    for way, colour in zip(_BOTH, (VERMILION, BLUE), strict=True):
        for measure, marker, dash in (("p95", "s", "--"), ("p50", "o", "-")):
            found = _estimates(result, lines[way], measure)
            label = f"{way}: {measure}"
            _line(above, FAN_OUTS, found, 1e3, color=colour, marker=marker, linestyle=dash, label=label)
            law = np.array(_means(result, lines[way], f"{measure}_law"))
            above.plot(FAN_OUTS, 1e3 * law, color=colour, **_LAW)
        late = _estimates(result, lines[way], "late")
        _line(below, FAN_OUTS, late, 100.0, color=colour, marker="o")
        below.plot(FAN_OUTS, 100.0 * np.array(_means(result, lines[way], "late_law")), color=colour, **_LAW)
    above.plot([], [], color="#777777", linewidth=6, alpha=0.3, label="law of the slowest of n")
    most = {
        (way, measure): 1e3 * _means(result, lines[way][-1:], measure)[0]
        for way in _BOTH
        for measure in ("p50", "p95")
    }
    finish(
        above,
        f"All of {FAN_OUTS[-1]} shards: {most['all shards', 'p50']:.0f} ms in the median, and"
        f" {most['all shards', 'p95']:.0f} ms at the 95th percentile;\nthe read store:"
        f" {most['read store', 'p50']:.0f} ms and {most['read store', 'p95']:.0f} ms, however many there are",
    )
    make_logarithmic(above)
    above.set_ylabel("time to an answer (ms)")
    above.legend(frameon=False, fontsize=9, loc="upper left", title=bars_note(result), title_fontsize=8)
    finish(below, "")
    below.set_ylim(bottom=0.0)
    below.set_ylabel("queries later than\n0.1 s (%)")
    _in_powers(below, FAN_OUTS)
    below.set_xlabel("shards that hold what is asked for; one answer in a hundred is late")
    return figure


def _deadline(result: SweepResult) -> Figure:
    """Draw what is complete, and what is missing, over the deadline."""
    points = [{"deadline": deadline, "partial": True} for deadline in DEADLINES]
    times = [1e3 * deadline for deadline in DEADLINES]
    ax = new_axes(None)
    complete, missing = (_estimates(result, points, measure) for measure in ("complete", "missing"))
    _line(ax, times, complete, 100.0, color=BLUE, marker="o", label="answers with nothing missing")
    law = 100.0 * np.array(_means(result, points, "complete_law"))
    ax.plot(times, law, color=BLUE, **_LAW, label="law: all of n in time")
    _line(ax, times, missing, 100.0, color=VERMILION, marker="s", label="offers that an answer lacks")
    place = 3
    shards = result.study.space.values({})["shards"]
    finish(
        ax,
        f"{times[place]:.0f} ms for {shards} shards: {complete[place].mean:.0%} of the answers are complete\n"
        f"and {missing[place].mean:.1%} of the offers are missing; {times[-1]:.0f} ms make that"
        f" {complete[-1].mean:.0%} and {missing[-1].mean:.1%}",
    )
    _in_powers(ax, times, base=10)
    ax.set_xlabel("deadline, at which what has come is the answer (ms)")
    ax.set_ylabel("share (%)")
    ax.set_ylim(-3.0, 103.0)
    ax.legend(frameon=False, fontsize=9, loc="center right", title=bars_note(result), title_fontsize=8)
    return figure_of(ax)


# -- trouble ----------------------------------------------------------------------------------------------


def _trouble(result: SweepResult) -> Figure:
    rows = {name: _point(result, way) for name, way in WAYS.items()}
    texts = {"none": "all is well", "slow shard": "one of 16 is slow", "dead shard": "one of 16 is dead"}
    complete = [
        Panel(
            measure="complete",
            label=f"complete answers (%)\n{texts[trouble]}",
            scale=100.0,
            form=".0f",
            where={"trouble": trouble},
        )
        for trouble in _TROUBLES
    ]
    panels = [
        *complete,
        Panel(
            measure="missing",
            label="offers that an answer lacks\n(%), one is dead",
            scale=100.0,
            form=".1f",
            where={"trouble": "dead shard"},
            missing="no answer",
        ),
        Panel(
            measure="p50",
            label="median time to an answer\n(ms), one is slow",
            scale=1e3,
            form=".0f",
            where={"trouble": "slow shard"},
            missing="never",
        ),
    ]
    return bar_panels(
        result,
        rows,
        panels,
        title="One shard of 16 in trouble: who needs all of them has it, too",
        rows_are=f"a query (deadline {1e3 * DEADLINE:.0f} ms)",
        colours=_WAY_COLOURS,
    )


# -- capacity ---------------------------------------------------------------------------------------------


def _capacity(result: SweepResult) -> Figure:
    """Draw how many queries are answered over how many hosts there are to ask."""
    ax = new_axes(None)
    texts = {
        "all shards": "queries that need all shards, over shards",
        "one shard": "queries that need one shard, over shards",
        "read store": "queries of the read store, over copies of it",
    }
    grown: dict[str, tuple[float, float]] = {}
    for (name, line), colour, marker in zip(
        CAPACITIES.items(), (VERMILION, GREY, BLUE), ("o", "s", "^"), strict=True
    ):
        found = _estimates(result, [{**LOADED, **asked} for asked in line], "answered")
        _line(ax, COUNTS, found, color=colour, marker=marker, label=texts[name])
        grown[name] = (found[0].mean, found[-1].mean)
    ax.plot(
        COUNTS,
        [count / LOADED["work"] for count in COUNTS],
        color=BLUE,
        label="hosts / core time of a query",
        **_LAW,
    )
    finish(
        ax,
        f"{COUNTS[-1]} shards answer {grown['all shards'][1]:.0f} queries per second that need all of them,"
        f" one shard {grown['all shards'][0]:.0f};\n{COUNTS[-1]} copies of the read store"
        f" {grown['read store'][1]:.0f}",
    )
    _in_powers(ax, COUNTS)
    ax.set_ylim(bottom=0.0)
    ax.set_xlabel("hosts: shards, or copies of the read store")
    ax.set_ylabel("queries answered per second")
    ax.legend(frameon=False, fontsize=9, loc="upper left", title=bars_note(result), title_fontsize=8)
    return figure_of(ax)


# -- staleness --------------------------------------------------------------------------------------------


def _staleness(result: SweepResult) -> Figure:
    """Draw what a read store's answers lack in time, and what it costs to lack less."""
    points = [{"way": "read store", "feed_interval": interval} for interval in FEED_INTERVALS]
    figure, (above, middle, below) = plt.subplots(
        3, 1, figsize=(8.4, 7.6), sharex=True, height_ratios=(3, 2, 2), layout="constrained"
    )
    stale, age, busy = (_estimates(result, points, measure) for measure in ("stale", "age", "shard_busy"))
    _line(above, FEED_INTERVALS, stale, 100.0, color=BLUE, marker="o", label="measured")
    law = 100.0 * np.array(_means(result, points, "stale_law"))
    above.plot(FEED_INTERVALS, law, color=BLUE, **_LAW, label="law: by the pauses alone")
    _line(middle, FEED_INTERVALS, age, 1e3, color=BLUE, marker="o")
    _line(below, FEED_INTERVALS, busy, 100.0, color=VERMILION, marker="s")
    finish(
        above,
        f"The read store's price: {stale[0].mean:.0%} of its answers are out of date where shards are asked"
        f"\nfor changes every {1e3 * FEED_INTERVALS[0]:.0f} ms, {stale[-1].mean:.0%} where every"
        f" {1e3 * FEED_INTERVALS[-1]:.0f} ms, by {1e3 * age[0].mean:.1f} and {1e3 * age[-1].mean:.0f} ms",
    )
    above.set_ylabel("answers that are out of\ndate when asked for (%)")
    above.set_ylim(0.0, 104.0)
    above.legend(frameon=False, fontsize=9, loc="lower right", title=bars_note(result), title_fontsize=8)
    finish(middle, "")
    make_logarithmic(middle)
    middle.set_ylabel("by how much, of all\nanswers on average (ms)")
    finish(below, "")
    below.set_ylim(bottom=0.0)
    below.set_ylabel("utilisation of\nshards (%)")
    _in_powers(below, FEED_INTERVALS, base=10, scale=1e3)
    below.set_xlabel("pause between two questions for changes (ms); 20 offers change per second")
    return figure
