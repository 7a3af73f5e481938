"""Figures of `health_checks`: what being soon costs in false marks, and who still serves in trouble."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ...plots import trade_off, value_text, values_of
from ...plots.logarithmic_axis import make_logarithmic_down_to_zero
from ...plots.measures_by_parameter import MARKERS
from ...plots.palette import BLACK, BLUE, GREEN, ORANGE, SKY, VERMILION, finish
from ...result import SweepResult
from ..health_checks import PATIENCE_SCENES

_TITLES = {
    "pauses": "A pause fails all probes\nthat fall into it",
    "slow answers": "Slow answers fail probes\none by one",
}
_COLOURS = (BLUE, ORANGE, GREEN, SKY)
_LINEAR_UP_TO = 0.1  # marks per instance and hour


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    patient = result.select(lambda point: point["scene"] in PATIENCE_SCENES)
    if {"interval", "strikes"} <= set(patient.varied):
        figures["patience"] = _patience(patient)
    in_trouble = result.select(lambda point: point["scene"] not in PATIENCE_SCENES)
    if len(in_trouble.points) > 1:
        figures["trouble"] = _trouble(in_trouble)
    return figures


def _patience(result: SweepResult) -> Figure:
    """Draw false marks against the time to detect, a panel per kind of slowness."""
    scenes = [scene for scene in PATIENCE_SCENES if any(point["scene"] == scene for point in result.points)]
    figure, axes = plt.subplots(
        1,
        len(scenes),
        figsize=(4.9 * len(scenes) + 1.6, 4.8),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for ax, scene in zip(axes[0], scenes, strict=True):
        _panel(ax, result, scene)
        finish(ax, _TITLES[scene])
        ax.set_xlabel("time from a death to its mark (s), mean")
    most = max(result.estimate(index, "false_marks").high for index in range(len(result.points)))
    axes[0][0].set_ylim(-0.02, 1.5 * most)
    axes[0][0].set_ylabel("living instances marked down\n(per instance and hour)")
    _name(axes[0][-1], result)
    return figure


def _panel(ax: Axes, result: SweepResult, scene: str) -> None:
    strikes = values_of(result, "strikes")
    intervals = values_of(result, "interval")
    lines = {value_text(each): {"scene": scene, "interval": each} for each in intervals}
    data = trade_off(result, "detect_time", "false_marks", along="strikes", lines=lines)
    for colour, points in zip(_COLOURS, data.lines.values(), strict=False):
        xs, ys = [x.mean for _, x, _ in points], [y.mean for _, _, y in points]
        ax.errorbar(xs, ys, yerr=[y.half_width for _, _, y in points], color=colour, linewidth=1.3, capsize=2)
        for (value, _, _), x, y in zip(points, xs, ys, strict=True):
            ax.plot(x, y, color=colour, marker=MARKERS[strikes.index(value)], markersize=8, clip_on=False)
    make_logarithmic_down_to_zero(ax, linear_up_to=_LINEAR_UP_TO)
    ax.set_xlim(left=0.0)


def _name(ax: Axes, result: SweepResult) -> None:
    """Say beside `ax` what colours and markers are."""
    style: dict[str, Any] = {"frameon": False, "fontsize": 9, "title_fontsize": 9, "alignment": "left"}
    lines = [
        Line2D([], [], color=colour, label=f"{value_text(interval)} s ({_probes(result, interval)})")
        for colour, interval in zip(_COLOURS, values_of(result, "interval"), strict=False)
    ]
    markers = [
        Line2D([], [], color="#555555", linestyle="none", marker=marker, label=value_text(value))
        for marker, value in zip(MARKERS, values_of(result, "strikes"), strict=False)
    ]
    ax.add_artist(
        ax.legend(
            handles=lines, title="interval (probes/h)", loc="upper left", bbox_to_anchor=(1.0, 1.0), **style
        )
    )
    ax.legend(
        handles=markers,
        title="strikes\n(bars: 95 % interval)",
        loc="upper left",
        bbox_to_anchor=(1.0, 0.7),
        **style,
    )


def _probes(result: SweepResult, interval: float) -> str:
    points = [index for index, point in enumerate(result.points) if point["interval"] == interval]
    return f"{np.mean([result.estimate(index, 'probes').mean for index in points]):,.0f}"


def _trouble(result: SweepResult) -> Figure:
    """Draw what is answered in each kind of trouble, by what is asked and what the balancer believes."""
    figure, ax = plt.subplots(figsize=(8.6, 1.3 + 0.5 * len(result.points)), layout="constrained")
    estimates = [result.estimate(index, "answered") for index in range(len(result.points))]
    colours = [_colour(point) for point in result.points]
    rows = range(len(estimates))
    ax.barh(
        rows,
        [each.mean for each in estimates],
        xerr=[each.half_width for each in estimates],
        color=colours,
        height=0.66,
        capsize=2,
        ecolor=BLACK,
        alpha=0.85,
    )
    for row, each in zip(rows, estimates, strict=True):
        ax.text(each.mean + each.half_width + 0.01, row, f"{each.mean:.0%}", va="center", fontsize=9)
    ax.set_yticks(rows, [_text(point) for point in result.points])
    ax.invert_yaxis()
    ax.set_ylabel("trouble: check, and panic")
    ax.set_xlim(0.0, 1.1)
    ax.set_xlabel("answered, of all sent in the trouble (share; bars: 95 % interval)")
    finish(ax, _trouble_title(result))
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", color="#DDDDDD", linewidth=0.6)
    return figure


def _colour(point: Mapping[str, Any]) -> str:
    if point["panic_threshold"] == 0.0:
        return VERMILION
    return SKY if point["check"] == "port" else BLUE


def _text(point: Mapping[str, Any]) -> str:
    threshold = point["panic_threshold"]
    panic = "never panics" if threshold == 0.0 else f"panics below {threshold:.0%}"
    return f"{point['scene']}: {point['check']}, {panic}"


def _trouble_title(result: SweepResult) -> str:
    believed = [
        result.estimate(index, "answered").mean
        for index, point in enumerate(result.points)
        if point["panic_threshold"] == 0.0
    ]
    if not believed:
        return "What is answered while all instances are in trouble"
    shares = " and ".join(f"{share:.0%}" for share in believed)
    return f"Who believes the checks when they find\neverybody ill answers {shares} of the requests"
