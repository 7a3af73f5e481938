"""Figures of `write_behind`: along the flush interval, the patterns beside each other, and over time."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....plots import curves_over_time, measures_by_parameter, plot_measures_by_parameter
from ....plots.fault_shading import FaultBand
from ....plots.logarithmic_axis import make_logarithmic
from ....plots.palette import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION
from ....result import SweepResult
from ....study import Run
from ...caching.write_behind import (
    COMPARED,
    CRASH_FROM,
    DOWN_FOR,
    END,
    EXPONENTS,
    FEW,
    INTERVALS,
    MANY,
    OUTAGE_AT,
    OUTAGE_FOR,
    OVER_INTERVALS,
    PATTERNS,
    RATE,
    WARM_UP,
    WriteBehindRun,
)
from ..drawing import bars_note, curves_in_panels, run_again
from ..stores.bar_panels import Panel, bar_panels
from ..stores.whole_points import has_point, whole_point

_WIDTH = 1.0
_ASIDE = 0.08  # lines of several skews stand so far beside each other, as they do where they are drawn
_PATTERN_COLOURS = {"around": ORANGE, "through": VERMILION, "behind": BLUE}
_ROW_COLOURS = {
    "around": ORANGE,
    "through": VERMILION,
    "behind": BLUE,
    "behind, few dirty": SKY,
    "through, much asked": VERMILION,
    "behind, much asked": BLUE,
}
_ROW_NAMES = {
    "behind, few dirty": f"behind, at most {FEW} dirty",
    "through, much asked": f"through, {MANY:g} requests/s",
    "behind, much asked": f"behind, {MANY:g} requests/s",
}
_SKEWS = {0.0: "all carts alike", 0.8: "Zipf 0.8", 1.2: "Zipf 1.2"}
_SKEW_COLOURS = {"all carts alike": GREEN, "Zipf 0.8": BLUE, "Zipf 1.2": PURPLE}
_LAW_COLOUR = "#BBBBBB"


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return acknowledged writes, dirty carts and the database's writes over time."""
    pattern = str(run.parameters["pattern"])
    lost = run.measures["lost"]
    title = f"Writes {pattern} the cache: the crash takes {lost:.0f} acknowledged writes"
    return {"over_time": _over_time({pattern: [run]}, title)}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    if all(has_point(result, point) for point in OVER_INTERVALS):
        figures["intervals"] = _along_intervals(result)
    if all(has_point(result, point) for point in COMPARED.values()):
        figures["patterns"] = _patterns(result)
    if all(has_point(result, {"pattern": pattern}) for pattern in PATTERNS):
        figures["over_time"] = _compared_over_time(result)
    return figures


# -- along the flush interval -------------------------------------------------------------------------------


def _along_intervals(result: SweepResult) -> Figure:
    """Draw what the database has to write, and what a crash takes, along the flush interval."""
    points = [whole_point(result, **point) for point in OVER_INTERVALS]
    result = result.select(lambda point: point in points)
    figure, (left, right) = plt.subplots(1, 2, figsize=(13.2, 5.0), layout="constrained")
    _lines(left, result, "writes", "writes that reach the database (1/s)")
    _lines(right, result, "waiting", "acknowledged writes that a crash takes")
    left.set_ylim(0.0, 1.12 * RATE / 2.0)
    left.axhline(RATE / 2.0, color=BLACK, linewidth=0.9, linestyle=(0, (4, 2)))
    left.annotate(
        "what users write",
        (0.75, RATE / 2.0),
        xycoords=("axes fraction", "data"),
        xytext=(0, 4),
        textcoords="offset points",
        fontsize=9,
    )
    _single_crashes(right, result)
    make_logarithmic(right, steps=(1.0, 3.0))
    left.get_legend().remove()
    right.legend(loc="upper left", frameon=False, fontsize=9, title=bars_note(result), title_fontsize=8)
    for ax in (left, right):
        ax.set_xlabel("flush interval (s)")
        ax.set_title("")
    ends = [_mean(result, "writes", interval) for interval in (INTERVALS[0], INTERVALS[-1])]
    losses = [_mean(result, "waiting", interval) for interval in (INTERVALS[0], INTERVALS[-1])]
    figure.suptitle(
        "The longer writes wait, the fewer reach the database, and the more a crash takes: with Zipf 0.8\n"
        f"{ends[0]:.0f} a second and {losses[0]:.0f} lost at {INTERVALS[0]:g} s, "
        f"{ends[1]:.0f} a second and {losses[1]:.0f} lost at {INTERVALS[-1]:g} s",
        x=0.01,
        ha="left",
        fontsize=11,
        fontweight="bold",
    )
    return figure


