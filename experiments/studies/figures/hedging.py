"""Figures of `hedging`: the tail against the fan-out, and what the delay trades."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ...plots import measures_by_parameter, plot_measures_by_parameter, value_text
from ...result import SweepResult
from .drawing import figure_of


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    if {"leaves", "after"} <= set(result.varied):
        figures["fan_out"] = _fan_out(result)
        figures["delay"] = _delay(result)
    return figures


def _fan_out(result: SweepResult) -> Figure:
    """Draw the share of late requests along the leaves, with and without hedging, and the law."""
    values = list(dict.fromkeys(point["after"] for point in result.points))
    shown = [value for value in (None, 99.0, 95.0) if value in values] or values[:3]
    data = measures_by_parameter(
        result, "leaves", {_text(value): ("late", {"after": value}) for value in shown}
    )
    law = [result.estimate(result.point(leaves=leaves, after=shown[0]), "law").mean for leaves in data.values]
    first, last = (line[-1].mean for line in (data.lines[_text(shown[0])], data.lines[_text(shown[-1])]))
    ax = plot_measures_by_parameter(
        data,
        title=f"With {data.values[-1]} leaves {first:.0%} of the requests wait for a late one;\n"
        f"{last:.1%} with {_text(shown[-1])}",
        label="requests that wait for a late leaf\n(share)",
    )
    ax.plot(np.arange(len(law)), law, color="#777777", linestyle=":", zorder=1)
    ax.annotate(
        "1 - (1 - p)^leaves",
        (len(law) - 1, law[-1]),
        xytext=(-6, 6),
        textcoords="offset points",
        ha="right",
        fontsize=8,
    )
    ax.set_ylim(-0.03, 1.0)
    return figure_of(ax)


def _delay(result: SweepResult) -> Figure:
    """Draw latency along the delay, for the widest fan-out, and what it costs."""
    leaves = max(point["leaves"] for point in result.points)
    where: dict[str, Any] = {"leaves": leaves}
    figure, (above, below) = plt.subplots(2, 1, figsize=(8.6, 6.4), sharex=True, layout="constrained")
    latency = measures_by_parameter(result, "after", {"p99": ("p99", where), "median": ("p50", where)})
    cost = measures_by_parameter(result, "after", {"copies per call": ("extra_load", where)})
    without = result.estimate(result.point(leaves=leaves, after=None), "p99").mean
    tails = {
        value: result.estimate(result.point(leaves=leaves, after=value), "p99").mean
        for value in latency.values
        if value is not None
    }
    # Of those that are about as good, the one that costs least.
    best = max(value for value, tail in tails.items() if tail <= 1.1 * min(tails.values()))
    found = result.estimate(result.point(leaves=leaves, after=best), "p99").mean
    load = result.estimate(result.point(leaves=leaves, after=best), "extra_load").mean
    plot_measures_by_parameter(
        latency,
        ax=above,
        title=f"{leaves} leaves: p99 of {1000 * without:.0f} ms without hedging,\n"
        f"{1000 * found:.0f} ms with a copy after the {best:g}th percentile, for {load:.1%} more calls",
        label="time to an answer (s)",
    )
    plot_measures_by_parameter(cost, ax=below, label="copies per call to a leaf")
    above.set_yscale("log")
    above.set_xlabel("")
    below.set_title("")
    below.set_xlabel("a copy is sent after this percentile of a leaf's latency")
    below.set_ylim(bottom=-0.01)
    return figure


def _text(after: float | None) -> str:
    return "no hedging" if after is None else f"a copy after p{value_text(after)}"
