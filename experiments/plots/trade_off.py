"""One measure against another along a parameter: what a policy buys, and what it pays."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ..summary import Estimate
from .axis_text import measure_label, ordered, value_text, values_of
from .measures_by_parameter import MARKERS, finite, interval_note
from .palette import colour_of, finish, new_axes

if TYPE_CHECKING:
    from ..result import SweepResult


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeOff:
    """For each line, by its label, one (value, x estimate, y estimate) per value of a parameter."""

    parameter: str
    lines: Mapping[str, tuple[tuple[Any, Estimate, Estimate], ...]]
    x: str
    y: str


def trade_off(
    result: "SweepResult", x: str, y: str, *, along: str, lines: Mapping[str, Mapping[str, Any]]
) -> TradeOff:
    """Return measure `y` against measure `x` along a parameter; `lines` gives the others, by label.

    Points at which either has no finite mean are left out.
    """
    return TradeOff(
        parameter=along.replace("_", " "),
        lines={label: _line(result, x, y, along, where) for label, where in lines.items()},
        x=measure_label(result.study, x),
        y=measure_label(result.study, y),
    )


def plot_trade_off(
    data: TradeOff,
    *,
    ax: Axes | None = None,
    title: str = "",
    x_label: str | None = None,
    y_label: str | None = None,
) -> Axes:
    """Draw one line per label on `ax`, a marker per value, with 95 % intervals; returns the axes."""
    ax = new_axes(ax)
    values = ordered([value for points in data.lines.values() for value, _, _ in points])
    marker_of = {value: MARKERS[index % len(MARKERS)] for index, value in enumerate(values)}
    for index, (name, points) in enumerate(data.lines.items()):
        if not points:
            continue
        xs, x_widths = finite([x for _, x, _ in points])
        ys, y_widths = finite([y for _, _, y in points])
        colour = colour_of(name, index)
        ax.errorbar(
            xs, ys, xerr=x_widths, yerr=y_widths, color=colour, linewidth=1.4, elinewidth=0.9, label=name
        )
        for (value, _, _), a, b in zip(points, xs, ys, strict=True):
            ax.plot(a, b, marker=marker_of[value], color=colour, markersize=7, clip_on=False, zorder=3)
    ax.set_xlabel(data.x if x_label is None else x_label)
    ax.set_ylabel(data.y if y_label is None else y_label)
    ax.set_xlim(left=0)
    ax.set_ylim(bottom=-0.03 * ax.get_ylim()[1])  # what lies on zero stays visible
    handles, labels = ax.get_legend_handles_labels()
    shapes = [
        Line2D([], [], linestyle="none", marker=marker, color="#555555", label=value_text(value))
        for value, marker in marker_of.items()
    ]
    style: dict[str, Any] = {"frameon": False, "fontsize": 9, "title_fontsize": 8, "alignment": "left"}
    note = interval_note(found for points in data.lines.values() for _, found, _ in points)
    ax.add_artist(ax.legend(handles, labels, loc="upper right", title=note, **style))
    ax.legend(handles=shapes, loc="upper right", bbox_to_anchor=(0.72, 1.0), title=data.parameter, **style)
    return finish(ax, title)


def _line(
    result: "SweepResult", x: str, y: str, along: str, where: Mapping[str, Any]
) -> tuple[tuple[Any, Estimate, Estimate], ...]:
    points = []
    for value in values_of(result, along):
        point = result.point(**{**where, along: value})
        first, second = result.estimate(point, x), result.estimate(point, y)
        if np.isfinite(first.mean) and np.isfinite(second.mean):
            points.append((value, first, second))
    return tuple(points)
