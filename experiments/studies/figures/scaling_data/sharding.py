"""Figures of `sharding`: throughput, placements, what fails with a host, copies, and the directory."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....plots import measures_by_parameter, plot_measures_by_parameter
from ....plots.measures_by_parameter import finite
from ....plots.palette import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, finish
from ....result import SweepResult
from ....study import Run
from ...scaling_data.databases import HOSTS
from ...scaling_data.outages import Span, time_covered
from ...scaling_data.sharding import DOWN, LASTS, ShardingRun
from ..drawing import bars_note
from ..stores.bar_panels import Panel, bar_panels
from ..stores.whole_points import has_point, whole_point

Rows = Mapping[str, dict[str, Any]]

_KINDS = dict(zip(HOSTS, (BLACK, ORANGE, BLUE, SKY), strict=True))
_EIGHT: Mapping[str, Any] = {"shards": 8}


def _ring(points: int) -> str:
    return f"ring, {points} points each" if points > 1 else "ring, 1 point each"


_PLACEMENTS: Rows = {
    "modulo": {**_EIGHT},
    "jump": {**_EIGHT, "placement": "jump"},
    **{_ring(points): {**_EIGHT, "placement": "ring", "virtual_nodes": points} for points in (100, 10, 1)},
    "key ranges": {**_EIGHT, "placement": "key ranges"},
    "modulo, new keys": {**_EIGHT, "keys": "growing"},
    "key ranges, new keys": {**_EIGHT, "placement": "key ranges", "keys": "growing"},
}
_PLACEMENT_COLOURS = dict(
    zip(_PLACEMENTS, (BLUE, GREEN, PURPLE, PURPLE, PURPLE, ORANGE, BLUE, ORANGE), strict=True)
)
_THEORY = "#777777"
_CRASHES: Mapping[str, Any] = {"trouble": "crashes"}
_CRASHED: Rows = {
    "1 shard": {"shards": 1, **_CRASHES},
    "4 shards": {"shards": 4, **_CRASHES},
    "4 shards of Raft": {"shards": 4, "shard": "raft", **_CRASHES},
}


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return when each shard was out."""
    return {"outages": _lanes({"": run})}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    counts = sorted({point["shards"] for point in result.points})
    figures: dict[str, Figure] = {}
    kinds = [
        kind
        for kind in _KINDS
        if all(has_point(result, {"shard": kind, "shards": shards}) for shards in counts)
    ]
    if kinds and len(counts) > 1:
        figures["throughput"] = _throughput(result, kinds)
    if all(has_point(result, row) for row in _PLACEMENTS.values()):
        figures["placement"] = _placement(result)
    troubles = ("host", "crashes")
    if len(counts) > 1 and all(
        has_point(result, {"trouble": trouble, "shards": shards}) for trouble in troubles for shards in counts
    ):
        figures["hosts_that_die"] = _hosts_that_die(result)
    if all(has_point(result, row) for row in _CRASHED.values()):
        figures["outages"] = _lanes(
            {name: result.study(seed=0, **whole_point(result, **row)) for name, row in _CRASHED.items()}
        )
    copies = [
        kind
        for kind in _KINDS
        if all(has_point(result, {"trouble": trouble, "shard": kind}) for trouble in troubles)
    ]
    if len(copies) > 1:
        figures["copies"] = _copies(result, copies)
    leases = sorted({point["lease"] for point in result.points if point["trouble"] == "directory"})
    if len(leases) > 1:
        figures["directory"] = _directory(result, leases)
    return figures


def _mean(result: SweepResult, measure: str, **special: Any) -> float:
    return result.estimate(result.point(**whole_point(result, **special)), measure).mean


