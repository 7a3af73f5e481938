"""Curves over time: anything that was counted per window, one line per policy, with the fault shaded.

Where a policy has several runs the line is their mean and the band its 95 % interval, window by window.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from simulator.measurement import WindowedSeries

from ..summary import estimate
from .fault_shading import FaultBand, shade_faults
from .palette import POLICY_COLOURS, colours_of, finish, new_axes

DASHES = ("-", (0, (5, 2)), (0, (1, 1.5)))

_ROOM = 1.12  # the name of a fault stands above what is drawn


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """One line: shape (windows,) each, `low` and `high` the 95 % interval across runs (nan with one run)."""

    label: str
    mean: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CurvesOverTime:
    """Curves over windows that begin at `starts` (s, shape (windows,)), each `width` seconds long.

    `label` is that of the y axis, unit included.
    """

    starts: npt.NDArray[np.float64]
    width: float
    curves: tuple[Curve, ...]
    faults: tuple[FaultBand, ...]
    label: str
    runs_count: int


def curves_over_time(
    series: Mapping[str, Sequence[WindowedSeries]], *, label: str, faults: Sequence[FaultBand] = ()
) -> CurvesOverTime:
    """Return one curve for each label of `series`, from one series per run, all over the same windows."""
    first = next(iter(series.values()))[0]
    return CurvesOverTime(
        starts=first.starts,
        width=first.width,
        curves=tuple(curve_of(name, [one.values for one in runs]) for name, runs in series.items()),
        faults=tuple(faults),
        label=label,
        runs_count=max(map(len, series.values())),
    )


def plot_curves_over_time(
    data: CurvesOverTime,
    *,
    ax: Axes | None = None,
    title: str = "",
    colours: Mapping[str, str] = POLICY_COLOURS,
    faults_named: bool = True,
) -> Axes:
    """Draw the curves on `ax` with faults shaded, and `faults_named` at the top; returns the axes."""
    ax = new_axes(ax)
    shade_faults(ax, data.faults, labelled=faults_named)
    draw_curves(ax, data.curves, data.starts + data.width / 2, colours)
    ax.set_xlim(float(data.starts[0]), float(data.starts[-1] + data.width))
    ax.set_ylim(bottom=0.0)
    if data.faults and faults_named:
        ax.set_ylim(top=_ROOM * ax.get_ylim()[1])
    ax.set_xlabel("time (s)")
    ax.set_ylabel(data.label)
    name_curves(ax, data.runs_count)
    return finish(ax, title)


def draw_curves(
    ax: Axes,
    curves: Sequence[Curve],
    times: npt.NDArray[np.float64],
    colours: Mapping[str, str],
    *,
    limits: tuple[float, float] = (0.0, np.inf),
) -> None:
    """Draw each curve with its band, which is cut at the `limits` of what is possible, and label it."""
    colour = colours_of([curve.label for curve in curves], colours)
    for index, curve in enumerate(curves):
        dash = DASHES[index % len(DASHES)]
        line = colour[curve.label]
        ax.plot(times, curve.mean, color=line, linestyle=dash, linewidth=1.8, label=curve.label)
        if np.isfinite(curve.low).any():
            low, high = np.clip(curve.low, *limits), np.clip(curve.high, *limits)
            ax.fill_between(times, low, high, color=line, alpha=0.22, linewidth=0)


def name_curves(ax: Axes, runs_count: int) -> None:
    """Put the legend beside `ax`, and say there what line and band are."""
    ax.legend(
        title="" if runs_count == 1 else f"mean of {runs_count} runs,\nband: 95 % interval",
        title_fontsize=8,
        fontsize=9,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        borderaxespad=0.3,
        frameon=False,
        alignment="left",
    )


def curve_of(label: str, runs: Sequence[npt.NDArray[np.float64]]) -> Curve:
    """Return mean and interval of several runs, window by window; each of shape (windows,)."""
    estimates = [estimate(list(window)) for window in zip(*(row.tolist() for row in runs), strict=True)]
    return Curve(
        label=label,
        mean=np.array([found.mean for found in estimates]),
        low=np.array([found.low for found in estimates]),
        high=np.array([found.high for found in estimates]),
    )
