"""Figures of `capacity`: latency, availability and goodput along load, and where the SLO ends."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...capacity import Capacity, capacity_of_sweep
from ...plots import (
    MeasuresByParameter,
    latency_limits,
    measures_by_parameter,
    outcomes_over_time,
    plot_latency_percentiles,
    plot_measures_by_parameter,
    plot_outcomes_over_time,
    position_of,
)
from ...result import SweepResult
from ...study import Run
from ..capacity import MARGINS, CapacityRun
from .drawing import figure_of, name_again
from .storefront import cut_text, others_fixed

_BRACKET_COLOUR = "#DDEEDD"
_BOUND_COLOUR = "#D55E00"
_LAW_COLOUR = "#777777"
_TEXT_COLOUR = "#337733"
_PERCENTILES = ("p50", "p95", "p99")


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return what became of the users' requests over time."""
    detail: CapacityRun = run.detail
    data = outcomes_over_time(detail.requests, until=detail.duration, what="users' requests")
    said = "holds" if detail.judgement.holds else "does not hold"
    title = (
        f"At {run.parameters['rate']:g} requests/s the SLO {said}: p99 {_milliseconds(run.measures['p99'])}, "
        f"{run.measures['availability']:.2%} answered"
    )
    return {"outcomes_over_time": figure_of(plot_outcomes_over_time(data, title=title))}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figure along load, where load was swept; of other parameters their first value."""
    if "rate" not in result.varied:
        return {}
    where = others_fixed(result, "rate")
    found = capacity_of_sweep(result, load="rate", margins=MARGINS, where=where)
    return {"capacity": _along_load(result, where, found)}


def _along_load(result: SweepResult, where: Mapping[str, Any], found: Capacity) -> Figure:
    figure, axes = plt.subplots(
        3, 1, figsize=(8.6, 9.4), sharex=True, height_ratios=(4, 3, 3), layout="constrained"
    )
    above, middle, below = axes
    latencies = _lines(result, where, {name: name for name in _PERCENTILES})
    answered = _lines(result, where, {"availability": "availability"})
    rates = _lines(result, where, {"throughput": "throughput", "goodput": "goodput"})
    for ax in axes:
        _shade(ax, found, latencies.values, labelled=ax is below)
    bound, least = (result.points[0][name] for name in ("p99_at_most", "available_at_least"))
    low, high = latency_limits(latencies)
    plot_latency_percentiles(latencies, ax=above, limits=(low, max(high, bound)))
    _draw_bound(above, 1000.0 * bound, f"promised: p99 <= {1000.0 * bound:g} ms", "bottom")
    plot_measures_by_parameter(answered, ax=middle, label="requests answered (share)")
    _draw_bound(middle, least, f"promised: {least:.4g}", "top")
    plot_measures_by_parameter(rates, ax=below, label="requests ended (1/s)")
    below.plot(
        np.arange(len(rates.values)), rates.values, color=_LAW_COLOUR, linestyle=":", label="all in time"
    )
    below.set_ylim(bottom=0.0)
    name_again(below)
    for ax in (above, middle):
        ax.set_xlabel("")
    above.set_title(
        _title(result, where, found) + cut_text(where), loc="left", fontsize=11, fontweight="bold"
    )
    return figure


def _lines(result: SweepResult, where: Mapping[str, Any], lines: Mapping[str, str]) -> MeasuresByParameter:
    return measures_by_parameter(
        result, "rate", {label: (measure, where) for label, measure in lines.items()}
    )


def _title(result: SweepResult, where: Mapping[str, Any], found: Capacity) -> str:
    """Say between which loads it ends, and what is worn out where it has ended."""
    low, high = found.load_low, found.load_high
    if high is None:
        return f"The SLO holds at {low:g} requests/s: capacity lies beyond" if low else "Too few runs to tell"
    point = result.point(**{**where, "rate": high})
    threads, cores = (result.estimate(point, name).mean for name in ("threads_busy", "cores_busy"))
    up_to = f"The SLO holds up to {low:g} requests/s." if low is not None else "No load was sure to hold."
    worn = f"{threads:.0%} of the web threads are held, {cores:.0%} of the cores work"
    return f"{up_to} At {high:g}/s {_broken(result, point)};\n{worn}"


def _broken(result: SweepResult, point: int) -> str:
    """Say which promise is broken at a point, of two the one that is further from it."""
    latency, availability = (result.estimate(point, name).mean for name in MARGINS)
    promised = result.points[point]
    if latency <= availability:
        return f"only {0.99 + latency:.1%} are answered within {1000.0 * promised['p99_at_most']:g} ms"
    return f"only {promised['available_at_least'] + availability:.2%} are answered"


def _milliseconds(seconds: float) -> str:
    return f"{1000.0 * seconds:,.0f} ms" if np.isfinite(seconds) else "never"


def _shade(ax: Axes, found: Capacity, values: tuple[Any, ...], *, labelled: bool) -> None:
    """Shade the bracket, as far as it has ends."""
    left = 0.0 if found.load_low is None else position_of(found.load_low, values)
    right = len(values) - 1.0 if found.load_high is None else position_of(found.load_high, values)
    if left is not None and right is not None and left < right:
        ax.axvspan(left, right, color=_BRACKET_COLOUR, zorder=0, linewidth=0, gid="bracket")
        if labelled:
            place = ((left + right) / 2.0, 0.03)
            transform = ax.get_xaxis_transform()
            ax.text(*place, "capacity", transform=transform, ha="center", fontsize=8, color=_TEXT_COLOUR)


def _draw_bound(ax: Axes, value: float, text: str, va: Literal["top", "bottom"]) -> None:
    ax.axhline(value, color=_BOUND_COLOUR, linewidth=1.0, linestyle="--", zorder=1)
    ax.annotate(
        text,
        (0.01, value),
        xycoords=("axes fraction", "data"),
        xytext=(0, 3 if va == "bottom" else -3),
        textcoords="offset points",
        va=va,
        fontsize=8,
        color=_BOUND_COLOUR,
    )
