"""Figures of `placement`: what each loss takes under each rule, and how often too few are up."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from ...plots import (
    availability_over_time,
    measures_by_parameter,
    plot_availability_over_time,
    plot_measures_by_parameter,
    plot_sweep_heat_map,
    sweep_heat_map,
)
from ...plots.logarithmic_axis import make_logarithmic
from ...plots.palette import BLUE
from ...result import SweepResult
from ...study import Run
from .drawing import figure_of, name_again

_COLOURS = {"simulated": BLUE}
_THEORY = "#BBBBBB"


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return availability over time, with the time of the loss shaded."""
    title = (
        f"Placed by {run.parameters['rule']}: {run.measures['capacity_left']:.0%} of the instances survive "
        f"the loss of a {run.parameters['loss']}"
    )
    return {"availability": figure_of(plot_availability_over_time(availability_over_time(run), title=title))}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    if {"rule", "loss"} <= set(result.varied):
        figures["answered"] = _answered(result)
    if "rule" in result.varied:
        figures["short"] = _short(result)
    return figures


def _answered(result: SweepResult) -> Figure:
    data = sweep_heat_map(result, "answered", x="loss", y="rule")
    gone = [
        (f"a {loss}", int((data.means[:, column] < 0.01).sum())) for column, loss in enumerate(data.x_values)
    ]
    first, others = gone[0], ", ".join(f"{what} {count}" for what, count in gone[1:])
    ax = plot_sweep_heat_map(
        data,
        title=f"The loss of {first[0]} takes down {first[1]} of {len(data.y_values)} placements\n"
        f"of the same instances, {others}",
        label="answered while it is lost (%)",
        limits=(0.0, 1.0),
    )
    ax.set_xlabel("what loses its power: the one with most instances")
    ax.set_ylabel("rule of placement")
    return figure_of(ax)


def _short(result: SweepResult) -> Figure:
    first = result.points[0]["loss"]
    here = result.select(lambda point: point["loss"] == first)
    data = measures_by_parameter(here, "rule", {"simulated": ("short", {})})
    theory = [here.estimate(here.point(rule=rule), "short_theory").mean for rule in data.values]
    worst, best = int(np.argmax(theory)), int(np.argmin(theory))
    ax = plot_measures_by_parameter(
        data,
        title=f"Where hosts, racks, zones and regions fail at random,\n{data.values[worst]} has too few "
        f"instances up for {theory[worst]:.2%} of the time, {data.values[best]} for {theory[best]:.2%}",
        label="too few instances up\n(share of the time)",
        colours=_COLOURS,
    )
    ax.get_lines()[0].set_linestyle("none")
    ax.bar(np.arange(len(theory)), theory, color=_THEORY, width=0.5, zorder=0, label="theory: k out of n")
    make_logarithmic(ax)
    ax.set_ylim(min(theory) / 3.0, 3.0 * max(theory))
    ax.set_xlim(-0.6, len(theory) - 0.4)
    ax.set_xticks(np.arange(len(theory)), [str(rule).replace(" ", "\n", 1) for rule in data.values])
    ax.set_xlabel("rule of placement")
    name_again(ax)
    return figure_of(ax)