def _mean(result: SweepResult, measure: str, interval: float) -> float:
    return result.estimate(result.point(flush_interval=interval, exponent=0.8), measure).mean


def _lines(ax: Axes, result: SweepResult, measure: str, label: str) -> None:
    data = measures_by_parameter(
        result,
        "flush_interval",
        {_SKEWS[exponent]: (measure, {"exponent": exponent}) for exponent in EXPONENTS},
    )
    plot_measures_by_parameter(data, ax=ax, label=label, colours=_SKEW_COLOURS, limits=(0.0, np.inf))
    for place, exponent in enumerate(EXPONENTS):
        aside = _ASIDE * (place - (len(EXPONENTS) - 1) / 2)
        law = [
            result.estimate(result.point(flush_interval=interval, exponent=exponent), f"{measure}_law").mean
            for interval in INTERVALS
        ]
        name = None if place else "by theory"
        ax.plot(np.arange(len(law)) + aside, law, color=_LAW_COLOUR, linewidth=6, zorder=1, label=name)


def _single_crashes(ax: Axes, result: SweepResult) -> None:
    """Mark what each single crash has taken."""
    for place, exponent in enumerate(EXPONENTS):
        for position, interval in enumerate(INTERVALS):
            point = result.point(flush_interval=interval, exponent=exponent)
            lost = list(result.values(point, "lost").values())
            ax.plot(
                [position + 0.16 + 0.08 * (place - 1)] * len(lost),
                lost,
                linestyle="none",
                marker="x",
                markersize=4,
                color=_SKEW_COLOURS[_SKEWS[exponent]],
                label="one crash each" if not place and not position else None,
            )


# -- patterns -----------------------------------------------------------------------------------------------


def _patterns(result: SweepResult) -> Figure:
    rows = {_ROW_NAMES.get(name, name): whole_point(result, **point) for name, point in COMPARED.items()}
    behind = result.estimate(result.point(**rows["behind"]), "lost").mean
    return bar_panels(
        result,
        rows,
        [
            Panel(
                measure="p50",
                label="median time to the\nacknowledgement of a write (ms)",
                scale=1e3,
                missing="none acknowledged",
            ),
            Panel(measure="writes", label="the database is asked\nto write (1/s)", form=".0f"),
            Panel(measure="reads", label="the database is asked\nto read (1/s)", form=".0f"),
            Panel(
                measure="outage_writes",
                label=f"writes that fail in {OUTAGE_FOR:g} s\nwithout a database (%)",
                scale=100,
                form=".0f",
            ),
            Panel(measure="lost", label="acknowledged writes\nthat a crash takes", form=".0f"),
        ],
        title="Behind the cache a write is quick, the database gets fewer, and an outage fails none "
        f"that there is room for; a crash takes {behind:.0f} that were acknowledged",
        rows_are="which way a write goes",
        colours={_ROW_NAMES.get(name, name): colour for name, colour in _ROW_COLOURS.items()},
    )


# -- over time ----------------------------------------------------------------------------------------------


def _compared_over_time(result: SweepResult) -> Figure:
    runs: dict[str, list[Run]] = {
        pattern: run_again(result, whole_point(result, pattern=pattern))[:1] for pattern in PATTERNS
    }
    peak = runs["behind"][0].measures["dirty_peak"]
    title = (
        "While the database is away a cache that is written behind goes on acknowledging:\n"
        f"up to {peak:.0f} carts wait, and reach the database when it is back"
    )
    return _over_time(runs, title)


def _over_time(runs: Mapping[str, Sequence[Run]], title: str) -> Figure:
    details: dict[str, list[WriteBehindRun]] = {
        name: [run.detail for run in several] for name, several in runs.items()
    }
    crash_at = next(iter(details.values()))[0].crash_at
    faults = (
        FaultBand("web process crashes", crash_at, crash_at + DOWN_FOR),
        FaultBand("database away", OUTAGE_AT, OUTAGE_AT + OUTAGE_FOR),
    )
    figure, axes = curves_in_panels(
        [
            curves_over_time(
                {name: [run.acknowledged(_WIDTH) for run in several] for name, several in details.items()},
                label="writes acknowledged (1/s)",
                faults=faults,
            ),
            curves_over_time(
                {name: [run.dirty_carts() for run in several] for name, several in details.items()},
                label="carts that are dirty",
                faults=faults,
            ),
            curves_over_time(
                {name: [run.database_writes(_WIDTH) for run in several] for name, several in details.items()},
                label="writes that the database\nis asked for (1/s)",
                faults=faults,
            ),
        ],
        title=title,
        colours=_PATTERN_COLOURS,
    )
    for ax in axes:
        ax.set_xlim((WARM_UP + CRASH_FROM) / 2.0, END)
    return figure
