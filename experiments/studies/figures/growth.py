"""Figures of `growth`: how much of what is used at which load, design by design, and what comes of it."""

from collections import Counter
from collections.abc import Mapping
from math import ceil, isfinite

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from models.observers.saturation import FULL, ResourceUse, SaturationReport

from ...plots.measures_by_parameter import MARKERS, finite
from ...plots.palette import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION, colours_of, finish
from ...result import SweepResult
from ...study import Run
from ...summary import Estimate
from ..growth import IN_TIME, KINDS, RATE, GrowthRun
from .drawing import figure_of, run_again

_KIND_COLOURS = {"cores": BLUE, "threads": ORANGE, "pool": PURPLE, "link": GREEN}
_KIND_TEXTS = {"cores": "cores", "threads": "threads", "pool": "connections to the bank", "link": "uplink"}
_KIND_MARKERS = {"cores": "o", "threads": "s", "pool": "^", "link": "D"}
_WORKS = ("cores", "link")  # the others are held while somebody works
_COLUMNS = 4
_USES_MAX, _SEEN = 8, 0.001
_ALL_SERVICES = "catalogue+orders+web"


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return how much of each resource was used, and what that means."""
    detail: GrowthRun = run.detail
    return {"resources": _resources(detail.report)}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures along load, where that was swept."""
    if "load" not in result.varied:
        return {}
    return {"utilisation": _utilisation(result), "goodput": _goodput(result)}


# -- one run


def _resources(report: SaturationReport) -> Figure:
    uses = [use for use in report.uses if use.load >= _SEEN or use.is_symptom][:_USES_MAX][::-1]
    figure, ax = plt.subplots(figsize=(8.6, 1.6 + 0.42 * len(uses)), layout="constrained")
    places = np.arange(len(uses))
    ax.barh(places, [use.utilisation for use in uses], color=[_colour(use) for use in uses], height=0.62)
    ax.plot(
        [min(use.load, 1.0) for use in uses],
        places,
        "|",
        color="black",
        markersize=16,
        markeredgewidth=2,
        label="needed if nobody had to wait elsewhere",
    )
    ax.axvline(FULL, color=GREY, linestyle="--", linewidth=1.0)
    ax.set_yticks(places, [_short(use.name) for use in uses])
    ax.set_xlim(0.0, 1.02)
    ax.set_xlabel("share in use (utilisation; of threads and connections: held)")
    ax.set_ylabel("what saturates, the next first")
    ax.legend(loc="lower right", frameon=False, fontsize=8)
    said = str(report.first) if report.first is not None else "Nothing is used"
    finish(ax, f"{report.rate:,.0f} requests/s answered: {_short(said)}")
    ax.grid(visible=False, axis="y")
    return figure


def _colour(use: ResourceUse) -> str:
    return VERMILION if use.is_bottleneck else ORANGE if use.is_symptom else BLUE


def _short(text: str) -> str:
    """Return a text without the list of services where all of them stand on one host."""
    return text.replace(f"{_ALL_SERVICES} to ", "").replace(f"{_ALL_SERVICES} ", "")


# -- a sweep


def _utilisation(result: SweepResult) -> Figure:
    """Draw a panel for each design: what is used, along load, and what it says will be full first."""
    designs = list(dict.fromkeys(point["design"] for point in result.points))
    rows = ceil(len(designs) / _COLUMNS)
    columns = min(_COLUMNS, len(designs))
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(3.1 * columns + 0.6, 2.9 * rows + 1.0),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    panels = list(axes.flat)
    for ax, design in zip(panels, designs, strict=False):
        _draw_design(ax, result, design)
    for ax in panels[len(designs) :]:
        ax.set_axis_off()
    for ax in axes[:, 0]:
        ax.set_ylabel("share in use")
    for ax in panels[max(0, len(designs) - columns) : len(designs)]:
        ax.set_xlabel(f"load (x {RATE:g} requests/s)")
        ax.tick_params(labelbottom=True)
    place = panels[len(designs)] if len(designs) < len(panels) else panels[0]
    place.legend(*panels[0].get_legend_handles_labels(), loc="center left", frameon=False, fontsize=9)
    figure.suptitle(_title(result, designs), x=0.01, ha="left", fontsize=11, fontweight="bold")
    return figure


