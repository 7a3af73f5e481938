"""Figures of `deadlines`: goodput and wasted work against offered load."""

from collections.abc import Mapping

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ...plots import (
    measures_by_parameter,
    outcomes_over_time,
    plot_measures_by_parameter,
    plot_outcomes_over_time,
)
from ...result import SweepResult
from ...study import Run
from ..deadlines import CAPACITY
from .drawing import figure_of, name_again


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return outcomes over time."""
    detail = run.detail
    outcomes = outcomes_over_time(detail.requests, until=detail.duration)
    wasted, travels = run.measures["wasted"], run.parameters["deadlines"]
    title = f"Deadlines {travels}: {wasted:.0%} of the catalogue's work is for nobody"
    return {"outcomes": figure_of(plot_outcomes_over_time(outcomes, title=title))}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    if {"deadlines", "offered"} <= set(result.varied):
        return {"wasted_work": _wasted_work(result)}
    return {}


def _wasted_work(result: SweepResult) -> Figure:
    figure, (above, below) = plt.subplots(2, 1, figsize=(8.6, 7.0), sharex=True, layout="constrained")
    names = list(dict.fromkeys(point["deadlines"] for point in result.points))
    goodput, wasted = (
        measures_by_parameter(
            result, "offered", {f"deadlines {name}": (measure, {"deadlines": name}) for name in names}
        )
        for measure in ("goodput", "wasted")
    )
    last = {label: line[-1].mean for label, line in wasted.lines.items()}
    said = ", ".join(f"{share:.0%} ({label.removeprefix('deadlines ')})" for label, share in last.items())
    plot_measures_by_parameter(
        goodput,
        ax=above,
        title=f"At {wasted.values[-1]:g} times what the catalogue can do, "
        f"so much of its work is for nobody:\n{said}",
        label="pages answered in time (1/s)",
    )
    above.plot(
        np.arange(len(goodput.values)),
        [CAPACITY * min(1.0, value) for value in goodput.values],
        color="#777777",
        linestyle=":",
        zorder=1,
        label="what can be done",
    )
    name_again(above)
    plot_measures_by_parameter(
        wasted, ax=below, label="catalogue's work for nobody\n(share)", limits=(0.0, 1.0)
    )
    below.get_legend().remove()
    above.set_ylim(0, 1.15 * CAPACITY)
    below.set_ylim(-0.03, 1.05)
    above.set_xlabel("")
    below.set_title("")
    below.set_xlabel("pages that come (multiples of what the catalogue can do)")
    return figure
