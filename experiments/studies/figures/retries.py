"""Figures of `retries`: what layers multiply to, and how the herd comes back."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from simulator.measurement import windowed_level

from ...plots import (
    curves_over_time,
    fault_bands,
    measures_by_parameter,
    plot_measures_by_parameter,
)
from ...plots.logarithmic_axis import make_logarithmic
from ...plots.palette import colours_by_policy
from ...result import SweepResult
from ...study import Run
from ..retries import PEAK_WIDTH, RetriesRun
from .drawing import curves_in_panels, figure_of, name_again, run_again

_LAW_COLOUR = "#BBBBBB"


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return attempts and connections over time."""
    backoff = run.parameters["backoff"]
    peak = run.measures["peak_back"]
    title = f"Retries with backoff: {backoff}. Up to {peak:,.0f} attempts/s when the server is back"
    return {"over_time": _over_time({_pause_text(str(backoff)): [run]}, title)}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    layered = [point for point in result.points if point["layers"] > 1]
    if layered:
        figures["layers"] = _layers(result)
    herd = {
        str(point["backoff"]): point
        for point in reversed(result.points)
        if point["layers"] == 1 and point["budget"] == "none" and point["attempts"] == _most_attempts(result)
    }
    if len(herd) > 1:
        figures["herd"] = _herd(result, herd)
    return figures


def _most_attempts(result: SweepResult) -> int:
    return max(int(point["attempts"]) for point in result.points)


def _layers(result: SweepResult) -> Figure:
    """Draw attempts per request along the layers, one line per rule, and the law."""
    points = [point for point in result.points if point["layers"] > 1]
    rules = list(dict.fromkeys((point["attempts"], point["backoff"], point["budget"]) for point in points))
    layers = sorted({point["layers"] for point in points} | {1})
    clients = points[0]["clients"]
    cut = result.select(
        lambda point: (
            point["clients"] == clients and (point["attempts"], point["backoff"], point["budget"]) in rules
        )
    )
    lines = {
        _rule_text(*rule): (
            "attempts_per_request",
            dict(zip(("attempts", "backoff", "budget"), rule, strict=True)),
        )
        for rule in rules
    }
    data = measures_by_parameter(cut, "layers", lines)
    worst = max(estimate.mean for line in data.lines.values() for estimate in line)
    best = min(line[-1].mean for line in data.lines.values())
    ax = plot_measures_by_parameter(
        data,
        title=f"A request to a dead server costs it {worst:.3g} attempts over {layers[-1]} layers;\n"
        f"with the tightest budget {best:.3g}",
        label="attempts at the server\nper request, while it is down",
        colours=colours_by_policy({_rule_text(*rule): _policy(*rule) for rule in rules}),
    )
    laws = {1}
    for attempts in sorted({rule[0] for rule in rules}):
        law = [attempts**number for number in layers]
        laws.update(law)
        said = f"{attempts} to the power of layers"
        ax.plot(np.arange(len(layers)), law, color=_LAW_COLOUR, linewidth=5, zorder=1, label=said)
    make_logarithmic(ax)
    ax.yaxis.set_major_locator(FixedLocator(sorted(laws)))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set_ylim(0.8, 1.6 * max(worst, *laws))
    ax.set_xlabel("layers that retry")
    name_again(ax)
    return figure_of(ax)


def _policy(_attempts: int, backoff: str, budget: str) -> str:
    return _pause_text(backoff) if budget == "none" else budget


def _rule_text(attempts: int, backoff: str, budget: str) -> str:
    within = "" if budget == "none" else f",\nbudget: {budget}"
    return f"{attempts} attempts, {_pause_text(backoff)}{within}"


def _herd(result: SweepResult, herd: Mapping[str, Mapping[str, object]]) -> Figure:
    shown = [name for name in ("none", "exponential", "full jitter") if name in herd] or list(herd)[:3]
    runs = {name: run_again(result, herd[name]) for name in shown}
    peaks = {name: np.mean([run.measures["peak_back"] for run in several]) for name, several in runs.items()}
    said = ", ".join(f"{peaks[name]:,.0f} with {_pause_text(name)}" for name in shown)
    return _over_time(
        {_pause_text(name): several for name, several in runs.items()},
        f"Most attempts per second once the server is back:\n{said}",
    )


def _pause_text(backoff: str) -> str:
    return {"none": "no backoff"}.get(backoff, backoff if "jitter" in backoff else f"{backoff} backoff")


def _over_time(runs: Mapping[str, Sequence[Run]], title: str) -> Figure:
    details: dict[str, list[RetriesRun]] = {
        name: [run.detail for run in several] for name, several in runs.items()
    }
    first = next(iter(details.values()))[0]
    bands = fault_bands(first.log, first.duration)
    attempts = curves_over_time(
        {name: [run.attempt_rate() for run in several] for name, several in details.items()},
        label=f"attempts at the server\n(1/s, per {PEAK_WIDTH:g} s)",
        faults=bands,
    )
    held = curves_over_time(
        {
            name: [
                windowed_level(run.held.history, width=PEAK_WIDTH, since=0.0, until=run.duration)
                for run in several
            ]
            for name, several in details.items()
        },
        label="connections held",
        faults=bands,
    )
    figure, (above, below) = curves_in_panels([attempts, held], title=title)
    make_logarithmic(above, steps=(1,))
    above.set_ylim(bottom=5)
    below.set_xlim(first.down_at - 5.0, first.duration)
    return figure
