"""Figures of `chaos`: what users get of what the infrastructure has, along the zones."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ...plots import (
    availability_over_time,
    measures_by_parameter,
    plot_availability_over_time,
    plot_measures_by_parameter,
)
from ...plots.logarithmic_axis import make_logarithmic_down_to_zero
from ...plots.palette import BLACK, POLICY_COLOURS
from ...result import SweepResult
from ...study import Run
from .drawing import figure_of, name_again

_LEAST = 0.001


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return availability over time, by operation."""
    answered, down = 1.0 - run.measures["failed"], run.measures["edge_down"]
    title = f"{answered:.1%} are answered; the edge is down {down:.1%} of the time"
    return {"availability": figure_of(plot_availability_over_time(availability_over_time(run), title=title))}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    return {"availability": _availability(result)} if "zones" in result.varied else {}


def _availability(result: SweepResult) -> Figure:
    """Draw what fails along the zones, on a logarithmic axis: each nine is one step down."""
    presets = list(dict.fromkeys(point["preset"] for point in result.points))
    lines: dict[str, tuple[str, Mapping[str, Any]]] = {
        f"{preset} shop": ("failed_inside", {"preset": preset}) for preset in presets
    }
    infrastructure = "a service without\na host"
    lines[infrastructure] = ("service_missing", {"preset": presets[-1]})
    data = measures_by_parameter(result, "zones", lines)
    careful = data.lines[f"{presets[-1]} shop"]
    said = ", ".join(f"{found.mean:.1%}" for found in careful)
    edge = float(np.nanmean([row.measures["edge_down"] for row in result.rows if not row.failed]))
    ax = plot_measures_by_parameter(
        data,
        title=f"With {data.values[0]} to {data.values[-1]} zones {said} of the requests fail in a "
        f"{presets[-1]} shop;\nbesides, the edge, of which there is one, is down {edge:.1%} of the time",
        label="share of the requests that fail, or of the time,\nwhile the edge is up",
        colours={**POLICY_COLOURS, infrastructure: BLACK},
        limits=(0.0, 1.0),
    )
    ax.axhline(edge, color="#777777", linewidth=0.9, linestyle=":", label="the edge is down")
    make_logarithmic_down_to_zero(ax, linear_up_to=_LEAST)
    ax.set_ylim(-0.1 * _LEAST, 1.0)
    ax.set_xlabel("zones, each with a host of every service")
    name_again(ax)
    return figure_of(ax)
