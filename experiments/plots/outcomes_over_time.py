"""What became of requests over time: counts per window, stacked, one colour per outcome."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from simulator import RequestTable
from simulator.measurement import windowed_rate

from .fault_shading import FaultBand, shade_faults
from .palette import OUTCOME_COLOURS, colour_of, finish, new_axes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutcomesOverTime:
    """Requests per second by outcome, those that occur only: `rates` has shape (outcomes, windows)."""

    outcomes: tuple[str, ...]
    rates: npt.NDArray[np.float64]
    starts: npt.NDArray[np.float64]
    width: float
    faults: tuple[FaultBand, ...]
    what: str


def outcomes_over_time(
    table: RequestTable,
    *,
    until: float,
    width: float | None = None,
    faults: Sequence[FaultBand] = (),
    what: str = "requests",
) -> OutcomesOverTime:
    """Return how many requests per second, by the time when they were sent, came to each outcome.

    `what` names the requests on the axis. A request without an end yet is not in the table, nor here.
    """
    step = until / 45 if width is None else width
    occurring = [name for name, count in table.counts().items() if count]
    series = [
        windowed_rate(table.sample(outcome=name, by="start").start, width=step, until=until)
        for name in occurring
    ] or [windowed_rate([], width=step, until=until)]
    return OutcomesOverTime(
        outcomes=tuple(occurring),
        rates=np.array([one.values for one in series]),
        starts=series[0].starts,
        width=step,
        faults=tuple(faults),
        what=what,
    )


def plot_outcomes_over_time(
    data: OutcomesOverTime, *, ax: Axes | None = None, title: str = "Outcomes over time"
) -> Axes:
    """Draw stacked steps on `ax` with faults shaded; returns the axes."""
    ax = new_axes(ax)
    shade_faults(ax, data.faults)
    edges = np.append(data.starts, data.starts[-1] + data.width)
    floor = np.zeros(len(data.starts))
    for index, name in enumerate(data.outcomes):
        colour = colour_of(name, index, OUTCOME_COLOURS)
        top = floor + data.rates[index]
        ax.stairs(top, edges, baseline=floor, fill=True, color=colour, label=name.replace("_", " "))
        floor = top
    ax.set_xlim(0, float(edges[-1]))
    ax.set_ylim(0, float(floor.max()) * 1.12 or 1.0)
    ax.set_xlabel("time sent (s)")
    ax.set_ylabel(f"{data.what} (1/s)")
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(
        handles[::-1],  # as they stand: the topmost first
        labels[::-1],
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        borderaxespad=0.3,
        frameon=False,
        fontsize=9,
    )
    return finish(ax, title)
