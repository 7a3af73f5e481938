"""Figures of a sweep of `breakers`: what a threshold buys and what it costs, and how it goes over time."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ...plots import (
    fault_bands,
    outcomes_over_time,
    parameter_label,
    plot_outcomes_over_time,
    plot_sweep_heat_map,
    plot_trade_off,
    sweep_heat_map,
    trade_off,
    value_text,
    values_of,
)
from ...result import SweepResult
from ...study import Run
from ..storefront_run import StorefrontRun
from .drawing import figure_of
from .storefront import compare_policies, cut_text, latency_panels, others_fixed, state_text

_USUAL_THRESHOLD = 0.5
_LONG_TIMEOUT = 8.0


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    varied = result.varied
    figures: dict[str, Figure] = {}
    numbers = [name for name in ("timeout", "threshold", "open_time", "window", "trials") if name in varied]
    if len(numbers) > 1:
        figures["heat_map"] = _heat_maps(result, numbers[0], numbers[1])
    if len({point["threshold"] for point in result.points} - {None}) > 1:
        figures["trade_off"] = _trade_off(
            result, next((name for name in numbers if name != "threshold"), None)
        )
    if numbers:
        figures["latency_percentiles"] = _latencies(result, numbers[0])
    figures |= _over_time(result)
    return figures


def _heat_maps(result: SweepResult, x: str, y: str) -> Figure:
    where = others_fixed(result, x, y)
    figure, axes = plt.subplots(1, 2, figsize=(12.5, 4.8), layout="constrained")
    fault = state_text(result.points[0]["fault"])
    panels = {
        "browse_available": (f"Browsing while payment is {fault}", "browse requests answered"),
        "buy_healthy": ("Buying while payment is healthy", "buy requests answered"),
    }
    for ax, (measure, (title, label)) in zip(axes, panels.items(), strict=True):
        data = sweep_heat_map(result, measure, x=x, y=y, where=where)
        plot_sweep_heat_map(data, ax=ax, label=label, limits=(0.0, 1.0), title=title + _range(data.means))
    figure.suptitle(
        "What protects browsing from payment, and what it costs those who buy" + cut_text(where),
        x=0.01,
        ha="left",
        fontsize=12,
        fontweight="bold",
    )
    return figure


def _range(means: Any) -> str:
    finite = means[np.isfinite(means)]
    return f": {finite.min():.0%} to {finite.max():.0%}" if len(finite) else ""


def _trade_off(result: SweepResult, other: str | None) -> Figure:
    where = others_fixed(result, "threshold", *([other] if other else []))
    values = values_of(result, other) if other else []
    lines = {
        f"{parameter_label(result.study, str(other))}: {value_text(value)}": {**where, str(other): value}
        for value in values
    }
    ax = plot_trade_off(
        trade_off(result, "open_delay", "false_openings", along="threshold", lines=lines or {"": where}),
        title="The threshold sets how soon a breaker opens, and how often wrongly" + cut_text(where),
        x_label="from the fault to the opening of a breaker (s)",
        y_label="openings on a healthy payment\n(per breaker and minute)",
    )
    return figure_of(ax)


def _latencies(result: SweepResult, along: str) -> Figure:
    where = others_fixed(result, along)
    if "threshold" in result.varied and along != "threshold":
        chosen = _usual(result)
        panels = {
            "no breaker": ("timeout", {**where, "threshold": None}),
            f"breaker, threshold {value_text(chosen)}": (
                "timeout and breaker",
                {**where, "threshold": chosen},
            ),
        }
        known = values_of(result, "threshold")
        panels = {heading: panel for heading, panel in panels.items() if panel[1]["threshold"] in known}
    else:
        panels = {"all": ("timeout and breaker", where)}
    fault = state_text(result.points[0]["fault"])
    title = f"Time to an answer for those who only browse, while payment is {fault}"
    return latency_panels(result, along, panels, title)


def _over_time(result: SweepResult) -> dict[str, Figure]:
    """Compare, where the breaker helps browsing most, no timeout, a timeout, and a breaker around it."""
    threshold = _usual(result)
    base = _most_helped(result, threshold)
    timeout = _LONG_TIMEOUT if base["timeout"] is None else base["timeout"]
    policies = {
        "no timeout": {**base, "timeout": None, "threshold": None},
        "timeout": {**base, "timeout": timeout, "threshold": None},
        "timeout and breaker": {**base, "timeout": timeout, "threshold": threshold},
    }
    named = {
        "no timeout": "no timeout",
        "timeout": f"a timeout of {timeout:g} s",
        "timeout and breaker": f"a breaker at {threshold:.0%} around it",
    }
    figure, runs = compare_policies(result, policies, named)
    first = {named[name]: several[0] for name, several in runs.items() if name != "no timeout"}
    return {"availability_over_time": figure, "payment_calls": _payment_calls(first)}


def _most_helped(result: SweepResult, threshold: float) -> dict[str, Any]:
    """Return the point with a timeout at which a breaker of `threshold` gains most over none.

    Without points to compare it is the one at which browsing suffers most.
    """
    available = [result.estimate(index, "browse_available").mean for index in range(len(result.points))]

    def gain(index: int) -> float:
        point = result.points[index]
        without = {**point, "threshold": None}
        if point["threshold"] != threshold or without not in result.points:
            return -1.0 - available[index]
        return available[index] - available[result.points.index(without)]

    limited = [index for index, point in enumerate(result.points) if point["timeout"] is not None]
    candidates = [index for index in limited or range(len(result.points)) if np.isfinite(available[index])]
    return result.points[max(candidates, key=gain, default=0)]


def _payment_calls(runs: Mapping[str, Run]) -> Figure:
    """Stack what calls to payment come to, one panel per policy by what it is, all of the first seed."""
    figure, axes = plt.subplots(
        len(runs),
        1,
        figsize=(8.6, 2.9 * len(runs)),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    tops = []
    for ax, (policy, run) in zip(axes[:, 0], runs.items(), strict=True):
        detail: StorefrontRun = run.detail
        calls = detail.shop.payment_calls
        bands = fault_bands(detail.log, detail.duration)
        data = outcomes_over_time(calls, until=detail.duration, faults=bands, what="calls to payment")
        saved = calls.sample(detail.start, detail.end, outcome="breaker_open", by="start")
        named = policy[0].upper() + policy[1:]
        title = f"{named}: {len(saved)} calls saved during the fault, in the first run"
        tops.append(plot_outcomes_over_time(data, ax=ax, title=title).get_ylim())
    axes[0, 0].set_ylim(0, max(top for _, top in tops))
    for ax in axes[:-1, 0]:
        ax.set_xlabel("")
    return figure


def _usual(result: SweepResult) -> float:
    """Return the swept threshold that is nearest to a half, the default of most libraries."""
    known = [point["threshold"] for point in result.points if point["threshold"] is not None]
    return float(min(known, key=lambda value: abs(value - _USUAL_THRESHOLD), default=_USUAL_THRESHOLD))
