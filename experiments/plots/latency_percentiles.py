"""Time to an answer along a parameter: percentiles on a logarithmic axis, failures as never answered.

Where a percentile is infinite in at least one replication, so many requests failed that this user got no
answer; its marker then stands on the line "never" at the top, which no number would do justice. Where there
is none, there is no such line.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from .logarithmic_axis import make_logarithmic
from .measures_by_parameter import MARKERS, MeasuresByParameter, finite, interval_note, name_values
from .palette import POLICY_COLOURS, colour_of, finish, new_axes

_DASHES = ("-", (0, (5, 2)), (0, (1, 1.5)))
_ROOM = 2.2  # the line "never" stands so many times higher than the highest number


def plot_latency_percentiles(
    data: MeasuresByParameter,
    *,
    ax: Axes | None = None,
    policy: str = "",
    title: str = "",
    limits: tuple[float, float] | None = None,
) -> Axes:
    """Draw one line per percentile, in milliseconds, in the colour of `policy`; returns the axes.

    `limits` (s) are the smallest and the largest number to make room for, so that two panels may share their
    axis; by default they are the data's own.
    """
    ax = new_axes(ax)
    lowest, highest = latency_limits(data) if limits is None else limits
    never = 1000 * highest * _ROOM
    colour = colour_of(policy, 0, POLICY_COLOURS)
    for index, (name, estimates) in enumerate(data.lines.items()):
        means, widths = np.array(finite(estimates))
        style: dict[str, Any] = {"color": colour, "marker": MARKERS[index % len(MARKERS)], "markersize": 5}
        x = np.arange(len(means))
        dash = _DASHES[index % len(_DASHES)]
        # An interval that reaches down to zero leaves a logarithmic axis at its lower end.
        bars = (np.minimum(1000 * widths, 999 * means), 1000 * widths)
        ax.errorbar(x, 1000 * means, yerr=bars, linestyle=dash, linewidth=1.6, capsize=3, label=name, **style)
        lost = x[[bool(np.isinf(found.mean)) for found in estimates]]
        ax.plot(lost + 0.12 * (index - 1), np.full(len(lost), never), linestyle="none", **style)
    make_logarithmic(ax)
    if limits is not None or any(np.isinf(found.mean) for line in data.lines.values() for found in line):
        _draw_never(ax, never)
        ax.set_ylim(1000 * lowest / 1.5, never * 1.2)
    else:
        ax.set_ylim(1000 * lowest / 1.5, 1500 * highest)
    name_values(ax, data)
    ax.set_ylabel("time to an answer (ms)")
    ax.legend(
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        borderaxespad=0.3,
        frameon=False,
        fontsize=9,
        title=interval_note(found for line in data.lines.values() for found in line),
        title_fontsize=8,
        alignment="left",
    )
    return finish(ax, title)


def _draw_never(ax: Axes, place: float) -> None:
    ax.axhline(place, color="#AAAAAA", linewidth=0.8, zorder=0)
    text = ax.text(0.01, place / 1.04, "never answered", transform=ax.get_yaxis_transform(), va="top")
    text.set(fontsize=8, color="#555555", in_layout=False)


def latency_limits(*several: MeasuresByParameter) -> tuple[float, float]:
    """Return the smallest mean and the largest upper end of an interval (s) in any of the data.

    Infinite ones do not count; without others it is (0.1, 1).
    """
    found = [
        (mean, mean + width)
        for data in several
        for estimates in data.lines.values()
        for mean, width in zip(*finite(estimates), strict=True)
        if np.isfinite(mean)
    ]
    return min((low for low, _ in found), default=0.1), max((high for _, high in found), default=1.0)
