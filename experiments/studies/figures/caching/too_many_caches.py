"""Figures of `too_many_caches`: how ages add up, what one reader sees, and what purges leave."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ....plots.palette import BLUE, GREEN, ORANGE, SKY, VERMILION, finish, new_axes
from ....result import SweepResult
from ....study import Run
from ...caching.too_many_caches import PURGES, WARM_UP, TooManyCachesRun, age_by_theory
from ..drawing import bars_note, figure_of
from ..stores.bar_panels import Panel, bar_panels
from ..stores.whole_points import has_point, whole_point

_SHOWN = 150.0
_COUNTS = (1, 2, 3)
_NAMES = ("readers", "readers,\nproxies", "readers, proxies,\nserver")
_ENDS_WELL = {
    "none": VERMILION,
    "server": SKY,
    "proxies": ORANGE,
    "proxies, then server": ORANGE,
    "server, then proxies": BLUE,
    "server, then proxies, then readers": GREEN,
}


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return what the first reader was told over some time."""
    detail = run.detail
    assert isinstance(detail, TooManyCachesRun)
    start, end = WARM_UP, WARM_UP + _SHOWN
    times, ages = detail.ages.times(start, end), detail.ages.ages(start, end)
    ax = new_axes(None)
    ttl, caches = run.parameters["ttl"], run.parameters["caches"]
    for count in range(1, caches + 1):
        ax.axhline(count * ttl, color="#CCCCCC", linewidth=1.0, zorder=0)
        ax.text(end, count * ttl, f" {count} x time\n to live", fontsize=8, va="center", color="#777777")
    ax.plot(times, ages, ".", color=BLUE, markersize=4)
    for time in detail.written_at:
        if start <= time <= end:
            ax.axvline(time, color=VERMILION, linewidth=1.0, linestyle="--", zorder=0)
    ax.plot([], [], color=VERMILION, linewidth=1.0, linestyle="--", label="page 0 is written")
    ax.set_xlim(start, end)
    ax.set_ylim(0.0, max(1, caches) * ttl * 1.08)
    ax.set_xlabel("time (s)")
    ax.set_ylabel("age of what one reader is told (s)")
    ax.legend(frameon=False, fontsize=9, loc="upper left")
    older = float(np.mean(ages > ttl)) if ages.size else 0.0
    finish(ax, f"{caches} caches: {older:.0%} of what one reader is told is older than a time to live")
    return {"ages": figure_of(ax)}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    if all(
        has_point(result, {"caches": count, "counts_age": counts})
        for count in _COUNTS
        for counts in (False, True)
    ):
        figures["layers"] = _layers(result)
    if all(has_point(result, {"purge": purge}) for purge in PURGES):
        figures["purges"] = _purges(result)
    return figures


def _layers(result: SweepResult) -> Figure:
    figure, axes = plt.subplots(1, 2, figsize=(10.4, 4.4), layout="constrained")
    places = np.arange(len(_COUNTS))
    ttl = whole_point(result)["ttl"]
    for ax, measure, label in (
        (axes[0], "age_mean", "mean age of what readers are told (s)"),
        (axes[1], "age_worst", "greatest age of what a reader was told (s)"),
    ):
        for counts, colour, marker, name in (
            (False, VERMILION, "o", "each counts from its own beginning"),
            (True, BLUE, "s", "each counts from when the origin was asked (Age)"),
        ):
            found = [
                result.estimate(result.point(**whole_point(result, caches=count, counts_age=counts)), measure)
                for count in _COUNTS
            ]
            means = [each.mean for each in found]
            widths = [np.nan_to_num(each.half_width) for each in found]
            ax.errorbar(places, means, yerr=widths, color=colour, marker=marker, capsize=3, label=name)
        ax.set_xticks(places, _NAMES)
        ax.set_xlim(-0.3, len(places) - 0.7)
        ax.set_ylim(bottom=0.0)
        ax.set_xlabel("who has a cache")
        ax.set_ylabel(label)
        finish(ax, "")
    for counts, label in ((False, "theory, if caches asked at random as well"), (True, "")):
        theory = [age_by_theory(count, ttl, counts_age=counts) for count in _COUNTS]
        axes[0].plot(places, theory, color="#777777", linewidth=6, alpha=0.3, label=label)
    axes[1].plot(places, [count * ttl for count in _COUNTS], color="#777777", linewidth=6, alpha=0.3)
    axes[1].plot([], [], color="#777777", linewidth=6, alpha=0.3, label="caches x time to live")
    for ax in axes:
        ax.set_ylim(0.0, 1.45 * ax.get_ylim()[1])  # room for the legend
        ax.legend(frameon=False, fontsize=9, loc="upper left", title=bars_note(result), title_fontsize=8)
    worst = {
        counts: result.estimate(
            result.point(**whole_point(result, caches=3, counts_age=counts)), "age_worst"
        ).mean
        for counts in (False, True)
    }
    figure.suptitle(
        f"Three caches of {ttl:g} s each: what is told is up to {worst[False]:.0f} s old, "
        f"and {worst[True]:.0f} s if age is passed on",
        x=0.01,
        ha="left",
        fontsize=11,
        fontweight="bold",
    )
    return figure


def _purges(result: SweepResult) -> Figure:
    rows: dict[str, Mapping[str, Any]] = {purge: whole_point(result, purge=purge) for purge in PURGES}
    panels = [
        Panel(measure="old_for", label="a page is told as it was for\nso long after a write (s)", form=".1f"),
        Panel(measure="old_for_worst", label="the same, after the\nworst write of a run (s)", form=".1f"),
        Panel(measure="old", label="reads that told what had\nbeen replaced (%)", scale=100.0, form=".1f"),
    ]
    none, proxies, outwards = (
        result.estimate(result.point(**rows[purge]), "old_for").mean
        for purge in ("none", "proxies", "server, then proxies")
    )
    return bar_panels(
        result,
        rows,
        panels,
        title=f"Purged from the origin outwards, a page is old for {outwards:.0f} s; at the proxies alone "
        f"{proxies:.0f} s; not at all {none:.0f} s",
        rows_are="a write is told to",
        colours=_ENDS_WELL,
    )
