"""Figures of `vertical`: latency against theory, what a crash costs, and the crash over time."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ...plots import (
    availability_over_time,
    measures_by_parameter,
    plot_availability_over_time,
    plot_measures_by_parameter,
)
from ...plots.palette import BLUE, GREEN, PURPLE, VERMILION
from ...result import SweepResult
from ...study import Run
from .drawing import figure_of, name_again

_COLOURS = {
    "one host, faster core": BLUE,
    "one host, more cores": GREEN,
    "more hosts, at random": VERMILION,
    "more hosts, two choices": PURPLE,
}
_WAYS: Mapping[str, dict[str, Any]] = {
    "one host, faster core": {"growth": "faster core", "balancing": None},
    "one host, more cores": {"growth": "more cores", "balancing": None},
    "more hosts, at random": {"growth": "more hosts", "balancing": "random"},
    "more hosts, two choices": {"growth": "more hosts", "balancing": "two choices"},
}


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return availability over time, with the time in which a host is down shaded."""
    title = f"While one host is down {run.measures['answered']:.1%} of the requests are answered"
    return {"availability": figure_of(plot_availability_over_time(availability_over_time(run), title=title))}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    ways = {name: where for name, where in _WAYS.items() if _has(result, where)}
    if len({point["size"] for point in result.points if point["size"] > 1}) < 2 or not ways:
        return {}
    grown = result.select(lambda point: point["size"] > 1)
    return {"latency": _latency(grown, ways), "crash": _crash(grown, ways)}


def _has(result: SweepResult, where: Mapping[str, Any]) -> bool:
    """Say whether all sizes above 1 of the sweep were run in one way."""
    sizes = {point["size"] for point in result.points if point["size"] > 1}
    return {
        point["size"]
        for point in result.points
        if point["size"] > 1 and all(point[name] == value for name, value in where.items())
    } == sizes


def _latency(result: SweepResult, ways: Mapping[str, Mapping[str, Any]]) -> Figure:
    data = measures_by_parameter(
        result, "size", {name: ("sojourn_mean", where) for name, where in ways.items()}
    )
    largest = data.values[-1]
    said = ", ".join(f"{1000 * line[-1].mean:.0f} ms ({name})" for name, line in data.lines.items())
    ax = plot_measures_by_parameter(
        data,
        title=f"{largest} times the capacity at the same price answers in\n{_in_two_lines(said)}",
        label="mean time to an answer (s)",
        colours=_COLOURS,
    )
    for name, where in ways.items():
        theory = [
            result.estimate(result.point(**{**where, "size": size}), "sojourn_theory").mean
            for size in data.values
        ]
        ax.plot(np.arange(len(theory)), theory, color=_COLOURS[name], linewidth=6, alpha=0.25, zorder=1)
    ax.plot([], [], color="#777777", linewidth=6, alpha=0.3, label="theory, where known")
    ax.set_ylim(bottom=0.0)
    ax.set_xlabel("capacity (in small hosts)")
    name_again(ax)
    return figure_of(ax)


def _crash(result: SweepResult, ways: Mapping[str, Mapping[str, Any]]) -> Figure:
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(8.8, 6.8), sharex=True, height_ratios=(3, 2), layout="constrained"
    )
    answered = measures_by_parameter(
        result, "size", {name: ("answered", where) for name, where in ways.items()}
    )
    after = measures_by_parameter(
        result, "size", {name: ("p99_after", where) for name, where in ways.items()}
    )
    last = {name: line[-1].mean for name, line in answered.lines.items()}
    plot_measures_by_parameter(
        answered,
        ax=above,
        title=f"While one host of {answered.values[-1]} is down {max(last.values()):.1%} are answered, "
        f"{min(last.values()):.0%} where there is only one",
        label="answered while a host is down\n(share of requests)",
        colours=_COLOURS,
        limits=(0.0, 1.0),
    )
    plot_measures_by_parameter(after, ax=below, label="p99 when it is back (s)", colours=_COLOURS)
    below.get_legend().remove()
    above.set_ylim(-0.03, 1.05)
    above.set_xlabel("")
    below.set_title("")
    below.set_ylim(bottom=0.0)
    below.set_xlabel("capacity (in small hosts)")
    return figure


def _in_two_lines(text: str) -> str:
    parts = text.split(", ")
    # Names have a comma of their own: two parts are one way.
    pairs = [", ".join(parts[first : first + 2]) for first in range(0, len(parts), 2)]
    half = (len(pairs) + 1) // 2
    return ",\n".join(", ".join(group) for group in (pairs[:half], pairs[half:]) if group)
