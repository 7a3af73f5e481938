"""Figures of `sagas`: orders while a server is dead, what each trouble does, contention for one item."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ....plots.measures_by_parameter import finite
from ....plots.palette import BLACK, BLUE, GREEN, GREY, ORANGE, SKY, VERMILION, finish
from ....result import SweepResult
from ....study import Run
from ..drawing import figure_of
from ..stores.bar_panels import Panel, bar_panels
from ..stores.whole_points import has_point, whole_point

_COLOURS = {
    "saga": GREEN,
    "saga with semantic locks": ORANGE,
    "two-phase commit": BLUE,
    "two-phase commit, peers asked": SKY,
    "two-phase commit, heuristic abort": VERMILION,
}
_ENDS = {"done": GREEN, "refused": GREY, "failed": VERMILION}
_SIDE_BY_SIDE = ("two-phase commit", "saga with semantic locks", "saga")
_SHOWN_BEFORE, _SHOWN_AFTER = 0.5, 1.0


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return the orders for the hot item around the trouble."""
    figure, axes = plt.subplots(figsize=(8.4, 5.2), layout="constrained")
    _draw_orders(axes, run)
    figure.legend(handles=_handles(), loc="outside lower center", ncols=4, fontsize=9, frameon=False)
    return {"orders": figure_of(axes)}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    shown = [way for way in _SIDE_BY_SIDE if _has(result, way, "server dies")]
    if shown:
        figures["blocked"] = _blocked(result, shown)
    if all(_has(result, way, trouble) for way in _COLOURS for trouble in ("server dies", "stock cut off")):
        figures["troubles"] = _troubles(result)
    shares = sorted({point["hot_share"] for point in result.points})
    if len(shares) > 1:
        figures["contention"] = _contention(result, shares)
    return figures


def _has(result: SweepResult, way: str, trouble: str) -> bool:
    return has_point(result, {"way": way, "trouble": trouble})


# -- orders over time


def _blocked(result: SweepResult, ways: Sequence[str]) -> Figure:
    """Draw the same orders by each way, while the server that leads one of them is dead."""
    figure, axes = plt.subplots(
        1, len(ways), figsize=(4.3 * len(ways), 5.6), sharex=True, squeeze=False, layout="constrained"
    )
    for ax, way in zip(axes[0], ways, strict=True):
        run = result.study(seed=0, **whole_point(result, way=way, trouble="server dies"))
        _draw_orders(ax, run)
        if ax is not axes[0][0]:
            ax.set_ylabel("")
    figure.suptitle(
        "A server dies in the middle of one order (black): who waits for the same item at the others",
        x=0.01,
        ha="left",
        fontsize=11,
        fontweight="bold",
    )
    figure.legend(handles=_handles(), loc="outside lower center", ncols=4, fontsize=9, frameon=False)
    return figure


def _draw_orders(ax: Axes, run: Run) -> None:
    """Draw a line for each order of the hot item, from when it was sent to when its user knew."""
    detail = run.detail
    start, end = detail.start, detail.end
    ax.axvspan(0.0, end - start, color="#F0F0F0", linewidth=0, zorder=0)
    shown = [
        order
        for order in detail.orders
        if order.item == "hot"
        and order.leader != detail.server
        and start - _SHOWN_BEFORE <= order.sent_at <= end + _SHOWN_AFTER
    ]
    for row, order in enumerate(shown):
        told_at = order.ended_at - start
        ax.plot([order.sent_at - start, told_at], [row, row], color=_ENDS[order.end], linewidth=1.4)
        ax.plot(told_at, row, marker="|", color=_ENDS[order.end], markersize=4)
    for since, until in detail.struck:
        ax.axvline(since - start, color=BLACK, linewidth=0.8, linestyle=":")
        row = sum(order.sent_at <= since for order in shown)
        ax.plot([since - start, until - start], [row, row], color=BLACK, linewidth=3.0, solid_capstyle="butt")
    ax.set_xlim(-_SHOWN_BEFORE, end - start + _SHOWN_AFTER)
    parameters = run.parameters
    ax.set_title(
        f"{parameters['way']}:\n{100.0 * run.measures['hot_done']:.0f} % of who can pay get one",
        loc="left",
    )
    ax.set_xlabel(f"time since the trouble began (s); shaded: {parameters['trouble']}")
    ax.set_ylabel("orders for the hot item at the other servers")
    finish(ax, ax.get_title(loc="left"))


def _handles() -> list[Line2D]:
    names = {"done": "done", "refused": "refused: sold out, or not paid", "failed": "failed, or not answered"}
    lines = [Line2D([], [], color=colour, label=names[end]) for end, colour in _ENDS.items()]
    return [*lines, Line2D([], [], color=BLACK, linewidth=3.0, label="struck: half-done, or in doubt")]


# -- troubles


def _troubles(result: SweepResult) -> Figure:
    """Draw what a dead server and a stock that is cut off do under each way."""
    rows = {way: whole_point(result, way=way, trouble="server dies") for way in _COLOURS}
    cut = {"trouble": "stock cut off"}
    panels = [
        Panel(
            measure="hot_done",
            label="a server dies:\nothers' orders of the item done (%)",
            scale=100.0,
            form=".0f",
        ),
        Panel(measure="hot_held", label="a server dies:\nlongest hold of the item (s)"),
        Panel(measure="half_done", label="a server dies:\nlongest half-done (s)"),
        Panel(measure="hot_held", label="stock cut off:\nlongest hold of the item (s)", where=cut),
        Panel(measure="missing", label="stock cut off:\npieces that are missing", where=cut),
    ]
    return bar_panels(
        result,
        rows,
        panels,
        title="Two-phase commit holds what is in doubt, a saga lets everybody see it",
        rows_are="how an order is placed",
        colours=_COLOURS,
    )


# -- contention


def _contention(result: SweepResult, shares: Sequence[float]) -> Figure:
    """Draw how long orders take, how many fail and what sagas see of each other, by the hot item's share."""
    panels = (
        ("p99", "99th percentile of the time\nto an answer (s)"),
        ("failed", "share of orders that failed"),
        ("dirty_reads", "dirty reads in a run"),
    )
    figure, axes = plt.subplots(1, len(panels), figsize=(11.4, 4.2), layout="constrained")
    for ax, (measure, label) in zip(axes, panels, strict=True):
        for way in _SIDE_BY_SIDE:
            points = [
                (share, result.point(**whole_point(result, way=way, trouble="none", hot_share=share)))
                for share in shares
                if has_point(result, {"way": way, "trouble": "none", "hot_share": share})
            ]
            found = finite([result.estimate(point, measure) for _, point in points])
            means, widths = (np.array(numbers) for numbers in found)
            ax.errorbar(
                [share for share, _ in points],
                means,
                yerr=widths,
                color=_COLOURS[way],
                marker="o",
                markersize=4,
                capsize=2,
                label=way,
            )
        ax.set_xlabel("share of orders that want one item")
        ax.set_ylabel(label)
        finish(ax, "")
    axes[0].set_yscale("log")
    figure.suptitle(
        "Nobody dies: what it costs to let nobody see what is half-done    (bars: 95 % interval)",
        x=0.01,
        ha="left",
        fontsize=11,
        fontweight="bold",
    )
    handles: list[Any] = [Line2D([], [], color=_COLOURS[way], marker="o", label=way) for way in _SIDE_BY_SIDE]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=9, frameon=False)
    return figure
