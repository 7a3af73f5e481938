"""The summary of `cap`: a row per store, and at a look who is served, at what cost, and what is proven.

Rows come in two groups: what is special about a store stands with the majority, or is cut off from it. The
columns are, from the left: what each side was answered, how stale reads were, what was lost, whether the
histories were linearizable, and what reads and writes take while nothing is cut.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....plots.measures_by_parameter import finite
from ....plots.palette import BLACK, BLUE, GREEN, GREY, ORANGE, SKY, VERMILION, finish
from ....result import SweepResult
from ...stores.places import SIDES

Point = Mapping[str, Any]

KIND_COLOURS = {"reads": SKY, "writes": BLUE}
_SMALL = 8
_GAP = 1.2
"""Between the two groups of rows, in rows: there stands the second's name."""

_GROUPS = {
    False: "primary or leader, if any, with the majority",
    True: "primary or leader cut off, with the minority",
}


def row_name(point: Point) -> str:
    """Return what the row of a point is called."""
    name = str(point["store"])
    if point["skew"]:
        name += f", clocks {abs(point['skew']):g} s apart"
    if point["cut"] != "both ways":
        name += f", cut {point['cut']}"
    return name


def plot_summary(result: SweepResult, points: Sequence[Point]) -> Figure:
    """Draw a row for each of `points`, those that are not cut off first."""
    table = _Table(result, sorted(points, key=lambda point: point["cut_off"]))
    figure, axes = plt.subplots(
        1,
        6,
        figsize=(13.0, 1.5 + 0.4 * (table.heights[-1] + 1.0)),
        sharey=True,
        width_ratios=[2.1, 2.1, 1.2, 1.5, 1.5, 2.0],
        layout="constrained",
    )
    for ax, side in zip(axes, SIDES, strict=False):
        table.draw_answered(ax, side)
    table.draw_stalest(axes[2])
    table.draw_lost(axes[3])
    table.draw_verdicts(axes[4])
    table.draw_latency(axes[5])
    table.name_rows(axes[0])
    figure.suptitle(
        f"Cut in two for {points[0]['partition']:g} s: a store refuses somebody, or it is not linearizable",
        x=0.01,
        ha="left",
        fontsize=12,
        fontweight="bold",
    )
    return figure


