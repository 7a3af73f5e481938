"""One measure over two parameters: the mean as a colour and as a number in each cell, with its half-width."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from .axis_text import measure_label, parameter_label, value_text, values_of
from .palette import figure_of, finish, new_axes

if TYPE_CHECKING:
    from ..result import SweepResult


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SweepHeatMap:
    """Means and 95 % half-widths of a measure, shape (y values, x values); nan where there is none."""

    x: str
    y: str
    x_values: tuple[Any, ...]
    y_values: tuple[Any, ...]
    means: npt.NDArray[np.float64]
    half_widths: npt.NDArray[np.float64]
    label: str


def sweep_heat_map(
    result: "SweepResult", measure: str, *, x: str, y: str, where: Mapping[str, Any] | None = None
) -> SweepHeatMap:
    """Return the estimates of `measure` over the parameters `x` and `y`; `where` settles the others."""
    x_values, y_values = values_of(result, x), values_of(result, y)
    found = [
        [result.estimate(result.point(**{**(where or {}), x: a, y: b}), measure) for a in x_values]
        for b in y_values
    ]
    return SweepHeatMap(
        x=parameter_label(result.study, x),
        y=parameter_label(result.study, y),
        x_values=tuple(x_values),
        y_values=tuple(y_values),
        means=np.array([[one.mean for one in row] for row in found]),
        half_widths=np.array([[one.half_width for one in row] for row in found]),
        label=measure_label(result.study, measure),
    )


def plot_sweep_heat_map(
    data: SweepHeatMap,
    *,
    ax: Axes | None = None,
    title: str = "",
    label: str | None = None,
    limits: tuple[float, float] | None = None,
    good: str = "high",
) -> Axes:
    """Draw the map on `ax`, bright where it is `good` ("high" or "low"), and return the axes.

    `limits` are the values at the ends of the colour bar, by default the data's own; a share is printed in
    per cent if the limits are (0, 1). What is infinite ("never") has the colour of the upper end.
    """
    ax = new_axes(ax, (7.0, 4.8))
    low, high = _limits(data) if limits is None else limits
    shown = np.where(np.isposinf(data.means), high, data.means)
    image = ax.imshow(
        shown, cmap="cividis" if good == "high" else "cividis_r", vmin=low, vmax=high, aspect="auto"
    )
    in_percent = limits == (0.0, 1.0)
    for (row, column), mean in np.ndenumerate(data.means):
        brightness = (shown[row, column] - low) / (high - low)
        is_bright = (brightness if good == "high" else 1 - brightness) > 0.5
        text = _cell_text(float(mean), float(data.half_widths[row, column]), in_percent)
        colour = "black" if is_bright or np.isnan(mean) else "white"
        ax.text(column, row, text, ha="center", va="center", fontsize=9, color=colour)
    ax.set_xticks(range(len(data.x_values)), [value_text(value) for value in data.x_values])
    ax.set_yticks(range(len(data.y_values)), [value_text(value) for value in data.y_values])
    ax.set_xlabel(data.x)
    ax.set_ylabel(data.y)
    finish(ax, title)
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    bar = figure_of(ax).colorbar(image, ax=ax, format="{x:.0%}" if in_percent else None)
    bar.set_label(
        f"{data.label if label is None else label}\n(cells: mean ± half-width of the 95 % interval)"
    )
    return ax


def _limits(data: SweepHeatMap) -> tuple[float, float]:
    finite = data.means[np.isfinite(data.means)]
    if not len(finite):
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _cell_text(mean: float, half_width: float, in_percent: bool) -> str:
    if not np.isfinite(mean):
        return "never" if mean > 0 else "–"
    factor = 100.0 if in_percent else 1.0
    mean, half_width = factor * mean, factor * half_width
    digits = 0 if abs(mean) >= 100 else 1
    first = f"{mean:.{digits}f}"
    return first if not np.isfinite(half_width) else f"{first}\n±{half_width:.1f}"
