"""Figures of `read_replicas`: how far reads scale, how lag grows, and what one's own writes cost."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ....plots import measures_by_parameter, plot_measures_by_parameter, values_of
from ....plots.logarithmic_axis import make_logarithmic
from ....plots.measures_by_parameter import finite
from ....plots.palette import BLUE, GREEN, ORANGE, VERMILION, finish
from ....result import SweepResult
from ..drawing import figure_of, name_again
from .bar_panels import Panel, bar_panels
from .whole_points import whole_point

_SHARE_COLOURS = (BLUE, ORANGE, VERMILION, GREEN)
_LINE: Mapping[str, Any] = {"color": BLUE, "marker": "o", "capsize": 3}
_OWN_COLOURS = {"no": VERMILION, "wait": BLUE, "ask the primary": GREEN}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    most_users = max(point["users"] for point in result.points)
    scaled = result.select(lambda point: point["users"] == most_users)
    if len({point["replicas"] for point in scaled.points}) > 1:
        figures["scaling"] = _scaling(scaled)
    loaded = max((_alike(result, point, "users") for point in result.points), key=len)
    if len(loaded) > 2:
        figures["lag"] = _lag(result, loaded)
    own = [
        point
        for point in result.points
        if point["source"] != "primary" and len(_alike(result, point, "own_writes")) > 1
    ]
    if own:
        figures["own_writes"] = _own(result, own)
    return figures


def _alike(result: SweepResult, point: Mapping[str, Any], but: str) -> list[Mapping[str, Any]]:
    """Return the points that are as `point` is in all `but` one parameter."""
    return [each for each in result.points if {**each, but: point[but]} == point]


def _scaling(result: SweepResult) -> Figure:
    shares = values_of(result, "write_share")
    lines = {f"{share:.0%} writes": whole_point(result, write_share=share) for share in shares}
    colours = dict(zip(lines, _SHARE_COLOURS, strict=False))
    data = measures_by_parameter(
        result, "replicas", {name: ("answered", where) for name, where in lines.items()}
    )
    most = data.values[-1]
    grown = {name: line[-1].mean / line[0].mean for name, line in data.lines.items()}
    first, last = next(iter(grown)), list(grown)[-1]
    ax = plot_measures_by_parameter(
        data,
        title=f"With {last} {most} replicas answer {grown[last]:.1f} times as much as none, since each\n"
        f"executes every write; with {first} {grown[first]:.1f} times",
        label="requests answered per second",
        colours=colours,
    )
    for name, where in lines.items():
        bound = [
            result.estimate(result.point(**{**where, "replicas": count}), "bound").mean
            for count in data.values
        ]
        ax.plot(np.arange(len(bound)), bound, color=colours[name], linewidth=6, alpha=0.25, zorder=1)
    ax.plot([], [], color="#777777", linewidth=6, alpha=0.3, label="bound, by theory")
    ax.set_ylim(bottom=0.0)
    ax.set_xlabel("read replicas besides the primary")
    name_again(ax)
    return figure_of(ax)


def _lag(result: SweepResult, points: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw lag over the writes that there were, which users decide, with the law; and what readers see."""
    indices = [result.point(**point) for point in points]
    written, lag, theory, missed, stale = (
        np.array([result.estimate(index, measure).mean for index in indices])
        for measure in ("written", "lag", "lag_theory", "own_missed", "stale")
    )
    width = np.array(finite([result.estimate(index, "lag") for index in indices])[1])
    # Where some seeds have more writes than can be replayed, the others' mean is that of nothing.
    theory[[result.estimate(index, "lag_theory").missing_count > 0 for index in indices]] = np.nan
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(8.4, 6.4), sharex=True, height_ratios=(3, 2), layout="constrained"
    )
    busy = [result.estimate(index, "primary_busy").mean for index in indices]
    above.plot(written, theory, color="#777777", linewidth=6, alpha=0.3, label="theory (M/D/1)")
    above.errorbar(written, lag, yerr=[np.minimum(width, 0.9 * lag), width], **_LINE, label="measured")
    make_logarithmic(above)
    finish(
        above,
        f"Replay no longer keeps up: a write is seen {lag[-1]:.1f} s later at {written[-1]:.0f} writes per\n"
        f"second, {1e3 * lag[0]:.0f} ms later at {written[0]:.0f}; the primary is busy for {busy[-1]:.0%}",
    )
    above.set_ylabel("mean time until a write is\nseen at a replica (s)")
    above.legend(frameon=False, fontsize=9)
    below.plot(written, 100.0 * missed, color=VERMILION, marker="s", label="of what one has just written")
    below.plot(written, 100.0 * stale, color=ORANGE, marker="^", label="of anything: what was replaced")
    finish(below, "")
    below.set_ylim(0.0, 100.0)
    below.set_ylabel("reads that miss\nthe last write (%)")
    below.legend(frameon=False, fontsize=9)
    below.set_xlabel("writes per second")
    return figure


def _own(result: SweepResult, points: Sequence[Mapping[str, Any]]) -> Figure:
    rows = {f"{point['source']}: {_ANSWER[point['own_writes']]}": point for point in points}
    panels = [
        Panel(
            measure="own_missed",
            label="do not find what they\nhave just written (%)",
            scale=100.0,
            form=".0f",
        ),
        Panel(
            measure="own_read_latency",
            label="mean time to read what one\nhas just written (ms)",
            scale=1e3,
            form=".0f",
        ),
        Panel(measure="primary_busy", label="utilisation of the\nprimary (%)", scale=100.0, form=".0f"),
    ]
    first = next(iter(rows.values()))
    missed = result.estimate(result.point(**first), "own_missed").mean
    colours = {name: _OWN_COLOURS[point["own_writes"]] for name, point in rows.items()}
    return bar_panels(
        result,
        rows,
        panels,
        title=f"Reads from {first['source']}: {missed:.0%} do not find what they have just written",
        rows_are="reads go to, and what a\nreplica that is behind does",
        colours=colours,
    )


_ANSWER = {"no": "answers", "wait": "lets them wait", "ask the primary": "sends them on"}
