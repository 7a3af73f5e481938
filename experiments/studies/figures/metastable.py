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
    plot_sweep_heat_map,
    sweep_heat_map,
)
from ...plots.logarithmic_axis import make_logarithmic_down_to_zero
from ...plots.palette import colours_by_policy
from ...result import SweepResult
from ...study import Run
from ..metastable import CAPACITY, RELIEF_AT, MetastableRun
from .drawing import curves_in_panels, run_again

_WIDTH = 2.0
_SHOWN: Mapping[str, Mapping[str, Any]] = {
    "no remedy": {"remedy": "none", "relief": "none"},
    "restart": {"remedy": "none", "relief": "restart"},
    "fewer users": {"remedy": "none", "relief": "fewer users"},
    "budget": {"remedy": "budget", "relief": "none"},
    "queue age": {"remedy": "queue age", "relief": "none"},
}


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return goodput and queue over time."""
    came_back = "comes back" if run.measures["recovered"] else "does not come back"
    remedy = str(run.parameters["remedy"])
    title = f"At {run.parameters['load']:.0%} load, remedy: {remedy}, the system {came_back}"
    return {"over_time": _over_time({"no remedy" if remedy == "none" else remedy: [run]}, title)}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    without_relief = result.select(lambda point: point["relief"] == result.points[0]["relief"])
    if {"load", "remedy"} <= set(without_relief.varied):
        figures["vulnerable_load"] = _vulnerable_load(without_relief)
    figures["over_time"] = _compared(result)
    return figures


def _vulnerable_load(result: SweepResult) -> Figure:
    """Map the time to recover over load and remedy."""
    data = sweep_heat_map(result, "recover_time", x="load", y="remedy", where={})
    lost = _lost_loads(result)
    title = "How soon users are served again when the trigger is gone"
    if lost:
        title = f"Without a remedy the system stays down from a load of {min(lost):.0%} on:\n{title.lower()}"
    figure, ax = plt.subplots(figsize=(8.4, 5.2), layout="constrained")
    plot_sweep_heat_map(
        data, ax=ax, label="time from the end of the trigger (s)", limits=(0.0, 60.0), good="low", title=title
    )
    ax.set_xlabel("load (share of what the server can do)")
    return figure


def _compared(result: SweepResult) -> Figure:
    """Run again, at a load at which it is lost without a remedy, what is done about it."""
    load = _shown_load(result)
    runs = {
        name: run_again(result, {**result.points[0], "load": load, **shown}) for name, shown in _SHOWN.items()
    }
    labels = {name: _text(name) for name in runs}
    back = {name: np.mean([run.measures["recovered"] for run in several]) for name, several in runs.items()}
    said = [labels[name] for name, share in back.items() if share > 0.5]
    title = (
        f"At {load:.0%} of capacity a trigger of 10 s takes the system down for good,\n"
        f"unless something ends it: here {', '.join(said) or 'nothing'}"
    )
    if back["no remedy"] > 0.5:
        title = f"At {load:.0%} of capacity the system survives a trigger of 10 s"
    return _over_time({labels[name]: several for name, several in runs.items()}, title)


def _shown_load(result: SweepResult) -> float:
    """Return the load at which reliefs were tried, else the least that is lost without a remedy."""
    relieved = [point["load"] for point in result.points if point["relief"] != "none"]
    return float(relieved[0] if relieved else min(_lost_loads(result), default=result.points[-1]["load"]))


def _lost_loads(result: SweepResult) -> list[float]:
    return [
        point["load"]
        for index, point in enumerate(result.points)
        if point["remedy"] == "none"
        and point["relief"] == "none"
        and result.estimate(index, "recovered").mean < 0.5
    ]


def _text(name: str) -> str:
    return name if _SHOWN[name]["relief"] == "none" else f"{name} at {RELIEF_AT:g} s"


def _over_time(runs: Mapping[str, Sequence[Run]], title: str) -> Figure:
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
    present = curves_over_time(
        {
            name: [windowed_level(run.present.history, width=_WIDTH, until=run.duration) for run in several]
            for name, several in details.items()
        },
        label="requests at the server,\nwaiting ones included",
        faults=bands,
    )
    colours = colours_by_policy({_text(name): name for name in _SHOWN})
    figure, (above, below) = curves_in_panels([goodput, present], title=title, colours=colours)
    _draw_capacity(above)
    above.set_ylim(0.0, 1.6 * CAPACITY)
    make_logarithmic_down_to_zero(below, linear_up_to=10.0)
    return figure


def _draw_capacity(ax: Axes) -> None:
    ax.axhline(CAPACITY, color="#777777", linewidth=0.8)
    ax.annotate(
        "what the server can do",
        (0.99, CAPACITY),
        xycoords=("axes fraction", "data"),
        xytext=(0, 3),
        textcoords="offset points",
        ha="right",
        fontsize=8,
        color="#555555",
    )