class _Table:
    """The rows of the summary, at their `heights`."""

    def __init__(self, result: SweepResult, rows: Sequence[Point]) -> None:
        self.result = result
        self.rows = rows
        first = sum(not point["cut_off"] for point in rows)
        self.heights = np.array([index + (_GAP if 0 < first <= index else 0.0) for index in range(len(rows))])

    def name_rows(self, ax: Axes) -> None:
        """Put the names of stores and groups on the first column."""
        ax.set_yticks(self.heights, [row_name(point) for point in self.rows])
        ax.set_ylim(self.heights[-1] + 0.7, self.heights[0] - 1.1)
        ax.set_ylabel("store")
        named: set[bool] = set()
        for point, height in zip(self.rows, self.heights, strict=True):
            if point["cut_off"] not in named:
                named.add(point["cut_off"])
                ax.text(
                    0.015,
                    height - 0.5,
                    _GROUPS[point["cut_off"]],
                    transform=ax.get_yaxis_transform(),
                    fontsize=_SMALL,
                    style="italic",
                    va="bottom",
                )

    def means(self, measure: str) -> npt.NDArray[np.float64]:
        """Return the mean of a measure in each row."""
        return np.array(self._estimates(measure)[0])

    def _estimates(self, measure: str) -> tuple[list[float], list[float]]:
        result = self.result
        return finite([result.estimate(result.point(**point), measure) for point in self.rows])

    def draw_answered(self, ax: Axes, side: str) -> None:
        """Draw the share of reads and of writes that a side was answered."""
        for (kind, colour), aside in zip(KIND_COLOURS.items(), (-0.19, 0.19), strict=True):
            means, widths = map(np.array, self._estimates(f"{side}_{kind}"))
            bounds = [np.minimum(widths, means), np.minimum(widths, 1.0 - means)]
            heights = self.heights + aside
            ax.barh(
                heights, means, xerr=bounds, height=0.36, color=colour, ecolor=BLACK, capsize=1.5, label=kind
            )
            for height in heights[means == 0.0]:
                ax.text(0.015, height, "none", va="center", fontsize=_SMALL - 1, color=VERMILION)
        ax.set_xlim(0.0, 1.02)
        ax.set_xticks([0.0, 0.5, 1.0], ["0 %", "50 %", "100 %"])
        _finish(ax, f"answered on the\n{side}'s side, while cut", legend_columns=2)

    def draw_stalest(self, ax: Axes) -> None:
        """Draw the stalest read of either side."""
        stalest = np.fmax(*(self.means(f"{side}_staleness") for side in SIDES))
        top = max(float(np.fmax.reduce(stalest, initial=0.0)), 1e-9)
        ax.barh(self.heights, stalest, height=0.5, color=ORANGE)
        for height, seconds in zip(self.heights, stalest, strict=True):
            text = "no reads" if np.isnan(seconds) else f"{seconds:.1f} s" if seconds > 0.0 else "fresh"
            ax.text(np.nan_to_num(seconds) + 0.04 * top, height, text, va="center", fontsize=_SMALL)
        ax.set_xlim(0.0, 1.6 * top)
        _finish(ax, "stalest read\n(s behind)")

    def draw_lost(self, ax: Axes) -> None:
        """Draw how many acknowledged writes are lost."""
        orders, counted = self.means("lost_orders"), self.means("lost_changes")
        changes = np.nan_to_num(counted)  # not counted while messages pass one way
        top = max(float((orders + changes).max()), 1e-9)
        ax.barh(self.heights, orders, height=0.5, color=VERMILION, label="orders gone")
        ax.barh(self.heights, changes, left=orders, height=0.5, color=ORANGE, label="changes overruled")
        for height, gone, overruled in zip(self.heights, orders, counted, strict=True):
            text = f"{gone:.0f} + {overruled:.0f}" if gone + overruled else "none"
            if np.isnan(overruled):
                text = f"{gone:.0f} + ?"
            ax.text(gone + np.nan_to_num(overruled) + 0.04 * top, height, text, va="center", fontsize=_SMALL)
        ax.set_xlim(0.0, 1.7 * top)
        _finish(ax, "acknowledged\nwrites lost", legend_columns=1)

    def draw_verdicts(self, ax: Axes) -> None:
        """Write how many runs were linearizable, whether that was promised, and what is unknown."""
        promised = self.means("promised")
        for point, height, is_promised in zip(self.rows, self.heights, promised, strict=True):
            index = self.result.point(**point)
            verdicts = [row.measures["linearizable"] for row in self.result.rows if row.point == index]
            count, unknown = verdicts.count(1.0), int(np.isnan(verdicts).sum())
            text = f"{count} of {len(verdicts)}" + (f", {unknown} unknown" if unknown else "")
            said = "promised" if is_promised else "not promised"
            colour = VERMILION if count + unknown < len(verdicts) else GREEN if is_promised else GREY
            ax.text(0.03, height, f"{text}: {said}", va="center", fontsize=_SMALL, color=colour)
        ax.set_xlim(0.0, 1.0)
        ax.set_xticks([])
        _finish(ax, "linearizable runs")

    def draw_latency(self, ax: Axes) -> None:
        """Draw what reads and writes take on each side while nothing is cut."""
        for side, marker, size, is_filled in (("minority", "s", 6.0, False), ("majority", "o", 4.0, True)):
            for (kind, colour), aside in zip(KIND_COLOURS.items(), (-0.19, 0.19), strict=True):
                ax.plot(
                    1_000.0 * self.means(f"{side}_{kind[:-1]}_p50"),
                    self.heights + aside,
                    marker,
                    color=colour,
                    markerfacecolor=colour if is_filled else "none",
                    markersize=size,
                    label=f"{side}'s {kind}",
                )
        ax.set_xscale("log")
        ax.set_xlim(0.2, 400.0)
        ax.set_xticks([1.0, 10.0, 100.0], ["1", "10", "100"])
        _finish(ax, "median latency\nwhile not cut (ms)", legend_columns=2)


def _finish(ax: Axes, label: str, *, legend_columns: int = 0) -> None:
    ax.set_xlabel(label)
    if legend_columns:
        ax.legend(
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            ncols=legend_columns,
            frameon=False,
            fontsize=_SMALL - 1,
            borderaxespad=0.1,
            handlelength=1.2,
            handletextpad=0.3,
            columnspacing=0.8,
        )
    finish(ax, "")
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", color="#DDDDDD", linewidth=0.6)
