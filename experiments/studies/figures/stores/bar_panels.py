"""Panels of bars beside each other: a row per point of a sweep, a panel per measure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....plots.measures_by_parameter import finite
from ....plots.palette import BLACK, finish
from ....result import SweepResult
from ..drawing import bars_note

__all__ = ["Panel", "bar_panels"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One measure, times `scale`, on an axis called `label`; `form` is how a number is written beside a bar.

    `where` are parameters that differ from those of the rows, for a panel of another trouble; `missing` is
    written where nothing was measured.
    """

    measure: str
    label: str
    scale: float = 1.0
    form: str = ".1f"
    where: Mapping[str, Any] | None = None
    missing: str = "none"


def bar_panels(
    result: SweepResult,
    rows: Mapping[str, Mapping[str, Any]],
    panels: Sequence[Panel],
    *,
    title: str,
    rows_are: str,
    colours: Mapping[str, str],
) -> Figure:
    """Draw a panel for each of `panels` with a bar for each of `rows`, which maps names to points."""
    figure, axes = plt.subplots(
        1,
        len(panels),
        figsize=(3.4 * len(panels) + 0.8, 1.7 + 0.46 * len(rows)),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for ax, panel in zip(axes[0], panels, strict=True):
        _draw(ax, result, rows, panel, [colours[name] for name in rows])
    first = axes[0][0]
    first.set_yticks(range(len(rows)), list(rows))
    first.set_ylabel(rows_are)
    first.invert_yaxis()
    note = bars_note(result)
    text = f"{title}    ({note})" if note else title
    figure.suptitle(text, x=0.01, ha="left", fontsize=11, fontweight="bold")
    return figure


def _draw(
    ax: Axes,
    result: SweepResult,
    rows: Mapping[str, Mapping[str, Any]],
    panel: Panel,
    colours: Sequence[str],
) -> None:
    points = [result.point(**{**row, **(panel.where or {})}) for row in rows.values()]
    found = finite([result.estimate(point, panel.measure) for point in points])
    means, widths = (panel.scale * np.array(numbers) for numbers in found)
    ax.barh(
        range(len(means)), means, xerr=widths, color=colours, height=0.66, capsize=2, ecolor=BLACK, alpha=0.85
    )
    top = float(np.nanmax(means + np.nan_to_num(widths))) or 1.0
    for row, (mean, width) in enumerate(zip(means, widths, strict=True)):
        text = panel.missing if np.isnan(mean) else format(mean, panel.form)
        end = 0.0 if np.isnan(mean) else mean + np.nan_to_num(width)
        ax.text(end + 0.02 * top, row, text, va="center", fontsize=8)
    ax.set_xlim(0.0, 1.18 * top)
    ax.set_xlabel(panel.label)
    finish(ax, "")
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", color="#DDDDDD", linewidth=0.6)
