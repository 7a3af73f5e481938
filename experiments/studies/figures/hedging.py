"""Figures of `hedging`: the tail against the fan-out, and what the delay trades."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ...plots import (
    measures_by_parameter,
    plot_latency_percentiles,
    plot_measures_by_parameter,
    value_text,
    values_of,
)
from ...result import SweepResult
from .drawing import figure_of, name_again

_PERCENTILES = ("p50", "p95", "p99")
_LAW_COLOUR = "#BBBBBB"


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
        limits=(0.0, 1.0),
    )
    ax.plot(np.arange(len(law)), law, color=_LAW_COLOUR, linewidth=5, zorder=1, label="1 - (1 - p)^leaves")
    ax.set_ylim(-0.03, 1.03)
    ax.set_xlabel("leaves that a request asks, and waits for")
    name_again(ax)
    return figure_of(ax)


def _delay(result: SweepResult) -> Figure:
    """Draw latency along the delay, for the widest fan-out, and what it costs."""
    leaves = max(point["leaves"] for point in result.points)
    where: dict[str, Any] = {"leaves": leaves}
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(8.6, 6.8), sharex=True, height_ratios=(3, 2), layout="constrained"
    )
    latency = measures_by_parameter(result, "after", {name: (name, where) for name in _PERCENTILES})
    cost = measures_by_parameter(result, "after", {"copies per call": ("extra_load", where)})
    plot_latency_percentiles(latency, ax=above, title=_title(result, leaves))
    above.set_xlabel("")
    plot_measures_by_parameter(cost, ax=below, label="copies per call to a leaf")
    below.get_legend().remove()
    below.set_title("")
    below.set_xlabel("a copy is sent after this percentile of a leaf's latency (none: no copy)")
    below.set_ylim(bottom=-0.01)
    return figure


def _title(result: SweepResult, leaves: int) -> str:
    """Say what the cheapest of the good delays does to the 95th percentile."""

    def at(after: float | None, measure: str) -> float:
        return result.estimate(result.point(leaves=leaves, after=after), measure).mean

    delays = [value for value in values_of(result, "after") if value is not None]
    tails = {value: at(value, "p95") for value in delays}
    # Of those that are about as good, the one that costs least.
    best = max(value for value, tail in tails.items() if tail <= 1.5 * min(tails.values()))
    return (
        f"{leaves} leaves: a p95 of {1000 * at(None, 'p95'):.0f} ms without hedging,\n"
        f"{1000 * tails[best]:.0f} ms with a copy after a leaf's p{best:g}, "
        f"for {at(best, 'extra_load'):.1%} more calls"
    )


def _text(after: float | None) -> str:
    return "no hedging" if after is None else f"a copy after p{value_text(after)}"
