"""Figures of `balancing`: policies in four scenes, old reports, and the herd as it runs about."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...plots import MeasuresByParameter, measures_by_parameter, plot_measures_by_parameter, value_text
from ...plots.logarithmic_axis import make_logarithmic
from ...plots.palette import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION, finish
from ...result import SweepResult
from .drawing import figure_of, name_again, run_again

COLOURS = {
    "random": VERMILION,
    "round robin": ORANGE,
    "weighted": PURPLE,
    "two choices": BLUE,
    "least outstanding": GREEN,
}
"""What a balancer may know: nothing, turns, speeds, two counts, all counts."""

_SCENES = ("alike", "unequal", "heavy tails")
_SECONDS = 12.0  # of the herd that are shown


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    if {"scene", "policy"} <= set(result.varied):
        figures["policies"] = _policies(result)
    if {"policy", "report_interval"} <= set(result.varied):
        figures["old_reports"] = _old_reports(result)
        figures["herd"] = _herd(result)
    return figures


def _found(result: SweepResult, measure: str, **where: Any) -> tuple[float, float] | None:
    """Return mean and half-width of the interval at a point without reports, if the sweep has it."""
    points = [point for point in result.points if point.get("report_interval") is None]
    if not any(all(point[name] == value for name, value in where.items()) for point in points):
        return None
    estimate = result.estimate(result.point(report_interval=None, **where), measure)
    return estimate.mean, estimate.half_width


def _policies(result: SweepResult) -> Figure:
    """Draw the 95th percentile in three scenes, and what a black hole draws to it in the fourth."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11.0, 4.8), width_ratios=(3, 2), layout="constrained")
    _dots(left, result)
    _holes(right, result)
    return figure


def _dots(ax: Axes, result: SweepResult) -> None:
    for index, (policy, colour) in enumerate(COLOURS.items()):
        shown = [
            (place, found)
            for place, scene in enumerate(_SCENES)
            if (found := _found(result, "p95", scene=scene, policy=policy))
        ]
        ax.errorbar(
            [place + 0.13 * (index - 2) for place, _ in shown],
            [mean for _, (mean, _) in shown],
            yerr=[half_width for _, (_, half_width) in shown],
            color=colour,
            marker="o",
            linestyle="none",
            capsize=3,
            label=policy,
        )
    make_logarithmic(ax)
    ax.set_xticks(range(len(_SCENES)), _SCENES)
    ax.set_xlim(-0.5, len(_SCENES) - 0.5)
    ax.set_xlabel("what is the matter with hosts or work")
    ax.set_ylabel("95th percentile of time to an answer (s)")
    ax.legend(frameon=False, fontsize=9, title="bars: 95 % interval", title_fontsize=8, alignment="left")
    finish(ax, "A policy that counts calls under way\nneed not be told which hosts are slow")


def _holes(ax: Axes, result: SweepResult) -> None:
    found = {
        policy: each
        for policy in COLOURS
        if (each := _found(result, "failed", scene="black hole", policy=policy))
    }
    ax.bar(
        range(len(found)),
        [100.0 * mean for mean, _ in found.values()],
        yerr=[100.0 * half_width for _, half_width in found.values()],
        color=[COLOURS[policy] for policy in found],
        capsize=3,
    )
    ax.axhline(10.0, color=GREY, linestyle="--", linewidth=1.0, label="its share: one of ten")
    ax.set_xticks(range(len(found)), [policy.replace(" ", "\n") for policy in found])
    ax.set_xlabel("policy")
    ax.set_ylabel("requests that failed (%)")
    ax.legend(
        loc="upper left",
        frameon=False,
        fontsize=9,
        title="bars: 95 % interval",
        title_fontsize=8,
        alignment="left",
    )
    worst = max(found.values(), default=(float("nan"), 0.0))[0]
    finish(ax, f"An instance that fails at once\ndraws up to {100.0 * worst:.0f} % of all requests")


def _old_reports(result: SweepResult) -> Figure:
    """Draw the 95th percentile along the age of what the balancer goes by."""
    policies = [policy for policy in COLOURS if policy in ("two choices", "least outstanding")]
    where: dict[str, tuple[str, Mapping[str, Any]]] = {
        policy: ("p95", {"scene": "alike", "policy": policy}) for policy in policies
    }
    data = _with_fresh_first(measures_by_parameter(result, "report_interval", where))
    ax = plot_measures_by_parameter(
        data,
        title="With old news the idlest of all is the worst choice,\nand in the end no news are better",
        label="95th percentile of time to an answer (s)",
        colours=COLOURS,
    )
    for policy in ("random", "round robin"):
        found = _found(result, "p95", scene="alike", policy=policy)
        if found is not None:
            ax.axhline(found[0], color=COLOURS[policy], linestyle="--", linewidth=1.4, label=policy)
    make_logarithmic(ax)
    ax.set_xlabel("seconds between reports (none: the balancer's own count, always fresh)")
    name_again(ax)
    return figure_of(ax)


def _with_fresh_first(data: MeasuresByParameter) -> MeasuresByParameter:
    """Put what is never old before what is: no number stands last elsewhere."""
    if data.values[-1] is not None:
        return data
    return replace(
        data,
        values=(*data.values[-1:], *data.values[:-1]),
        lines={name: (*line[-1:], *line[:-1]) for name, line in data.lines.items()},
    )


def _herd(result: SweepResult) -> Figure:
    """Draw what each instance has, in one run of each policy with reports every second or so."""
    intervals = [point["report_interval"] for point in result.points if point["report_interval"] is not None]
    interval = min(intervals, key=lambda each: abs(each - 1.0))
    figure, axes = plt.subplots(2, 1, figsize=(9.0, 6.0), sharex=True, sharey=True, layout="constrained")
    titles = {"least outstanding": "the herd", "two choices": "hardly anybody in step"}
    for ax, (policy, said) in zip(axes, titles.items(), strict=True):
        point = result.point(scene="alike", policy=policy, report_interval=interval)
        detail = run_again(result, result.points[point])[0].detail
        shown = detail.times < detail.times[0] + _SECONDS
        colours = plt.get_cmap("viridis")(np.linspace(0.0, 0.95, detail.loads.shape[1]))
        for number, colour in enumerate(colours):
            ax.plot(detail.times[shown], detail.loads[shown, number], color=colour, linewidth=1.1)
        ax.set_ylabel("requests at each instance")
        ax.set_ylim(bottom=0)
        finish(ax, f"{policy}, reports every {value_text(interval)} s: {said}")
    axes[1].set_xlabel("time (s)")
    return figure
