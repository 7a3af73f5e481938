"""Availability over time: the share of requests answered, by when they were sent, and the breakers' states.

Windows are by the time of sending, for that is when the user came; a request that waits ten seconds for
nothing fails the window in which it began.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from simulator import RequestTable
from simulator.measurement import windowed_share

from ..study import Run
from .breaker_strips import BreakerStrip, breaker_strips, draw_breaker_strips
from .curves_over_time import Curve, curve_of, draw_curves, name_curves
from .fault_shading import FaultBand, fault_bands, shade_faults
from .palette import OPERATION_COLOURS, POLICY_COLOURS, finish, new_axes
from .timeline import timeline_of, width_of

_COLOURS = {**POLICY_COLOURS, **OPERATION_COLOURS}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AvailabilityOverTime:
    """Curves over windows that begin at `starts` (s, shape (windows,)), each `width` seconds long.

    Curves may be of `runs_count` runs each; faults and breaker strips are those of the first run (of the
    first policy that has any). With `within` (s) later answers do not count.
    """

    starts: npt.NDArray[np.float64]
    width: float
    curves: tuple[Curve, ...]
    faults: tuple[FaultBand, ...]
    breakers: tuple[BreakerStrip, ...]
    runs_count: int
    within: float = inf


def availability_over_time(run: Run, *, width: float | None = None) -> AvailabilityOverTime:
    """Return one curve per operation of one run, in windows of `width` seconds (default: 45 of them)."""
    timeline = timeline_of(run)
    step = width_of(timeline, width)
    table = timeline.requests
    occurring = [name for name in table.operations if len(table.sample(operation=name))]
    curves = [curve_of(name, [_shares(table, name, step, timeline.duration)]) for name in occurring]
    return AvailabilityOverTime(
        starts=_starts(table, step, timeline.duration),
        width=step,
        curves=tuple(curves),
        faults=fault_bands(timeline.log, timeline.duration),
        breakers=breaker_strips(timeline.log, timeline.duration),
        runs_count=1,
    )


def compare_availability_over_time(
    runs: Mapping[str, Sequence[Run]],
    *,
    operation: str | None = None,
    width: float | None = None,
    within: float = inf,
) -> AvailabilityOverTime:
    """Return one curve per policy, the mean over its runs, for one `operation` or (None) all of them.

    `runs` maps a policy's name to its runs, of one duration. An answer that took more than `within` seconds
    does not count.
    """
    details = {label: [timeline_of(run) for run in several] for label, several in runs.items()}
    first = next(iter(details.values()))[0]
    step, until = width_of(first, width), first.duration
    strips = [breaker_strips(several[0].log, until) for several in details.values()]
    return AvailabilityOverTime(
        starts=_starts(first.requests, step, until),
        width=step,
        curves=tuple(
            curve_of(label, [_shares(run.requests, operation, step, until, within) for run in several])
            for label, several in details.items()
        ),
        faults=fault_bands(first.log, until),
        breakers=next((found for found in strips if found), ()),
        runs_count=max(map(len, details.values())),
        within=within,
    )


def plot_availability_over_time(
    data: AvailabilityOverTime,
    *,
    ax: Axes | None = None,
    title: str = "Availability over time",
    colours: Mapping[str, str] = _COLOURS,
) -> Axes:
    """Draw the curves on `ax`, faults shaded, breakers' states as strips below; returns the axes."""
    ax = new_axes(ax)
    shade_faults(ax, data.faults)
    middles = data.starts + data.width / 2
    draw_curves(ax, data.curves, middles, colours, limits=(0.0, 1.0))
    ax.set_ylim(-0.03, 1.12)
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1.0], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    ax.set_xlim(0, float(data.starts[-1] + data.width))
    in_time = "" if data.within == inf else f" within {data.within:g} s"
    ax.set_ylabel(f"requests answered{in_time}\n(share per {data.width:.2g} s)")
    name_curves(ax, data.runs_count)
    of_first = "; breakers: those of the first run" if data.breakers and data.runs_count > 1 else ""
    draw_breaker_strips(ax, data.breakers).set_xlabel(f"time sent (s){of_first}")
    return finish(ax, title)


def _starts(table: RequestTable, width: float, until: float) -> npt.NDArray[np.float64]:
    return windowed_share([], [], width=width, until=until).starts


def _shares(
    table: RequestTable, operation: str | None, width: float, until: float, within: float = inf
) -> npt.NDArray[np.float64]:
    sample = table.sample(operation=operation, by="start")
    return windowed_share(sample.start, sample.in_time(within), width=width, until=until).values
