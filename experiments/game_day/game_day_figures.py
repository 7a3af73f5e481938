"""Figures of a game day: what users saw over time, with the trouble shaded.

Imported late, by whoever draws: matplotlib takes half a second.
"""

from collections.abc import Mapping

from matplotlib.figure import Figure

from ..plots import (
    availability_over_time,
    fault_bands,
    latency_over_time,
    outcomes_over_time,
    plot_availability_over_time,
    plot_latency_over_time,
    plot_outcomes_over_time,
)
from ..study import Run
from .report import GameDayReport


def figures_of_report(report: GameDayReport) -> Mapping[str, Figure]:
    """Return availability, outcomes and latency over time."""
    run = Run(measures={}, detail=report)
    verdict = {True: "holds", False: "does not hold", None: "is undecided"}[report.holds]
    bands = fault_bands(report.log, report.duration)
    during = next(phase for phase in report.phases if phase.name == "during")
    sample = report.requests.sample(during.start, during.end, by="start")
    failed = len(sample) - int(sample.succeeded.sum())
    outcomes = outcomes_over_time(
        report.requests, until=report.duration, faults=bands, what="users' requests"
    )
    return {
        "availability": _figure(
            plot_availability_over_time(
                availability_over_time(run), title=f"{report.title}: the hypothesis {verdict}"
            )
        ),
        "outcomes": _figure(
            plot_outcomes_over_time(
                outcomes, title=f"{failed:,} of {len(sample):,} requests fail while the trouble lasts"
            )
        ),
        "latency": _figure(
            plot_latency_over_time(latency_over_time(run), title="How long users wait, all operations")
        ),
    }


def _figure(ax: object) -> Figure:
    figure: Figure = ax.get_figure()  # type: ignore[attr-defined]  # axes
    return figure