def _throughput(result: SweepResult, kinds: list[str]) -> Figure:
    """Draw throughput and latency by the number of shards, and throughput by what it costs in hosts."""
    figure, axes = plt.subplots(1, 3, figsize=(14.0, 4.4), layout="constrained")
    column: list[Axes] = list(axes)
    for ax, measure, label in (
        (column[0], "goodput", "writes acknowledged (1/s)"),
        (column[1], "p99", "p99 of a write (s)"),
    ):
        lines = {kind: (measure, whole_point(result, shard=kind)) for kind in kinds}
        data = measures_by_parameter(result, "shards", lines)
        plot_measures_by_parameter(data, ax=ax, label=label, colours=_KINDS)
        ax.set_xlabel("shards")
        ax.set_ylim(bottom=0.0)
        legend = ax.get_legend()
        assert legend is not None
        legend.remove()
    counts = sorted({point["shards"] for point in result.points})
    bounds = [_mean(result, "bound", shard=kinds[0], shards=shards) for shards in counts]
    column[0].plot(range(len(bounds)), bounds, color=_THEORY, linewidth=6, alpha=0.3, zorder=1, label="bound")
    column[0].set_ylim(top=1.05 * max(bounds))
    column[0].legend(frameon=False, fontsize=9, title=bars_note(result), title_fontsize=8)
    for kind in kinds:
        hosts = [_mean(result, "hosts", shard=kind, shards=shards) for shards in counts]
        writes = [_mean(result, "goodput", shard=kind, shards=shards) for shards in counts]
        column[2].plot(hosts, writes, color=_KINDS[kind], marker="o", label=kind)
    column[2].set_xlabel("hosts of databases")
    column[2].set_ylabel("writes acknowledged (1/s)")
    column[2].set_xlim(left=0.0)
    column[2].set_ylim(bottom=0.0)
    finish(column[2], "")
    first, last = (
        _mean(result, "goodput", shard=kinds[0], shards=shards) for shards in (counts[0], counts[-1])
    )
    _say(
        figure,
        f"{counts[-1]} shards of {kinds[0]} write {last / first:.1f} times as much as {counts[0]};\n"
        "copies cost hosts, and add no writes",
    )
    return figure


def _placement(result: SweepResult) -> Figure:
    one, many = (_mean(result, "goodput", **_PLACEMENTS[_ring(n)]) for n in (1, 100))
    hot = _mean(result, "goodput", **_PLACEMENTS["key ranges, new keys"])
    return bar_panels(
        result,
        {name: whole_point(result, **row) for name, row in _PLACEMENTS.items()},
        [
            Panel(measure="spread", label="spread of the shards' keys\n(deviation over mean)", form=".2f"),
            Panel(measure="spread_theory", label="the same by theory", form=".2f"),
            Panel(measure="busiest", label="writes of the busiest shard\nover the mean", form=".1f"),
            Panel(measure="goodput", label="writes acknowledged (1/s)", form=".0f"),
            Panel(measure="p99", label="p99 of a write (ms)", scale=1e3, form=".0f"),
        ],
        title=f"Eight shards are as fast as the fullest one: {one:.0f} writes a second with 1 point each on"
        f" a ring, {many:.0f} with 100;\nranges of keys that grow write {hot:.0f}: one shard has them all",
        rows_are="placement",
        colours=_PLACEMENT_COLOURS,
    )


def _hosts_that_die(result: SweepResult) -> Figure:
    """Draw what is hit when one host dies, and when each does by chance, by the number of shards."""
    figure, axes = plt.subplots(1, 3, figsize=(13.5, 4.2), layout="constrained")
    share = f"each host is down for {DOWN / LASTS['crashes']:.0%} of the time"
    panels = (
        ("host", "hit", "writes not acknowledged\nwhile one host is down (%)"),
        ("crashes", "hit", f"writes not acknowledged (%),\n{share}"),
        ("crashes", "whole", f"time in which all of it works (%),\n{share}"),
    )
    for ax, (trouble, measure, label) in zip(axes, panels, strict=True):
        _draw_by_count(ax, result, trouble, measure)
        ax.set_ylabel(label)
        finish(ax, "")
    for ax in (axes[0], axes[2]):
        ax.set_ylim(0.0, 105.0)
    axes[1].set_ylim(0.0, 1.15 * axes[1].get_ylim()[1])
    axes[1].legend(frameon=False, fontsize=9, title=bars_note(result), title_fontsize=8)
    _say(
        figure,
        "Sharding alone improves no resilience: a host takes 1/n of the keys with it, and n hosts fail\n"
        "n times as often. As many writes are hit, and all of it works ever less; copies are what helps",
    )
    return figure


def _draw_by_count(ax: Axes, result: SweepResult, trouble: str, measure: str) -> None:
    """Draw a measure and its theory by the number of shards of one process, and of Raft where there are."""
    counts = sorted({point["shards"] for point in result.points})
    for kind in ("one process", "raft"):
        rows: list[dict[str, Any]] = [{"trouble": trouble, "shard": kind, "shards": n} for n in counts]
        there = [place for place, row in enumerate(rows) if has_point(result, row)]
        if not there:
            continue
        points = [result.point(**whole_point(result, **rows[place])) for place in there]
        means, widths = finite([result.estimate(point, measure) for point in points])
        theory = [100.0 * result.estimate(point, f"{measure}_theory").mean for point in points]
        ax.errorbar(
            there,
            100.0 * np.array(means),
            yerr=100.0 * np.array(widths),
            color=_KINDS[kind],
            marker="o",
            capsize=3,
            label=kind,
        )
        ends = [theory[0], theory[0]] if len(there) == 1 else theory
        wide = [there[0] - 0.15, there[0] + 0.15] if len(there) == 1 else there
        label = "theory, if noticed at once" if kind == "one process" else None
        ax.plot(wide, ends, color=_THEORY, linewidth=6, alpha=0.3, zorder=1, label=label)
    ax.set_xticks(range(len(counts)), [str(count) for count in counts])
    ax.set_xlabel("shards")


