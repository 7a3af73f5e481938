"""Figures of `staleness`: fresh reads over time, measured and by theory; versions; what repairs."""

from collections.abc import Mapping, Sequence
from math import comb
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....plots.measures_by_parameter import MARKERS, finite
from ....plots.palette import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, finish
from ....result import SweepResult
from ....summary import Estimate
from ...stores.staleness import FITS, QUORUMS, REPLICAS, WRITE_MEANS
from ..drawing import figure_of
from .whole_points import has_point, whole_point

Lines = Mapping[str, Mapping[str, Any]]

_EXPONENTIAL: Lines = {
    f"write requests of {1000 * mean:g} ms": {"write_mean": mean} for mean in sorted(WRITE_MEANS)
}
_PRODUCTION: Lines = {law: {"law": law, "write_mean": None} for law in FITS}
_REPAIRS: Lines = {
    name: {"write_mean": 0.001, "lost": 0.2, "repair": repair}
    for name, repair in (
        ("nothing repairs", "none"),
        ("reads repair", "reads"),
        ("anti-entropy", "anti-entropy"),
    )
}
_COLOURS = {
    **dict(zip(_EXPONENTIAL, (BLUE, GREEN, VERMILION), strict=True)),
    **dict(zip(_PRODUCTION, (BLUE, ORANGE, PURPLE), strict=True)),
    **dict(zip(_REPAIRS, (VERMILION, BLUE, GREEN), strict=True)),
}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    for name, lines, draw in (
        ("exponential", _EXPONENTIAL, _exponential),
        ("production", _PRODUCTION, _production),
        ("repair", _REPAIRS, _repair),
    ):
        there = {label: _moments(result, where) for label, where in lines.items()}
        if min(map(len, there.values())) > 1:
            figures[name] = draw(result, there)
    quorums = [pair for pair in QUORUMS if has_point(result, _quorum(*pair))]
    if len(quorums) > 1:
        figures["versions"] = _versions(result, quorums)
    return figures


