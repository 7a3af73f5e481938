"""Measures of a sweep along one parameter: means with their 95 % intervals across replications.

The parameter's values stand at equal distances (see `axis_text`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from ..summary import Estimate
from .axis_text import measure_label, parameter_label, value_text, values_of
from .palette import POLICY_COLOURS, colours_of, finish, new_axes

if TYPE_CHECKING:
    from ..result import SweepResult

INTERVALS = "bars: 95 % interval"
MARKERS = ("o", "s", "^", "D", "v")
_ASIDE = 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuresByParameter:
    """For each line of `lines`, by its label, one estimate per value of `parameter`."""

    parameter: str
    values: tuple[Any, ...]
    lines: Mapping[str, tuple[Estimate, ...]]
    label: str


def measures_by_parameter(
    result: "SweepResult",
    parameter: str,
    lines: Mapping[str, tuple[str, Mapping[str, Any]]],
) -> MeasuresByParameter:
    """Return estimates along `parameter`; `lines` maps a label to a measure and the other parameters.

    Example::

        measures_by_parameter(result, "timeout", {"slow": ("browse_available", {"fault": "slow"})})
    """
    values = values_of(result, parameter)
    return MeasuresByParameter(
        parameter=parameter_label(result.study, parameter),
        values=tuple(values),
        lines={
            label: tuple(
                result.estimate(result.point(**{**where, parameter: value}), measure) for value in values
            )
            for label, (measure, where) in lines.items()
        },
        label=measure_label(result.study, next(iter(lines.values()))[0]),
    )


def plot_measures_by_parameter(
    data: MeasuresByParameter,
    *,
    ax: Axes | None = None,
    title: str = "",
    label: str | None = None,
    colours: Mapping[str, str] = POLICY_COLOURS,
    limits: tuple[float, float] = (-np.inf, np.inf),
) -> Axes:
    """Draw one line per label on `ax`, intervals as bars; infinite means are left out; returns the axes.

    A bar is cut at the `limits` of what is possible: a share lies in (0, 1), whatever an interval says.
    """
    ax = new_axes(ax)
    colour = colours_of(data.lines, colours)
    for index, (name, estimates) in enumerate(data.lines.items()):
        means, widths = finite(estimates)
        # Side by side, so that lines of equal values stay visible.
        aside = _ASIDE * (index - (len(data.lines) - 1) / 2)
        ax.errorbar(
            np.arange(len(means)) + aside,
            means,
            yerr=_within(limits, means, widths),
            color=colour[name],
            marker=MARKERS[index % len(MARKERS)],
            markersize=5,
            linewidth=1.6,
            capsize=3,
            label=name,
        )
    name_values(ax, data)
    ax.set_ylabel(data.label if label is None else label)
    ax.legend(
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        borderaxespad=0.3,
        frameon=False,
        fontsize=9,
        title=interval_note(found for line in data.lines.values() for found in line),
        title_fontsize=8,
        alignment="left",
    )
    return finish(ax, title)


def name_values(ax: Axes, data: MeasuresByParameter) -> None:
    """Put the parameter's values and name on the x axis."""
    ax.set_xticks(np.arange(len(data.values)), [value_text(value) for value in data.values])
    ax.set_xlim(-0.3, len(data.values) - 0.7)
    ax.set_xlabel(data.parameter)


def _within(limits: tuple[float, float], means: list[float], widths: list[float]) -> list[list[float]]:
    """Return how far each bar reaches down and up, shape (2, values)."""
    low, high = limits
    return [
        [min(width, max(mean - low, 0.0)) for mean, width in zip(means, widths, strict=True)],
        [min(width, max(high - mean, 0.0)) for mean, width in zip(means, widths, strict=True)],
    ]


def interval_note(estimates: Iterable[Estimate]) -> str:
    """Return what a legend says of the bars: nothing where all are of single runs, which have none."""
    return INTERVALS if any(found.count > 1 for found in estimates) else ""


def finite(estimates: Sequence[Estimate]) -> tuple[list[float], list[float]]:
    """Return means and half-widths as they can be drawn: nan for an infinite mean, 0 for no interval."""
    means = [found.mean if np.isfinite(found.mean) else np.nan for found in estimates]
    return means, [found.half_width if np.isfinite(found.half_width) else 0.0 for found in estimates]
