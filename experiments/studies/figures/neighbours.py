"""Figures of `neighbours`: who gets the cores, and what a quota does where cores are idle."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ...plots import measures_by_parameter, plot_measures_by_parameter
from ...plots.logarithmic_axis import make_logarithmic
from ...plots.measures_by_parameter import finite
from ...plots.palette import BLUE, ORANGE, VERMILION, finish
from ...result import SweepResult

_USES = {
    "cores": ("the service", BLUE),
    "neighbour_cores": ("the neighbour", ORANGE),
    "idle_cores": ("nobody: idle", "#DDDDDD"),
}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    noisy = [point for point in result.points if point["neighbour_jobs"]]
    if len(noisy) > 1:
        quiet = [point for point in result.points if not point["neighbour_jobs"] and point["quota"] is None]
        figures["noisy"] = _noisy(result, [*quiet[:1], *noisy])
    quotas = {point["quota"] for point in result.points if _is_alone_with_shares(point)}
    if len(quotas) > 1:
        figures["quota"] = _quota(result.select(_is_alone_with_shares))
    return figures


def _is_alone_with_shares(point: Mapping[str, Any]) -> bool:
    return bool(point["neighbour_jobs"] == 0 and point["sharing"] == "shares")


def _noisy(result: SweepResult, points: list[dict[str, Any]]) -> Figure:
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(9.4, 7.2), sharex=True, height_ratios=(3, 2), layout="constrained"
    )
    p99 = [result.estimate(result.point(**point), "p99") for point in points]
    means, widths = finite(p99)
    at = np.arange(len(points))
    above.errorbar(at, means, yerr=widths, color=BLUE, marker="o", linestyle="none", capsize=3)
    for place, mean, point in zip(at, means, points, strict=True):
        text = f"{1000 * mean:,.0f} ms"
        answered = result.estimate(result.point(**point), "answered").mean
        if answered < 0.99:
            # The percentile is then when users give up, and says nothing about how long an answer takes.
            text = f"they give up;\n{100 * answered:.0f} % are\nanswered"
        above.annotate(text, (place, mean), (7, 0), textcoords="offset points", va="center", fontsize=9)
    make_logarithmic(above)
    above.set_ylim(min(means) / 2.0, 2.5 * max(means))
    above.set_ylabel("p99 of the service (s)\nbars: 95 % interval")
    worst, best = max(means[1:]), min(means[1:])
    finish(
        above,
        f"A noisy neighbour makes a p99 of {1000 * means[0]:.0f} ms one of {1000 * best:.0f} ms to "
        f"{worst:.0f} s,\nby how the cores are shared",
    )
    bottom = np.zeros(len(points))
    for measure, (label, colour) in _USES.items():
        heights = np.array([result.estimate(result.point(**point), measure).mean for point in points])
        below.bar(at, heights, bottom=bottom, color=colour, width=0.6, label=label)
        bottom += heights
    below.set_ylabel("cores, mean")
    below.legend(
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        frameon=False,
        fontsize=9,
        title="works for",
        title_fontsize=8,
    )
    below.set_xticks(at, [_name(point) for point in points])
    below.set_xlabel("how the cores are shared (weight of the service : weight of the neighbour)")
    finish(below, "")
    return figure


def _name(point: Mapping[str, Any]) -> str:
    if not point["neighbour_jobs"]:
        return "no neighbour"
    name = str(point["sharing"]).replace(" ", "\n")
    if point["neighbour_quota"] is not None:
        return f"{name},\nneighbour at most\n{point['neighbour_quota']:g} cores"
    return f"{name}\n{point['weight']:g} : 1" if point["sharing"] == "shares" else name


def _quota(result: SweepResult) -> Figure:
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(8.6, 6.8), sharex=True, height_ratios=(3, 2), layout="constrained"
    )
    latency = measures_by_parameter(result, "quota", {"p99": ("p99", {}), "p50": ("p50", {})})
    throttled = measures_by_parameter(result, "quota", {"throttled": ("throttled_periods", {})})
    tight, free = latency.lines["p99"][0].mean, latency.lines["p99"][-1].mean
    used = result.estimate(0, "cores").mean
    idle = result.estimate(0, "idle_cores").mean
    plot_measures_by_parameter(
        latency,
        ax=above,
        title=f"A quota of {latency.values[0]:g} cores makes a p99 of {1000 * free:.0f} ms one of "
        f"{1000 * tight:.0f} ms,\nwhere {used:.1f} cores are used on average and {idle:.1f} are idle",
        label="time to an answer (s)",
        colours={"p99": VERMILION, "p50": BLUE},
    )
    make_logarithmic(above)
    plot_measures_by_parameter(throttled, ax=below, label="periods in which it\nis throttled (share)")
    below.get_legend().remove()
    above.set_xlabel("")
    below.set_title("")
    below.set_ylim(bottom=-0.02)
    below.set_xlabel("quota of the service, in cores (none: no limit)")
    return figure
