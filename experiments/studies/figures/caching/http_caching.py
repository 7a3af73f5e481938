"""Figures of `http_caching`: what max-age buys and costs, what validation and staleness add."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....plots.measures_by_parameter import finite
from ....plots.palette import BLACK, BLUE, GREEN, ORANGE, VERMILION, finish
from ....result import SweepResult
from ...caching.http_caching import GRACES, MAX_AGES, OUTAGE, WINDOWS
from ..drawing import bars_note
from ..stores.whole_points import has_point, whole_point

_MAX_AGE = 5.0


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures = {}
    ages = [{"max_age": age, "etag": etag} for etag in (True, False) for age in MAX_AGES]
    if all(has_point(result, point) for point in ages):
        figures["max_age"] = _max_age(result)
    stale = [*_windows(), *_graces()]
    if all(has_point(result, point) for point in stale):
        figures["stale"] = _stale(result)
    return figures


def _windows() -> list[dict[str, Any]]:
    return [{"max_age": _MAX_AGE, "stale_while_revalidate": window} for window in WINDOWS]


def _graces() -> list[dict[str, Any]]:
    return [{"max_age": _MAX_AGE, "outage": OUTAGE, "stale_if_error": grace} for grace in GRACES]


# -- what a lifetime buys


def _max_age(result: SweepResult) -> Figure:
    figure, axes = plt.subplots(1, 3, figsize=(12.6, 4.4), layout="constrained")
    with_tag, without = ([{"max_age": age, "etag": etag} for age in MAX_AGES] for etag in (True, False))
    edge, load, old = axes
    _line(edge, result, with_tag, "at_the_edge", "answered at the edge", BLUE, scale=100.0)
    _line(edge, result, with_tag, "old", "old answers", VERMILION, marker="s", scale=100.0)
    theory = [100.0 * _mean(result, point, "old_theory") for point in with_tag]
    edge.plot(range(len(theory)), theory, color=BLACK, linestyle=":", label="old, by theory")
    _name_ages(edge, "share of the answers (%)")
    finish(edge, "What is not asked for may be old")
    edge.set_ylim(0.0, 100.0)
    for points, name, colour, marker in (
        (with_tag, "with an ETag", GREEN, "o"),
        (without, "without", ORANGE, "D"),
    ):
        _line(load, result, points, "site_bytes", name, colour, marker=marker, scale=0.001)
        _line(old, result, points, "site_cores", name, colour, marker=marker)
    _name_ages(load, "sent by the site (MB/s)")
    finish(load, "A validator saves bytes,")
    load.set_ylim(bottom=0.0)
    _name_ages(old, "busy cores of the site, of 2")
    finish(old, "and work, where a look is cheaper")
    old.set_ylim(bottom=0.0)
    for ax in axes:
        ax.legend(frameon=False, fontsize=9)
    _title(figure, result, "Cache-Control: max-age")
    return figure


def _line(
    ax: Axes,
    result: SweepResult,
    points: Sequence[Mapping[str, Any]],
    measure: str,
    label: str,
    colour: str,
    *,
    marker: str = "o",
    scale: float = 1.0,
) -> None:
    means, widths = (scale * np.array(each) for each in finite(_estimates(result, points, measure)))
    ax.errorbar(range(len(points)), means, yerr=widths, color=colour, marker=marker, label=label, capsize=2)


def _name_ages(ax: Axes, label: str) -> None:
    ax.set_xticks(range(len(MAX_AGES)), [f"{age:g}" for age in MAX_AGES])
    ax.set_xlabel("max-age (s)")
    ax.set_ylabel(label)


# -- what staleness buys


def _stale(result: SweepResult) -> Figure:
    figure, axes = plt.subplots(1, 4, figsize=(13.2, 3.9), layout="constrained")
    windows, graces = _windows(), _graces()
    names = [f"{window:g}" for window in WINDOWS]
    _bars(axes[0], result, windows, "latency_mean", names, BLUE, 1_000.0, "mean time to an answer (ms)")
    _bars(axes[1], result, windows, "old", names, VERMILION, 100.0, "old answers (%)")
    for ax in axes[:2]:
        ax.set_xlabel("stale-while-revalidate (s)")
    finish(axes[0], "Readers wait less,")
    finish(axes[1], "but more are told what is old")
    names = [f"{grace:g}" for grace in GRACES]
    _bars(axes[2], result, graces, "answered_in_outage", names, GREEN, 100.0, "answered in the outage (%)")
    _bars(axes[3], result, graces, "old", names, VERMILION, 100.0, "old answers (%)")
    for ax in axes[2:]:
        ax.set_xlabel("stale-if-error (s)")
    finish(axes[2], f"The site is down for {OUTAGE:g} s")
    finish(axes[3], "Old, or nothing at all")
    for ax in axes:
        ax.set_ylim(bottom=0.0)
    axes[2].set_ylim(top=112.0)
    _title(figure, result, f"Stale, with a max-age of {_MAX_AGE:g} s")
    return figure


def _bars(
    ax: Axes,
    result: SweepResult,
    points: Sequence[Mapping[str, Any]],
    measure: str,
    names: Sequence[str],
    colour: str,
    scale: float,
    label: str,
) -> None:
    means, widths = (scale * np.array(each) for each in finite(_estimates(result, points, measure)))
    ax.bar(range(len(names)), means, yerr=widths, color=colour, width=0.62, capsize=2, alpha=0.85)
    for place, (mean, width) in enumerate(zip(means, np.nan_to_num(widths), strict=True)):
        ax.annotate(
            f"{mean:.1f}", (place, mean + width), (0, 2), textcoords="offset points", ha="center", size=8
        )
    ax.set_xticks(range(len(names)), names)
    ax.set_ylabel(label)
    ax.margins(y=0.12)


def _estimates(result: SweepResult, points: Sequence[Mapping[str, Any]], measure: str) -> list[Any]:
    return [result.estimate(result.point(**whole_point(result, **point)), measure) for point in points]


def _mean(result: SweepResult, point: Mapping[str, Any], measure: str) -> float:
    return float(result.estimate(result.point(**whole_point(result, **point)), measure).mean)


def _title(figure: Figure, result: SweepResult, text: str) -> None:
    note = bars_note(result)
    whole = f"{text}    ({note})" if note else text
    figure.suptitle(whole, x=0.01, ha="left", fontsize=11, fontweight="bold")
