"""Figures of `chaos`: what users get of what the infrastructure has, along the zones."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from ...plots import (
    availability_over_time,
    measures_by_parameter,
    plot_availability_over_time,
    plot_measures_by_parameter,
)
from ...result import SweepResult
from ...study import Run
from .drawing import figure_of


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return availability over time, by operation."""
    answered, up = run.measures["answered"], run.measures["services_up"]
    title = f"{answered:.1%} answered, with every service up {up:.1%} of the time"
    return {"availability": figure_of(plot_availability_over_time(availability_over_time(run), title=title))}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    return {"availability": _availability(result)} if "zones" in result.varied else {}


def _availability(result: SweepResult) -> Figure:
    presets = list(dict.fromkeys(point["preset"] for point in result.points))
    lines = {f"answered, {preset} shop": ("answered", {"preset": preset}) for preset in presets} | {
        "every service up": ("services_up", {"preset": presets[-1]})
    }
    data = measures_by_parameter(result, "zones", lines)
    few, many = (data.lines[f"answered, {presets[-1]} shop"][index].mean for index in (0, -1))
    bare = data.lines[f"answered, {presets[0]} shop"][-1].mean
    ax = plot_measures_by_parameter(
        data,
        title=f"Answered in a {presets[-1]} shop: {few:.1%} with {data.values[0]} zone, {many:.1%} with "
        f"{data.values[-1]};\nin a {presets[0]} one {bare:.1%} with as many",
        label="share (of requests, or of the time)",
    )
    return figure_of(ax)
