"""Figures of `resharding`: a shard that is added, what placements move, the throttle, and what goes wrong."""

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.measurement import windowed_percentile

from ....plots.fault_shading import FaultBand, shade_faults
from ....plots.logarithmic_axis import make_logarithmic
from ....plots.palette import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, finish
from ....result import SweepResult
from ....study import Run
from ...scaling_data.databases import HOSTS
from ...scaling_data.resharding import (
    FEW,
    FEWER,
    HOT,
    MANY,
    PAUSES,
    WAYS,
    ReshardingRun,
    moved_by_theory,
)
from ...scaling_data.resharding_run import STEP
from ..drawing import bars_note
from ..stores.bar_panels import Panel, bar_panels
from ..stores.whole_points import has_point, whole_point

Rows = Mapping[str, dict[str, Any]]

_SHARD_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, VERMILION)
_WAY_COLOURS = dict(zip(WAYS, (BLUE, PURPLE, GREEN, VERMILION), strict=True))
_PLACEMENTS: Rows = {
    **{f"{way}, one more": {"placement": way, "ranges": MANY} for way in WAYS},
    **{f"{way}, one fewer": {"placement": way, "ranges": MANY, "change": "remove"} for way in WAYS},
}
_THROTTLES: Rows = {
    "4 ranges at a time, batches of 100": {"pause": 0.0, "batch": 100, "parallel": 4},
    **{f"1 range, batches of 5, pause {pause:g} s": {"pause": pause} for pause in PAUSES},
}
_FEW: Mapping[str, Any] = {"ranges": FEW}
_SOUND: Rows = {
    "nothing": {**_FEW},
    "nothing; no rounds": {**_FEW, "rounds": 0},
    "mover dies, range frozen": {**HOT, "trouble": "mover, frozen"},
    "the same, stale reads allowed": {**HOT, "trouble": "mover, frozen", "stale_reads": True},
    "mover dies, range handed over": {**HOT, "trouble": "mover, done"},
    "source without directory, frozen": {**HOT, "trouble": "cut, frozen"},
    "the same, stale reads allowed ": {**HOT, "trouble": "cut, frozen", "stale_reads": True},
    "source without directory, not yet": {**_FEW, "trouble": "cut"},
    "source's host dies": {**_FEW, "trouble": "source"},
    "target's host dies": {**_FEW, "trouble": "target"},
}
_FLAWED: Rows = {
    "flaw: no last copy": {**_FEW, "flaw": "no last copy", "rounds": 0},
    "flaw: waits for nobody": {"ranges": HOT["ranges"], "flaw": "waits for nobody", "trouble": "cut"},
}
_COPIES: Rows = {kind: {**_FEW, "keys": FEWER, "shard": kind} for kind in HOSTS}
_WINDOWS = 20


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return load and latency while the shards change."""
    moved, duration = run.measures["moved"], run.measures["duration"]
    return {"time_line": _time_lines({"": run}, f"{moved:.0%} of the keys move in {duration:.0f} s")}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    placements = {name: row for name, row in _PLACEMENTS.items() if has_point(result, row)}
    if len(placements) > 1:
        figures["placements"] = _placements(result, placements)
    ends = {way: row for way, row in _ways().items() if has_point(result, row)}
    if len(ends) == 2:
        runs = {way: result.study(seed=0, **whole_point(result, **row)) for way, row in ends.items()}
        figures["time_line"] = _time_lines(
            runs, "A fifth shard comes: what moves is load on those who give and who take, until it is over"
        )
    if all(has_point(result, row) for row in _THROTTLES.values()):
        figures["throttle"] = _throttle(result)
    if all(
        has_point(result, {**row, **died}) for row in _COPIES.values() for died in ({}, {"trouble": "source"})
    ):
        figures["copies"] = _copies(result)
    if all(has_point(result, row) for row in (*_SOUND.values(), *_FLAWED.values())):
        figures["troubles"] = _troubles(result)
    return figures


def _ways() -> Rows:
    return {way: {"placement": way, "ranges": MANY} for way in ("fewest moves", "modulo")}


def _mean(result: SweepResult, measure: str, row: Mapping[str, Any]) -> float:
    return result.estimate(result.point(**whole_point(result, **row)), measure).mean


def _placements(result: SweepResult, rows: Rows) -> Figure:
    fewest, modulo = (
        {name: _mean(result, name, row) for name in ("moved", "duration")} for row in _ways().values()
    )
    share = moved_by_theory("ring")
    chance = sqrt(share * (1.0 - share) / MANY)  # each range is placed for itself
    return bar_panels(
        result,
        {name: whole_point(result, **row) for name, row in rows.items()},
        [
            Panel(measure="moved", label="keys moved (%)", scale=100.0, form=".0f"),
            Panel(
                measure="moved_theory",
                label=f"the same by theory (%); ring\nand jump: ± {100.0 * chance:.1f} by chance",
                scale=100.0,
                form=".0f",
            ),
            Panel(measure="duration", label="time that takes (s)", form=".0f"),
            Panel(measure="p99_during", label="p99 of users meanwhile (ms)", scale=1e3, form=".0f"),
            Panel(
                measure="freeze_mean", label="a range is frozen\non average for (ms)", scale=1e3, form=".0f"
            ),
        ],
        title=f"Four shards get a fifth: {fewest['moved']:.0%} of all keys move in"
        f" {fewest['duration']:.0f} s, if as few do as can;\nmodulo moves {modulo['moved']:.0%},"
        f" in {modulo['duration']:.0f} s",
        rows_are="placement, and a shard",
        colours={name: _WAY_COLOURS[row["placement"]] for name, row in rows.items()},
    )


def _copies(result: SweepResult) -> Figure:
    """Draw what moves where shards have copies, and what it is good for when a host dies meanwhile."""
    frozen = {kind: 1e3 * _mean(result, "freeze_mean", row) for kind, row in _COPIES.items()}
    died: Mapping[str, Any] = {"trouble": "source"}
    unanswered = [_mean(result, "unanswered", {**_COPIES[kind], **died}) for kind in ("one process", "raft")]
    return bar_panels(
        result,
        {f"{kind} ({HOSTS[kind]})": whole_point(result, **row) for kind, row in _COPIES.items()},
        [
            Panel(measure="duration", label="time that the moves take (s)", form=".0f"),
            Panel(measure="p99_during", label="p99 of users meanwhile (ms)", scale=1e3, form=".0f"),
            Panel(
                measure="freeze_mean", label="a range is frozen\non average for (ms)", scale=1e3, form=".0f"
            ),
            Panel(
                measure="unanswered",
                label="requests without an answer,\nthe source's host dies",
                form=".0f",
                where=died,
            ),
            Panel(
                measure="lost_count", label="acknowledged writes lost,\nthe source's host dies", where=died
            ),
        ],
        title=f"Quorums cannot tell what has changed: a range is frozen for {frozen['quorums']:.0f} ms, with"
        f" Raft for {frozen['raft']:.0f};\na host that dies meanwhile costs {unanswered[0]:.0f} requests"
        f" where it is alone, {unanswered[1]:.0f} with Raft",
        rows_are="shards (hosts each)",
        colours={
            f"{kind} ({HOSTS[kind]})": colour
            for kind, colour in zip(_COPIES, (BLACK, ORANGE, BLUE, SKY), strict=True)
        },
    )


def _throttle(result: SweepResult) -> Figure:
    """Draw how long the moves take against what users feel meanwhile."""
    figure, ax = plt.subplots(figsize=(8.4, 4.8), layout="constrained")
    colours = (VERMILION, ORANGE, GREEN, BLUE)
    for (name, row), colour in zip(_THROTTLES.items(), colours, strict=True):
        place = result.point(**whole_point(result, **row))
        x, y = result.estimate(place, "duration"), result.estimate(place, "p99_during")
        ax.errorbar(
            x.mean,
            1e3 * y.mean,
            xerr=x.half_width,
            yerr=1e3 * y.half_width,
            marker="o",
            markersize=7,
            capsize=3,
            linestyle="",
            color=colour,
            label=name,
        )
    before = 1e3 * float(np.mean([_mean(result, "p99_before", row) for row in _THROTTLES.values()]))
    ax.axhline(before, color="#777777", linewidth=6, alpha=0.3, zorder=0, label="before the moves")
    make_logarithmic(ax)
    ax.set_xlim(left=0.0)
    ax.set_ylim(50.0, 2000.0)
    ax.set_xlabel("time that the moves take (s)")
    ax.set_ylabel("p99 of users meanwhile (ms)")
    ax.legend(frameon=False, fontsize=9, title=bars_note(result), title_fontsize=8)
    rows = tuple(_THROTTLES.values())
    fast, slow = (
        (_mean(result, "duration", row), 1e3 * _mean(result, "p99_during", row))
        for row in (rows[0], rows[-1])
    )
    finish(
        ax,
        f"In a hurry: {fast[0]:.0f} s, in which users wait {fast[1]:.0f} ms (p99);\n"
        f"with pauses {slow[0]:.0f} s, and {slow[1]:.0f} ms",
    )
    return figure


def _troubles(result: SweepResult) -> Figure:
    rows = {**_SOUND, **_FLAWED}
    lost = sum(_mean(result, "lost_count", row) for row in _SOUND.values())
    flawed = " and ".join(f"{_mean(result, 'lost_count', row):.1f}" for row in _FLAWED.values())
    return bar_panels(
        result,
        {name: whole_point(result, **row) for name, row in rows.items()},
        [
            Panel(
                measure="freeze_max",
                label="longest that a\nrange is frozen (s)",
                form=".2f",
                missing="not known",
            ),
            Panel(measure="unanswered", label="requests without\nan answer", form=".0f"),
            Panel(measure="unanswered_reads", label="reads among them", form=".0f"),
            Panel(measure="stale_count", label="stale reads"),
            Panel(measure="lost_count", label="acknowledged\nwrites lost"),
        ],
        title=f"Whatever dies in the middle, {lost:.0f} acknowledged writes are lost;\n"
        f"a mover that leaves out the last copy, or does not wait, loses {flawed}",
        rows_are="what goes wrong in a move",
        colours={**dict.fromkeys(_SOUND, BLUE), **dict.fromkeys(_FLAWED, VERMILION)},
    )


def _time_lines(runs: Mapping[str, Run], title: str) -> Figure:
    """Draw what each shard serves, and the p99 of users below it, a column for each of `runs`."""
    figure, axes = plt.subplots(
        2,
        len(runs),
        figsize=(1.0 + 7.0 * len(runs), 6.0),
        sharex="col",
        sharey="row",
        squeeze=False,
        height_ratios=(3, 2),
        layout="constrained",
    )
    for column, (name, run) in enumerate(runs.items()):
        detail: ReshardingRun = run.detail
        above, below = axes[0][column], axes[1][column]
        bands = [FaultBand("moves", detail.start, detail.end)]
        shade_faults(above, bands)
        shade_faults(below, bands, labelled=False)
        _draw_served(above, detail)
        _draw_latency(below, detail)
        below.set_xlabel("time (s)")
        finish(above, name)
        finish(below, "")
    for row in axes:
        row[0].set_ylim(bottom=0.0)
    axes[0][0].set_ylabel("requests served by each shard (1/s)")
    axes[1][0].set_ylabel("p99 of users (ms)")
    axes[0][-1].legend(
        loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=9, borderaxespad=0.3
    )
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    return figure


def _draw_served(ax: Axes, run: ReshardingRun) -> None:
    each = _steps(run)
    totals: Sequence[Mapping[str, int]] = [{}, *run.served][::each]
    names = sorted({name for served in totals for name in served})
    width = each * STEP
    times = width * np.arange(len(totals) - 1) + width / 2.0
    for number, (name, colour) in enumerate(zip(names, _SHARD_COLOURS, strict=True), 1):
        counts = np.array([served.get(name, 0) for served in totals], dtype=np.float64)
        ax.plot(times, np.diff(counts) / width, color=colour, linewidth=1.6, label=f"shard {number}")


def _draw_latency(ax: Axes, run: ReshardingRun) -> None:
    sample, width = run.requests.sample(), _steps(run) * STEP
    good = sample.succeeded
    series = windowed_percentile(
        sample.start[good], sample.latency[good], 99.0, width=width, until=run.duration
    )
    ax.plot(series.starts + width / 2.0, 1e3 * series.values, color=BLACK, linewidth=1.6)


def _steps(run: ReshardingRun) -> int:
    """Return how many steps make a window, of which there are to be about `_WINDOWS`."""
    return max(1, round(run.duration / _WINDOWS / STEP))
