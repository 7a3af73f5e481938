"""Figures of `metastable`: which load survives the trigger under which remedy, and how it goes over time."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.measurement import windowed_level

from ...plots import (
    curves_over_time,
    fault_bands,
    plot_curves_over_time,
    plot_sweep_heat_map,
    sweep_heat_map,
)
from ...result import SweepResult
from ...study import Run
from ..metastable import CAPACITY, RELIEF_AT, MetastableRun

_WIDTH = 1.0
_SHOWN = (
    {"remedy": "none"},
    {"remedy": "none", "relief": "restart"},
    {"remedy": "none", "relief": "fewer users"},
    {"remedy": "budget"},
    {"remedy": "queue age"},
)


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return goodput and queue over time."""
    came_back = "comes back" if run.measures["recovered"] else "does not come back"
    title = (
        f"At {run.parameters['load']:.0%} load, remedy: {run.parameters['remedy']}, the system {came_back}"
    )
    return {"over_time": _over_time({str(run.parameters["remedy"]): [run]}, title)}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    without_relief = result.select(lambda point: point["relief"] == result.points[0]["relief"])
    if {"load", "remedy"} <= set(without_relief.varied):
        figures["vulnerable_load"] = _vulnerable_load(without_relief)
    figures["over_time"] = _compared(result)
    return figures


def _vulnerable_load(result: SweepResult) -> Figure:
    data = sweep_heat_map(result, "goodput_after", x="load", y="remedy", where={})
    alone = [
        (point["load"], result.estimate(index, "recovered").mean)
        for index, point in enumerate(result.points)
        if point["remedy"] == "none"
    ]
    lost = [load for load, share in alone if share < 0.5]
    title = "Requests answered a minute after the trigger is gone"
    if lost:
        title = f"Without a remedy the system stays down from a load of {min(lost):.0%} on;\n{title.lower()}"
    figure, ax = plt.subplots(figsize=(8.4, 5.2), layout="constrained")
    plot_sweep_heat_map(data, ax=ax, label="requests answered", limits=(0.0, 1.0), title=title)
    return figure


def _compared(result: SweepResult) -> Figure:
    """Run again, at the load at which it is lost without a remedy, what is done about it."""
    base = {**result.points[0], "load": _lost_load(result)}
    seeds = sorted({row.seed for row in result.rows})[: result.study.replications]
    runs = {
        _text(shown): [result.study(seed=seed, **{**base, **shown}) for seed in seeds] for shown in _SHOWN
    }
    back = {name: np.mean([run.measures["recovered"] for run in several]) for name, several in runs.items()}
    said = [name for name, share in back.items() if share > 0.5]
    title = (
        f"At {base['load']:.0%} of capacity a trigger of 10 s takes the system down for good,\n"
        f"unless something ends it: here {', '.join(said) or 'nothing'}"
    )
    return _over_time(runs, title)


def _lost_load(result: SweepResult) -> float:
    lost = [
        point["load"]
        for index, point in enumerate(result.points)
        if point["remedy"] == "none"
        and point["relief"] == "none"
        and result.estimate(index, "recovered").mean < 0.5
    ]
    return float(min(lost, default=result.points[-1]["load"]))


def _text(shown: Mapping[str, Any]) -> str:
    if shown.get("relief"):
        return f"{shown['relief']} at {RELIEF_AT:g} s"
    return "no remedy" if shown["remedy"] == "none" else str(shown["remedy"])


def _over_time(runs: Mapping[str, Sequence[Run]], title: str) -> Figure:
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(8.8, 6.6), sharex=True, height_ratios=(3, 2), layout="constrained"
    )
    details: dict[str, list[MetastableRun]] = {
        name: [run.detail for run in several] for name, several in runs.items()
    }
    first = next(iter(details.values()))[0]
    bands = fault_bands(first.log, first.duration)
    goodput = curves_over_time(
        {name: [run.goodput(_WIDTH) for run in several] for name, several in details.items()},
        label="requests answered (1/s)",
        faults=bands,
    )
    plot_curves_over_time(goodput, ax=above, title=title)
    _draw_capacity(above)
    above.set_xlabel("")
    present = curves_over_time(
        {
            name: [windowed_level(run.present.history, width=_WIDTH, until=run.duration) for run in several]
            for name, several in details.items()
        },
        label="requests at the server,\nwaiting ones included",
        faults=bands,
    )
    plot_curves_over_time(present, ax=below)
    below.set_yscale("symlog", linthresh=10)
    legend = below.get_legend()
    if legend is not None:
        legend.remove()
    return figure


def _draw_capacity(ax: Axes) -> None:
    ax.axhline(CAPACITY, color="#777777", linewidth=0.8)
    ax.annotate(
        "what the server can do",
        (0.01, CAPACITY),
        xycoords=("axes fraction", "data"),
        xytext=(0, 3),
        textcoords="offset points",
        fontsize=8,
        color="#555555",
    )
