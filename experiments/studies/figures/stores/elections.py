"""Figures of `elections`: the time without a leader along the spread, and along the timeout."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....plots import measures_by_parameter, plot_measures_by_parameter, values_of
from ....plots.palette import BLUE, GREEN, ORANGE, PURPLE, VERMILION
from ....result import SweepResult
from ..drawing import name_again

_TRIALS = {"all nodes up": 0, "two of five down": 2}
_COLOURS = {
    "all nodes up": BLUE,
    "two of five down": VERMILION,
    "a crash under load": GREEN,
    "without a leader": BLUE,
    "95 of 100 are shorter": ORANGE,
    "until a client is answered": PURPLE,
}
_LAW_COLOUR = "#BBBBBB"


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    timeout = result.study.space.values({})["timeout"]
    trials = [
        point for point in result.points if point["scene"] == "first leader" and point["timeout"] == timeout
    ]
    if len({point["spread"] for point in trials}) > 1:
        figures["spread"] = _by_spread(result.select(lambda point: point in trials))
    live = [
        point
        for point in result.points
        if point["scene"] == "leader crash" and point["timeout"] == point["spread"]
    ]
    if len(live) > 1:
        figures["timeout"] = _by_timeout(result.select(lambda point: point in live))
    return figures


def _by_spread(result: SweepResult) -> Figure:
    """Draw the time without a leader, and split votes, along the spread of the timeouts."""
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(9.2, 7.2), sharex=True, height_ratios=(3, 2), layout="constrained"
    )
    found = values_of(result, "failed")
    failed = {name: down for name, down in _TRIALS.items() if down in found}
    _lines(above, result, failed, "leaderless_mean", "leaderless_law", "mean time without a leader (s)")
    _lines(below, result, failed, "split", "split_law", "elections that took\nmore than one term (share)")
    above.set_yscale("log")
    above.set_yticks([0.1, 0.2, 0.5, 1.0, 2.0, 5.0], ["0.1", "0.2", "0.5", "1", "2", "5"])
    above.minorticks_off()
    above.set_title(_spread_title(result, failed), loc="left", fontsize=11, fontweight="bold")
    above.set_xlabel("")
    name_again(above)
    below.set_title("")
    below.set_ylim(-0.03, 1.05)
    below.get_legend().remove()
    below.set_xlabel("how much longer the longest election timeout is than the shortest (s)")
    return figure


def _lines(
    ax: Axes, result: SweepResult, failed: Mapping[str, int], measure: str, law: str, label: str
) -> None:
    data = measures_by_parameter(
        result, "spread", {name: (measure, {"failed": down}) for name, down in failed.items()}
    )
    plot_measures_by_parameter(data, ax=ax, label=label, colours=_COLOURS, limits=(0.0, np.inf))
    for place, down in enumerate(failed.values()):
        said = [result.estimate(result.point(spread=spread, failed=down), law).mean for spread in data.values]
        name = "AvailSim, without events" if not place else None
        ax.plot(np.arange(len(said)), said, color=_LAW_COLOUR, linewidth=6, zorder=1, label=name)


def _spread_title(result: SweepResult, failed: Mapping[str, int]) -> str:
    down = list(failed.values())[-1]

    def mean(spread: Any) -> float:
        return result.estimate(result.point(spread=spread, failed=down), "leaderless_mean").mean

    spreads = values_of(result, "spread")
    best = min(spreads, key=mean)
    name = list(failed)[-1]
    return (
        f"Timeouts too close to each other split the vote, too far apart they keep all waiting ({name}):\n"
        f"{mean(spreads[0]):.1f} s with a spread of {1000 * spreads[0]:g} ms, "
        f"{mean(best):.2f} s with {1000 * best:g} ms, "
        f"{mean(spreads[-1]):.2f} s with {1000 * spreads[-1]:g} ms"
    )


def _by_timeout(result: SweepResult) -> Figure:
    """Draw what a crash of the leader costs, and what heartbeats do, along the shortest timeout."""
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(9.2, 6.6), sharex=True, height_ratios=(3, 2), layout="constrained"
    )
    points = sorted(result.points, key=lambda point: point["timeout"])
    times = [point["timeout"] for point in points]
    lines = {
        "without a leader": "leaderless_mean",
        "95 of 100 are shorter": "leaderless_p95",
        "until a client is answered": "silent_mean",
    }
    for (name, measure), marker in zip(lines.items(), "osD", strict=True):
        _draw(above, result, points, measure, name=name, colour=_COLOURS[name], marker=marker)
    _draw(below, result, points, "messages", name="", colour=BLUE, marker="o")
    first, last = (
        result.estimate(result.points.index(points[place]), "silent_mean").mean for place in (0, -1)
    )
    above.set_title(
        f"A shorter timeout finds a dead leader sooner; but a client first waits for the dead one.\nIt is "
        f"answered after {first:.2f} s with timeouts of {1000 * times[0]:g} to {2000 * times[0]:g} ms, "
        f"{last:.2f} s with {1000 * times[-1]:g} to {2000 * times[-1]:g} ms",
        loc="left",
        fontsize=11,
        fontweight="bold",
    )
    above.set_ylabel("time since the crash (s)")
    above.set_ylim(bottom=0.0)
    above.legend(loc="upper left", frameon=False, fontsize=9)
    below.set_ylabel("messages between nodes\nwhile all is well (1/s)")
    below.set_ylim(bottom=0.0)
    below.set_xticks(range(len(times)), [f"{1000 * time:g}" for time in times])
    below.set_xlabel(
        "shortest election timeout (ms); the longest is twice as long, heartbeats come three times in it"
    )
    for ax in (above, below):
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(axis="y", color="#DDDDDD", linewidth=0.6)
    return figure


def _draw(
    ax: Axes,
    result: SweepResult,
    points: list[dict[str, Any]],
    measure: str,
    *,
    name: str,
    colour: str,
    marker: str,
) -> None:
    found = [result.estimate(result.points.index(point), measure) for point in points]
    ax.errorbar(
        range(len(found)),
        [each.mean for each in found],
        yerr=[each.half_width for each in found],
        color=colour,
        marker=marker,
        capsize=3,
        label=name,
    )
