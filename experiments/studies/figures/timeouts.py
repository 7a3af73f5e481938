"""Figures of a sweep of `timeouts`: where to set it, what users wait, what is wasted, browsing over time."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from models.storefront import StorefrontSettings

from ...plots import POLICY_COLOURS, measures_by_parameter, plot_measures_by_parameter, position_of
from ...result import SweepResult
from .drawing import figure_of
from .storefront import compare_policies, cut_text, latency_panels, others_fixed

_WINDOW_COLOUR = "#DDEEDD"
_FAULT_COLOURS = {**POLICY_COLOURS, "errors": "#56B4E9", "refused": "#999999"}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    along = (
        "timeout" if "timeout" in result.varied else next((v for v in result.varied if v != "fault"), None)
    )
    faults = list(dict.fromkeys(point["fault"] for point in result.points))
    figures: dict[str, Figure] = {}
    if along is not None:
        where = others_fixed(result, along, "fault")
        cuts = {fault: {**where, **({"fault": fault} if len(faults) > 1 else {})} for fault in faults}
        if along == "timeout":
            figures["timeout_choice"] = _timeout_choice(result, cuts, cut_text(where))
        panels = {f"payment {fault}": (fault, cut) for fault, cut in cuts.items()}
        title = f"Time to an answer for those who only browse, during the fault{cut_text(where)}"
        figures["latency_percentiles"] = latency_panels(result, along, panels, title)
        figures["wasted_work"] = _wasted_work(result, along, cuts)
    figures["availability_over_time"] = _over_time(result, faults)
    return figures


def _timeout_choice(result: SweepResult, cuts: Mapping[str, Mapping[str, Any]], cut: str) -> Figure:
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(8.6, 7.0), sharex=True, height_ratios=(3, 2), layout="constrained"
    )
    first = next(iter(cuts.values()))
    lines = {f"browse, payment {fault}": ("browse_available", where) for fault, where in cuts.items()}
    shares = measures_by_parameter(
        result, "timeout", {**lines, "buy, payment healthy": ("buy_healthy", first)}
    )
    threads = measures_by_parameter(
        result, "timeout", {f"payment {fault}": ("threads_waiting", where) for fault, where in cuts.items()}
    )
    colours = _colours(list(cuts))
    low, high = (_mean_of(result, name, first) for name in ("recommended", "ceiling"))
    for ax in (above, below):
        _shade_window(ax, low, high, shares.values)
    plot_measures_by_parameter(
        shares,
        ax=above,
        title=_choice_title(low, high) + cut,
        label="requests answered (share)",
        colours=colours,
    )
    plot_measures_by_parameter(
        threads, ax=below, label="web threads waiting\nfor payment (mean)", colours=colours
    )
    _draw_law(below, result, high, shares.values)
    above.set_ylim(-0.03, 1.05)
    above.set_xlabel("")
    below.set_title("")
    return figure


def _choice_title(low: float, high: float) -> str:
    if low <= high:
        return (
            f"Set the timeout between {low:.2g} s, 1.5 × p99 of healthy payments,\n"
            f"and {high:.2g} s, where a silent payment takes all threads"
        )
    return (
        f"No timeout fits: healthy payments ask for {low:.2g} s (1.5 × p99),\n"
        f"but from {high:.2g} s on silence takes all threads"
    )


def _shade_window(ax: Axes, low: float, high: float, values: tuple[Any, ...]) -> None:
    """Shade from the recommended timeout to the ceiling, as far as the axis reaches."""
    left, right = position_of(low, values), position_of(high, values)
    if left is not None and right is not None and left < right:
        ax.axvspan(left, right, color=_WINDOW_COLOUR, zorder=0, linewidth=0, gid="window")


def _draw_law(ax: Axes, result: SweepResult, ceiling: float, values: tuple[Any, ...]) -> None:
    """Draw what Little's law expects of silence, and the number of threads there are."""
    threads = StorefrontSettings(web_threads=result.points[0]["threads"]).thread_count
    expected = [threads if value is None else min(threads, threads * value / ceiling) for value in values]
    ax.plot(np.arange(len(values)), expected, color="#777777", linestyle=":", label="Little's law, silence")
    ax.axhline(threads, color="#777777", linewidth=0.8)
    ax.annotate(
        f"all {threads} threads",
        (0.01, threads),
        xycoords=("axes fraction", "data"),
        xytext=(0, -3),
        textcoords="offset points",
        va="top",
        fontsize=8,
        color="#555555",
    )
    ax.set_ylim(0, 1.1 * threads)
    legend = ax.get_legend()
    handles, labels = ax.get_legend_handles_labels()
    assert legend is not None
    ax.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        borderaxespad=0.3,
        frameon=False,
        fontsize=9,
    )


def _wasted_work(result: SweepResult, along: str, cuts: Mapping[str, Mapping[str, Any]]) -> Figure:
    data = measures_by_parameter(
        result, along, {f"payment {fault}": ("wasted_work", where) for fault, where in cuts.items()}
    )
    most = np.nanmax([found.mean for line in data.lines.values() for found in line])
    ax = plot_measures_by_parameter(
        data,
        title=f"Up to {most:.0%} of payment's work is for callers that had given up",
        label="work finished for nobody\n(share of payment's work)",
        colours=_colours(list(cuts)),
    )
    ax.set_ylim(-0.03, 1.05)
    return figure_of(ax)


def _over_time(result: SweepResult, faults: list[str]) -> Figure:
    """Compare no timeout with the swept timeout that is nearest to the recommended one."""
    fault = "silent" if "silent" in faults else faults[0]
    base = {**result.points[0], "fault": fault}
    recommended = _mean_of(result, "recommended", {})
    finite = [p["timeout"] for p in result.points if p["timeout"] is not None]
    chosen = min(finite, key=lambda timeout: abs(np.log(timeout / recommended)), default=1.0)
    policies = {"no timeout": {**base, "timeout": None}, "timeout": {**base, "timeout": chosen}}
    named = {"no timeout": "no timeout", "timeout": f"a timeout of {chosen:g} s"}
    return compare_policies(result, policies, named)[0]


def _mean_of(result: SweepResult, measure: str, where: Mapping[str, Any]) -> float:
    """Return the mean over all rows `where` the parameters are these, whatever the timeout.

    The measures in question are of the time before the fault, in which a timeout changes little.
    """
    values = [
        row.measures[measure]
        for row in result.rows
        if not row.failed and where.items() <= result.points[row.point].items()
    ]
    return float(np.nanmean(values)) if values else float("nan")


def _colours(faults: list[str]) -> dict[str, str]:
    named = {f"{what}payment {f}": _FAULT_COLOURS[f] for what in ("", "browse, ") for f in faults}
    return {**named, "buy, payment healthy": POLICY_COLOURS["healthy"]}