def _moments(result: SweepResult, where: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the points of a line, in order of time."""
    special = {name: value for name, value in where.items() if name in result.study.space.names}
    found = [
        point
        for point in result.points
        if whole_point(result, **{**special, "after": point["after"]}) == point
    ]
    return sorted(found, key=lambda point: point["after"])


def _exponential(result: SweepResult, lines: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    slow = lines[list(_EXPONENTIAL)[-1]]
    at_once, late = (_mean(result, point) for point in (slow[0], _at(slow, 0.02)))
    title = (
        f"R = W = 1 of 3, write requests of 10 ms, all else 1 ms: of reads at once\n"
        f"{at_once:.0%} are fresh, of those 20 ms later {late:.0%}"
    )
    return figure_of(_fresh_over_time(result, lines, title=title))


def _production(result: SweepResult, lines: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    said = ", ".join(f"{_mean(result, points[0]):.0%} ({law})" for law, points in lines.items())
    tail = _at(lines["Yammer"], 0.1)
    title = (
        f"Latencies of production, R = W = 1 of 3: a long tail leaves {1.0 - _mean(result, tail):.0%} "
        f"of Yammer's\nstale after {1000 * tail['after']:g} ms; fresh at once are {said}"
    )
    return figure_of(_fresh_over_time(result, lines, title=title))


def _repair(result: SweepResult, lines: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    last = {name: _mean(result, points[-1]) for name, points in lines.items()}
    moment = next(iter(lines.values()))[-1]["after"]
    ax = _fresh_over_time(
        result,
        lines,
        title=f"One write request in five never arrives: {moment:g} s later {last['nothing repairs']:.0%} of "
        f"the reads\nare fresh if nothing repairs, {last['reads repair']:.1%} if reads do, "
        f"{last['anti-entropy']:.1%} with anti-entropy",
        is_milliseconds=False,
    )
    ax.set_ylim(0.7, 1.02)
    return figure_of(ax)


def _fresh_over_time(
    result: SweepResult,
    lines: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    title: str,
    is_milliseconds: bool = True,
) -> Axes:
    """Draw the share of fresh reads at each moment, and behind it what theory says."""
    _, ax = plt.subplots(figsize=(8.6, 4.6), layout="constrained")
    moments: list[float] = []
    for index, (name, points) in enumerate(lines.items()):
        moments = [point["after"] for point in points]
        places = np.arange(len(moments))
        means, widths = finite([_estimate(result, point, "fresh") for point in points])
        theory = finite([_estimate(result, point, "fresh_theory") for point in points])[0]
        ax.plot(places, theory, color=_COLOURS[name], linewidth=7, alpha=0.25, zorder=1)
        ax.errorbar(
            places,
            means,
            yerr=widths,
            color=_COLOURS[name],
            marker=MARKERS[index],
            linewidth=1.4,
            capsize=3,
            label=name,
        )
    ax.plot([], [], color="#777777", linewidth=7, alpha=0.3, label="theory")
    scale, unit = (1000.0, "ms") if is_milliseconds else (1.0, "s")
    ax.set_xticks(range(len(moments)), [f"{scale * moment:g}" for moment in moments])
    ax.set_xlabel(f"time from the acknowledgement of the write to the read ({unit}; steps not to scale)")
    ax.set_ylabel("fresh reads (share)")
    ax.set_ylim(0.35, 1.03)
    ax.legend(loc="lower right", frameon=False, fontsize=9, title="bars: 95 % interval", title_fontsize=8)
    return finish(ax, title)


_BEHIND = ("at least 1", "at least 2", "3: nothing")


def _versions(result: SweepResult, quorums: Sequence[tuple[int, int]]) -> Figure:
    """Draw how many reads are how many versions behind, and what random quorums would be."""
    _, ax = plt.subplots(figsize=(8.6, 4.6), layout="constrained")
    colours = dict(zip(QUORUMS, (VERMILION, BLUE, GREEN, SKY), strict=True))
    for index, (read_level, write_level) in enumerate(quorums):
        point = whole_point(result, **_quorum(read_level, write_level))
        found = [_estimate(result, point, name) for name in ("fresh", "behind_2", "behind_3")]
        means, widths = finite(found)
        means[0] = 1.0 - means[0]
        missed = comb(REPLICAS - write_level, read_level) / comb(REPLICAS, read_level)
        colour = colours[read_level, write_level]
        ax.plot(range(3), [missed**k for k in (1, 2, 3)], color=colour, linewidth=7, alpha=0.25, zorder=1)
        ax.errorbar(
            np.arange(3) + 0.03 * index,
            means,
            yerr=[[min(pair) for pair in zip(means, widths, strict=True)], widths],
            color=colour,
            marker=MARKERS[index],
            linewidth=1.4,
            capsize=3,
            label=f"R = {read_level}, W = {write_level}",
        )
    ax.plot(
        [], [], color="#777777", linewidth=7, alpha=0.3, label="quorums at random:\n(C(N - W, R) / C(N, R))^k"
    )
    ax.set_xticks(range(3), _BEHIND)
    ax.set_xlabel("versions that a read at once is behind, after three writes in a row")
    ax.set_ylabel("reads (share)")
    ax.set_ylim(-0.02, 0.75)
    ax.legend(frameon=False, fontsize=9, title="bars: 95 % interval", title_fontsize=8)
    first = whole_point(result, **_quorum(*quorums[0]))
    one = 1.0 - _estimate(result, first, "fresh").mean
    two = _estimate(result, first, "behind_2").mean
    return figure_of(
        finish(
            ax,
            f"Who misses the last write has mostly seen the one before: with R = W = 1 {one:.0%} miss one\n"
            f"version, and {two:.0%} two; where R + W > 3 nobody misses any",
        )
    )


def _quorum(read_level: int, write_level: int) -> dict[str, Any]:
    return {"read_level": read_level, "write_level": write_level}


def _at(points: Sequence[Mapping[str, Any]], after: float) -> Mapping[str, Any]:
    return min(points, key=lambda point: abs(point["after"] - after))


def _mean(result: SweepResult, point: Mapping[str, Any]) -> float:
    return _estimate(result, point, "fresh").mean


def _estimate(result: SweepResult, point: Mapping[str, Any], measure: str) -> Estimate:
    return result.estimate(result.points.index(dict(point)), measure)
