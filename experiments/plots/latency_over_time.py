"""Percentiles of latency over time, on a logarithmic axis, in milliseconds.

All requests count, however they ended: a user who gave up after ten seconds has waited for ten seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from simulator.measurement import windowed_percentile

from ..study import Run
from .fault_shading import FaultBand, fault_bands, shade_faults
from .logarithmic_axis import make_logarithmic
from .palette import BLUE, finish, new_axes
from .timeline import timeline_of, width_of

PERCENTILES = (50.0, 95.0, 99.0)
"""What is shown unless asked otherwise."""

_DASHES = ("-", (0, (5, 2)), (0, (1, 1.5)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LatencyOverTime:
    """Percentiles `qs` of latency in seconds per window: `values` has shape (percentiles, windows)."""

    qs: tuple[float, ...]
    values: npt.NDArray[np.float64]
    starts: npt.NDArray[np.float64]
    width: float
    faults: tuple[FaultBand, ...]
    operation: str | None


def latency_over_time(
    run: Run,
    *,
    operation: str | None = None,
    qs: Sequence[float] = PERCENTILES,
    width: float | None = None,
) -> LatencyOverTime:
    """Return percentiles `qs` in [0, 100] by the time of sending, of one `operation` or (None) all."""
    timeline = timeline_of(run)
    step = width_of(timeline, width)
    sample = timeline.requests.sample(operation=operation, by="start")
    series = [
        windowed_percentile(sample.start, sample.latency, q, width=step, until=timeline.duration) for q in qs
    ]
    return LatencyOverTime(
        qs=tuple(qs),
        values=np.array([one.values for one in series]),
        starts=series[0].starts,
        width=step,
        faults=fault_bands(timeline.log, timeline.duration),
        operation=operation,
    )


def plot_latency_over_time(
    data: LatencyOverTime, *, ax: Axes | None = None, title: str = "Latency over time"
) -> Axes:
    """Draw one line per percentile on `ax` with faults shaded; returns the axes."""
    ax = new_axes(ax)
    shade_faults(ax, data.faults)
    middles = data.starts + data.width / 2
    for index, q in enumerate(data.qs):
        dash = _DASHES[index % len(_DASHES)]
        label = f"p{q:g}"
        ax.plot(middles, 1000 * data.values[index], color=BLUE, linestyle=dash, linewidth=1.6, label=label)
    make_logarithmic(ax)
    low, high = 1000 * float(np.nanmin(data.values)), 1000 * float(np.nanmax(data.values))
    # A decade at least: on less, noise would look like trouble.
    ax.set_ylim(low / 1.5, max(1.5 * high, 10 * low))
    ax.set_xlim(0, float(data.starts[-1] + data.width))
    ax.set_xlabel("time sent (s)")
    whose = "" if data.operation is None else f" of {data.operation} requests"
    ax.set_ylabel(f"latency{whose} (ms),\npercentiles per {data.width:.2g} s")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.3, frameon=False, fontsize=9)
    return finish(ax, title)
