"""Figures of `cap`: the whole trade-off in one table of bars, and what is behind it.

summary        a row per store, at the longest cut (see `cap_summary`)
availability   who is served over the length of the cut
staleness, lost    how both grow with it
over_time      of one run: who is served before, while and after it is cut
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.measurement import WindowedSeries, windowed_share

from ....plots import (
    curves_over_time,
    measures_by_parameter,
    plot_measures_by_parameter,
    value_text,
    values_of,
)
from ....plots.fault_shading import FaultBand
from ....plots.palette import finish
from ....result import SweepResult
from ....study import Run
from ...stores.cap_run import CapRun
from ...stores.places import SIDES, Side
from ...stores.users import CHANGE, ORDER
from ..drawing import curves_in_panels
from .cap_summary import KIND_COLOURS, plot_summary, row_name
from .cap_witness import plot_witness

Point = Mapping[str, Any]

_WINDOW = 1.0
_AFTER = 4.0
_HARM = {
    "minority_staleness": "the minority's stalest read (s behind)",
    "lost_orders": "orders acknowledged while cut, and gone",
    "lost_changes": "changes acknowledged while cut, and overruled",
}
"""Measures, and what they are on an axis."""
_LENGTH = "length of the cut (s)"


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    lengths = values_of(result, "partition")
    rows = _rows(result)
    figures = {"summary": plot_summary(result, [{**row, "partition": lengths[-1]} for row in rows])}
    if len(lengths) > 1:
        figures["availability"] = _availability(result, rows, lengths)
        harmful = [row for row in rows if any(_mean(result, row, lengths[-1], each) > 0.0 for each in _HARM)]
        if harmful:
            figures["harm"] = _harm(result, harmful)
    return figures


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return who is served over time, on each side, and why the run is not linearizable if it is not."""
    witness = plot_witness(run)
    return {"over_time": _over_time(run)} | ({} if witness is None else {"witness": witness})


def _rows(result: SweepResult) -> list[dict[str, Any]]:
    """Return the points without the length of the cut, each once, in the order of the sweep."""
    rows: list[dict[str, Any]] = []
    for point in result.points:
        row = {name: value for name, value in point.items() if name != "partition"}
        if row not in rows:
            rows.append(row)
    return rows


def _mean(result: SweepResult, row: Point, length: float, measure: str) -> float:
    return result.estimate(result.point(**{**row, "partition": length}), measure).mean


def _title(figure: Figure, title: str) -> None:
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")


def _name(row: Point) -> str:
    return f"{row_name(row)} (cut off)" if row["cut_off"] else row_name(row)


def _availability(result: SweepResult, rows: Sequence[Point], lengths: Sequence[float]) -> Figure:
    """Draw a panel for reads and writes of each side: a row per store, a column per length of the cut."""
    figure, axes = plt.subplots(
        1, 4, figsize=(12.0, 1.4 + 0.36 * len(rows)), sharey=True, layout="constrained"
    )
    kinds = [(side, kind) for side in SIDES for kind in ("reads", "writes")]
    for ax, (side, kind) in zip(axes, kinds, strict=True):
        _cells(ax, result, rows, lengths, f"{side}_{kind}")
        ax.set_title(f"{side}: {kind}", fontsize=9, loc="left")
        ax.set_xlabel(_LENGTH)
    axes[0].set_yticks(range(len(rows)), [_name(row) for row in rows])
    axes[0].set_ylabel("store")
    _title(
        figure,
        "Answered while cut: a failover costs seconds, a majority or a primary out of reach the whole cut",
    )
    return figure


def _cells(
    ax: Axes, result: SweepResult, rows: Sequence[Point], lengths: Sequence[float], measure: str
) -> None:
    means = np.array([[_mean(result, row, length, measure) for length in lengths] for row in rows])
    ax.imshow(means, cmap="cividis", vmin=0.0, vmax=1.0, aspect="auto")
    for (row, column), mean in np.ndenumerate(means):
        ax.text(
            column,
            row,
            f"{mean:.0%}",
            ha="center",
            va="center",
            fontsize=8,
            color="black" if mean > 0.5 else "white",
        )
    ax.set_xticks(range(len(lengths)), [value_text(length) for length in lengths])
    finish(ax, "")
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


def _harm(result: SweepResult, rows: Sequence[Point]) -> Figure:
    """Draw what is stale and what is lost over the length of the cut, of stores where anything is."""
    figure, axes = plt.subplots(1, 3, figsize=(13.0, 4.2), layout="constrained")
    for ax, (measure, label) in zip(axes, _HARM.items(), strict=True):
        data = measures_by_parameter(result, "partition", {_name(row): (measure, row) for row in rows})
        plot_measures_by_parameter(data, ax=ax, limits=(0.0, np.inf))
        ax.set_ylabel(label)
        ax.set_xlabel(_LENGTH)
        if ax is not axes[-1]:
            ax.legend().remove()
    _title(
        figure, "The longer the cut, the older the reads and the more is lost; a lease bounds the loss alone"
    )
    return figure


def _over_time(run: Run) -> Figure:
    detail: CapRun = run.detail
    band = [FaultBand("cut", detail.start - detail.begin, detail.end - detail.begin)]
    panels = [
        curves_over_time(
            {"reads": [_share(detail, side, ("read",))], "writes": [_share(detail, side, (CHANGE, ORDER))]},
            label=f"{side}: answered\n(share per {_WINDOW:g} s)",
            faults=band,
        )
        for side in SIDES
    ]
    name = _name(run.parameters)
    figure, axes = curves_in_panels(
        panels,
        title=f"{name}: who is served, on each side of the cut",
        colours=KIND_COLOURS,
    )
    for ax in axes:
        ax.set_ylim(-0.05, 1.15)
    axes[-1].set_xlabel("time sent (s)")
    return figure


def _share(detail: CapRun, side: Side, operations: tuple[str, ...]) -> WindowedSeries:
    until = detail.end + _AFTER
    sent = detail.sent(side, operations, detail.begin, until)
    return windowed_share(
        sent.start - detail.begin, sent.succeeded, width=_WINDOW, until=until - detail.begin
    )
