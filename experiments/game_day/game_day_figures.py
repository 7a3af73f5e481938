"""Figures of a game day: what users saw over time, with the trouble shaded and what was promised drawn in.

Imported late, by whoever draws: matplotlib takes half a second.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from models.requirements import AvailabilityObjective

from ..plots import (
    availability_over_time,
    fault_bands,
    latency_over_time,
    outcomes_over_time,
    plot_availability_over_time,
    plot_latency_over_time,
    plot_outcomes_over_time,
)
from ..plots.fault_shading import FaultBand
from ..study import Run
from .report import GameDayReport

_NAMES_MAX = 2  # in a label; a third line would stand on the curves


def figures_of_report(report: GameDayReport) -> Mapping[str, Figure]:
    """Return availability, outcomes and latency over time; nothing where nobody came."""
    if not len(report.requests):
        return {}
    run = Run(measures={}, detail=report)
    verdict = {True: "holds", False: "does not hold", None: "is undecided"}[report.holds]
    bands = legible(fault_bands(report.log, report.duration))
    impact = report.impact
    availability = plot_availability_over_time(
        replace(availability_over_time(run), faults=bands),
        title=f"{report.title}: the hypothesis {verdict}",
    )
    _draw_promises(availability, report)
    outcomes = plot_outcomes_over_time(
        outcomes_over_time(report.requests, until=report.duration, faults=bands, what="users' requests"),
        title=f"{impact.failed_count:,} of {impact.sent_count:,} requests fail while the trouble lasts",
    )
    latency = plot_latency_over_time(
        replace(latency_over_time(run), faults=bands), title="How long users wait, all operations"
    )
    axes = {"availability": availability, "outcomes": outcomes, "latency": latency}
    return {name: _figure(ax) for name, ax in axes.items()}


def legible(bands: Iterable[FaultBand]) -> tuple[FaultBand, ...]:
    """Return bands of which no two overlap, each with the names of all that it is made of, one a line."""
    merged: list[tuple[list[str], float, float]] = []
    for band in sorted(bands, key=lambda band: band.start):
        if merged and band.start < merged[-1][2]:
            names, start, end = merged[-1]
            merged[-1] = ([*names, band.kind], start, max(end, band.end))
        else:
            merged.append(([band.kind], band.start, band.end))
    return tuple(FaultBand(_label(names), start, end) for names, start, end in merged)


def _label(names: list[str]) -> str:
    return "\n".join(names) if len(names) <= _NAMES_MAX else f"{len(names)} faults"


def _draw_promises(ax: Axes, report: GameDayReport) -> None:
    """Draw the availability that the hypothesis asks of all requests, over each phase."""
    label = "promised, of all"
    for phase in report.phases:
        for bound in _promised(report, phase.name):
            ax.hlines(bound, phase.start, phase.end, colors="black", linewidth=0.9, label=label, zorder=1)
            label = "_"  # a name in the legend once
    if label == "_":
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.3, frameon=False, fontsize=9)


def _promised(report: GameDayReport, phase: str) -> list[float]:
    slo = report.hypothesis.slo(phase)
    return [
        objective.at_least
        for objective in (() if slo is None else slo.objectives)
        if isinstance(objective, AvailabilityObjective)
        and objective.operation is None
        and objective.counts_degraded
    ]


def _figure(ax: object) -> Figure:
    figure: Figure = ax.get_figure()  # type: ignore[attr-defined]  # axes
    return figure
