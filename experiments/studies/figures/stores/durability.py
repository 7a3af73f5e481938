"""Figures of `durability`: loss against downtime in each trouble, what a write costs, the moment itself."""

from collections.abc import Mapping
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ....plots.palette import BLACK, BLUE, ORANGE, PURPLE, SKY, VERMILION
from ....plots.space_time import plot_space_time, space_time
from ....result import SweepResult
from ....study import Run
from ..drawing import figure_of
from .bar_panels import Panel, bar_panels
from .whole_points import has_point, whole_point

_COLOURS = {
    "single": BLACK,
    "asynchronous": VERMILION,
    "semi-synchronous": ORANGE,
    "synchronous": PURPLE,
    "quorums": SKY,
    "raft": BLUE,
}
_MARKERS = dict(zip(_COLOURS, "ov^sDP", strict=True))
_POLICY_COLOURS = {"each write": PURPLE, "group commit": BLUE, "periodic": ORANGE}
_TROUBLES = ("process crash", "host crash", "disk loss", "zone loss")
_NOTHING, _LEAST, _MOST = 0.001, 0.0025, 30.0
"""Where nothing stands on the logarithmic axes, and where they begin and end in earnest (s)."""


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return the moment of the trouble, with the writes that were lost."""
    lost, down = run.measures["lost_count"], run.measures["down"]
    parameters = run.parameters
    title = (
        f"{parameters['trouble'].capitalize()}, {parameters['store']}, {parameters['durability']}: "
        f"{lost:.0f} acknowledged writes are gone, and {down:.1f} s of writes were not acknowledged"
    )
    return {"space_time": figure_of(plot_space_time(space_time(run.detail.trace), title=title))}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    troubles = [name for name in _TROUBLES if name in {point["trouble"] for point in result.points}]
    if troubles:
        figures["loss_and_downtime"] = _loss_and_downtime(result, troubles)
    rates = sorted({point["rate"] for point in result.points if point["trouble"] == "none"})
    rows = {
        name: whole_point(result, store="single", durability=name, trouble="none", rate=rates[0])
        for name in _POLICY_COLOURS
        if rates
        and all(
            has_point(result, {"store": "single", "durability": name, "trouble": "none", "rate": rate})
            for rate in rates
        )
    }
    if rows and len(rates) > 1:
        figures["cost"] = _cost(result, rows, rates[-1])
    return figures


def _loss_and_downtime(result: SweepResult, troubles: list[str]) -> Figure:
    """Draw a panel per trouble: what is lost to the right, what is down upwards, a mark per store."""
    figure, axes = plt.subplots(
        1, len(troubles), figsize=(3.3 * len(troubles), 4.9), sharey=True, squeeze=False, layout="constrained"
    )
    drawn: dict[str, None] = {}
    for ax, trouble in zip(axes[0], troubles, strict=True):
        _frame(ax, trouble, is_first=ax is axes[0][0])
        for point, values in enumerate(result.points):
            if values["trouble"] == trouble:
                drawn[values["store"]] = None
                _mark(ax, result, point, values)
    figure.suptitle(
        "Durability is not availability: who is down may have kept everything, who answers have lost some",
        x=0.01,
        ha="left",
        fontsize=11,
        fontweight="bold",
    )
    handles = [
        Line2D([], [], color=_COLOURS[name], marker=_MARKERS[name], linestyle="", markersize=8, label=name)
        for name in _COLOURS
        if name in drawn
    ]
    handles += [
        Line2D([], [], color=BLACK, marker="o", markersize=6, linestyle="", label="synced before the answer"),
        Line2D(
            [],
            [],
            color=BLACK,
            marker="o",
            markersize=10,
            linestyle="",
            markerfacecolor="none",
            label="synced each second",
        ),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=9, frameon=False)
    return figure


def _frame(ax: Axes, trouble: str, *, is_first: bool) -> None:
    """Set logarithmic axes on which nothing has a place too."""
    ticks = [_NOTHING, 0.01, 0.1, 1.0, 10.0]
    names = ["none", "10 ms", "100 ms", "1 s", "10 s"]
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xticks(ticks, names, fontsize=8)
    ax.set_yticks(ticks, names, fontsize=8)
    ax.minorticks_off()
    ax.set_xlim(_NOTHING**2 / _LEAST, _MOST)
    ax.set_ylim(_NOTHING**2 / _LEAST, _MOST)
    for shade in (ax.axvspan, ax.axhspan):
        shade(_NOTHING**2 / _LEAST, _LEAST, color="#F2F2F2", linewidth=0, zorder=0)
    ax.set_title(trouble, fontsize=10, loc="left")
    ax.set_xlabel("acknowledged writes lost\n(time of writes)", fontsize=9)
    if is_first:
        ax.set_ylabel("writes not acknowledged (time of writes)", fontsize=9)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(color="#E5E5E5", linewidth=0.6)
    ax.set_axisbelow(True)


def _mark(ax: Axes, result: SweepResult, point: int, values: Mapping[str, Any]) -> None:
    lost, down = (result.estimate(point, name).mean for name in ("lost", "down"))
    store, is_synced = values["store"], values["durability"] != "periodic"
    # Those that lose nothing stand side by side.
    nothing = _NOTHING * 1.32 ** (list(_COLOURS).index(store) - 2.5)
    ax.plot(
        max(lost, _LEAST) if lost else nothing,
        max(down, _LEAST) if down else _NOTHING,
        color=_COLOURS[store],
        marker=_MARKERS[store],
        markersize=6 if is_synced else 10,
        markerfacecolor=_COLOURS[store] if is_synced else "none",
        markeredgewidth=1.2,
        linestyle="",
        clip_on=False,
    )


def _cost(result: SweepResult, rows: Mapping[str, Mapping[str, Any]], many: float) -> Figure:
    """Draw what each policy costs a write, and what it leaves of more writes than the disk has syncs."""
    few = next(iter(rows.values()))["rate"]
    panels = [
        Panel(measure="p50", label=f"median time to an answer\n(ms, {few:g} writes/s)", scale=1e3),
        Panel(measure="p99", label=f"99th percentile\n(ms, {few:g} writes/s)", scale=1e3),
        Panel(
            measure="throughput",
            label=f"answered within a second,\nat first (1/s, of {many:g} writes/s)",
            form=".0f",
            where={"rate": many},
        ),
    ]
    estimates = {name: result.estimate(result.point(**row), "p50").mean for name, row in rows.items()}
    title = (
        f"One process: a sync before the answer makes a write take {1e3 * estimates['group commit']:.1f} ms "
        f"instead of {1e3 * estimates['periodic']:.1f} ms"
    )
    return bar_panels(
        result, rows, panels, title=title, rows_are="when the log is synced", colours=_POLICY_COLOURS
    )