def _copies(result: SweepResult, kinds: list[str]) -> Figure:
    rows = {
        f"{kind} ({_mean(result, 'hosts', shard=kind, trouble='host'):.0f} hosts)": whole_point(
            result, shard=kind, trouble="host"
        )
        for kind in kinds
    }
    share = DOWN / LASTS["crashes"]
    hit = [f"{_mean(result, 'hit', shard=kind, **_CRASHES):.1%} ({kind})" for kind in kinds]
    others = f"{', '.join(hit[1:-1])} and {hit[-1]}" if len(hit) > 2 else hit[-1]
    return bar_panels(
        result,
        rows,
        [
            Panel(measure="hit", label="writes not acknowledged\nwhile a host is down (%)", scale=100.0),
            Panel(measure="outage", label="longest outage\nof a shard then (s)"),
            Panel(
                measure="hit",
                label=f"not acknowledged, each host\nis down {share:.0%} of the time (%)",
                scale=100.0,
                where=_CRASHES,
            ),
            Panel(
                measure="hit_theory",
                label="the same by theory, if it took\nno time to notice (%)",
                scale=100.0,
                where=_CRASHES,
            ),
            Panel(measure="lost_count", label="acknowledged writes\nlost meanwhile", where=_CRASHES),
        ],
        title=f"Four shards: copies are what gives resilience. Of the writes {hit[0]} are hit\n"
        f"where hosts are alone, and {others} where others take over",
        rows_are="four shards, each of",
        colours={name: _KINDS[row["shard"]] for name, row in rows.items()},
    )


def _directory(result: SweepResult, leases: list[float]) -> Figure:
    rows = {f"{lease:g} s": whole_point(result, trouble="directory", lease=lease) for lease in leases}
    return bar_panels(
        result,
        rows,
        [
            Panel(measure="hit", label="writes not acknowledged\nof 20 s without directory (%)", scale=100.0),
            Panel(measure="hit_theory", label="the same by theory (%)", scale=100.0),
            Panel(measure="outage", label="longest outage\nof a shard (s)"),
        ],
        title="Databases are up and the directory is down: who acts by its table\n"
        "may do so for a lease, and then for nobody",
        rows_are="lease",
        colours=dict.fromkeys(rows, BLUE),
    )


def _lanes(runs: Mapping[str, Run]) -> Figure:
    """Draw a lane for each shard of each of `runs`, dark where it was out, and one for all of it."""
    lanes: list[tuple[str, Sequence[Span], str]] = []
    said = []
    for name, run in runs.items():
        detail: ShardingRun = run.detail
        prefix = f"{name}: " if name else ""
        lanes += [
            (f"{prefix}shard {number}", spans, VERMILION)
            for number, spans in enumerate(detail.outages.values(), 1)
        ]
        together = [span for spans in detail.outages.values() for span in spans]
        lanes.append((f"{prefix}any of them", together, BLACK))
        share = time_covered(together) / (detail.end - detail.start)
        said.append(f"{share:.0%}" + (f" ({name})" if name else ""))
    figure, ax = plt.subplots(figsize=(9.5, 1.4 + 0.28 * len(lanes)), layout="constrained")
    first: ShardingRun = next(iter(runs.values())).detail
    for row, (_, spans, colour) in enumerate(lanes):
        ax.barh(row, first.end - first.start, left=first.start, color="#EEEEEE", height=0.7)
        ax.broken_barh([(a, b - a) for a, b in spans], (row - 0.35, 0.7), facecolors=colour)
    ax.set_yticks(range(len(lanes)), [name for name, _, _ in lanes])
    ax.invert_yaxis()
    ax.set_xlabel("time (s)")
    ax.set_ylabel("out, as its users saw it")
    finish(ax, "")
    _say(figure, f"Something is out for {', '.join(said)} of the time")
    ax.grid(visible=False)
    return figure


def _say(figure: Figure, title: str) -> None:
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