def _draw_design(ax: Axes, result: SweepResult, design: str) -> None:
    loads = sorted({point["load"] for point in result.points})
    for kind, measure in KINDS.items():
        means, widths = finite([_estimate(result, design, load, measure) for load in loads])
        ax.errorbar(
            loads,
            means,
            yerr=[  # a share lies in [0, 1], whatever an interval says
                [min(width, mean) for mean, width in zip(means, widths, strict=True)],
                [max(0.0, min(width, 1.0 - mean)) for mean, width in zip(means, widths, strict=True)],
            ],
            color=_KIND_COLOURS[kind],
            marker=_KIND_MARKERS[kind],
            markersize=4,
            linestyle="-" if kind in _WORKS else "--",
            linewidth=1.5,
            capsize=2,
            label=_KIND_TEXTS[kind],
        )
    _load_axis(ax, loads)
    ax.set_ylim(-0.03, 1.08)
    name, at = _first(result, design)
    ax.axvline(at, color=VERMILION, linestyle=":", linewidth=1.2)
    finish(ax, "")
    ax.set_title(f"{design}\n{name} first, at {_times(at)}", loc="left", fontsize=9)


def _first(result: SweepResult, design: str) -> tuple[str, float]:
    """Return what the lightest runs of a design say will be full first, and at which load."""
    loads = sorted({point["load"] for point in result.points})
    load = next(
        (load for load in loads if isfinite(_estimate(result, design, load, "saturates_at").mean)), loads[0]
    )
    at = _estimate(result, design, load, "saturates_at").mean
    names = [run.detail.report.first.name for run in run_again(result, {"design": design, "load": load})]
    return _short(Counter(names).most_common(1)[0][0]), at if isfinite(at) else load


def _estimate(result: SweepResult, design: str, load: float, measure: str) -> Estimate:
    return result.estimate(result.point(design=design, load=load), measure)


def _title(result: SweepResult, designs: list[str]) -> str:
    begins, ends = (_first(result, design) for design in (designs[0], designs[-1]))
    if len(designs) == 1:
        return f"With {designs[0]} it is {begins[0]} that give way first, at {_times(begins[1])}"
    return (
        f"Each step takes away a bottleneck and finds the next: "
        f"from {begins[0]} at {_times(begins[1])} to {ends[0]} at {_times(ends[1])}\n"
        "(dotted line: where runs at the lightest load say that the first will be full; "
        "dashed: held while others work)"
    )


def _goodput(result: SweepResult) -> Figure:
    designs = list(dict.fromkeys(point["design"] for point in result.points))
    loads = sorted({point["load"] for point in result.points})
    ax = plt.subplots(figsize=(8.6, 5.2), layout="constrained")[1]
    asked = [RATE * load for load in loads]
    ax.plot(loads, asked, color=GREY, linestyle=":", label="asked for")
    for design, colour in colours_of(designs, {}).items():
        means, widths = finite([_estimate(result, design, load, "goodput") for load in loads])
        low = [min(width, 0.9 * mean) for mean, width in zip(means, widths, strict=True)]
        ax.errorbar(
            loads,
            means,
            yerr=[low, widths],
            color=colour,
            marker=MARKERS[designs.index(design) % len(MARKERS)],
            markersize=5,
            linewidth=1.5,
            capsize=2,
            label=design,
        )
    _load_axis(ax, loads)
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter("{x:g}")
    ax.set_ylim(bottom=0.5 * min(asked), top=1.6 * max(asked))
    ax.set_xlabel(f"load (x {RATE:g} requests/s)")
    ax.set_ylabel(f"answered within {IN_TIME:g} s (requests/s)")
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(
        handles[::-1],  # as the lines stand above each other
        labels[::-1],
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        frameon=False,
        fontsize=9,
        title="bars: 95 % interval",
        title_fontsize=8,
    )
    return figure_of(finish(ax, _goodput_title(result, designs, loads)))


def _goodput_title(result: SweepResult, designs: list[str], loads: list[float]) -> str:
    """Say how much of the highest load the first design answers in time, and the best of them."""
    asked = RATE * loads[-1]
    shares = {design: _estimate(result, design, loads[-1], "goodput").mean / asked for design in designs}
    best = max(shares, key=lambda design: shares[design])
    return (
        f"Of {loads[-1]:g} times the load {designs[0]} answers {shares[designs[0]]:.1%} in time, "
        f"{best} {min(shares[best], 1.0):.0%}"
    )


def _load_axis(ax: Axes, loads: list[float]) -> None:
    ax.set_xscale("log")
    ax.set_xticks(loads, [f"{load:g}" for load in loads])
    ax.minorticks_off()


def _times(load: float) -> str:
    return f"x {load:.0f}" if load >= 10.0 else f"x {load:.1f}"
