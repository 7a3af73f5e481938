"""Figures of `real_world`: apologies along breakage, what the agreement is worth, and where it pays."""

from collections.abc import Mapping

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ....plots import measures_by_parameter, plot_measures_by_parameter, values_of
from ....plots.palette import BLACK, BLUE, GREY, ORANGE
from ....result import SweepResult
from ..drawing import figure_of

_NAMES = {"agreed": "agreed on (CP)", "each side": "each side counts (AP)"}
_COLOURS = {"agreed on (CP)": BLUE, "each side counts (AP)": ORANGE}
_MARGIN, _APOLOGIES = 6.0, np.linspace(0.0, 60.0, 121)


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    if not {"count", "breakage", "buffer"} <= set(result.varied):
        return {}
    grid = result.select(lambda point: point["cut"] == 40.0 and point["units"] == 8)
    figures = {"apologies": _apologies(grid), "worth": _worth(grid)}
    if len(set(values_of(result, "units"))) > 1:
        figures["choice"] = _choice(result)
    return figures


def _apologies(grid: SweepResult) -> Figure:
    data = measures_by_parameter(
        grid,
        "breakage",
        {name: ("apologies_count", {"count": count, "buffer": 0}) for count, name in _NAMES.items()},
    )
    agreed, split = data.lines.values()
    ax = plot_measures_by_parameter(
        data,
        title=f"Without a buffer the agreement saves {split[0].mean - agreed[0].mean:.0f} apologies of "
        f"{split[0].mean:.0f} where nothing breaks,\nand {split[-1].mean - agreed[-1].mean:.0f} of "
        f"{split[-1].mean:.0f} where a unit would break {data.values[-1]:g} times in a sale",
        label="apologies (orders)",
        colours=_COLOURS,
    )
    ax.set_ylim(bottom=0.0)
    ax.set_xlabel("how often a unit would break on the shelf in one sale")
    return figure_of(ax)


def best_buffers(grid: SweepResult, count: str) -> dict[float, tuple[int, float]]:
    """Return the buffer that earns most, and what it earns, by breakage."""
    buffers = values_of(grid, "buffer")
    found = {}
    for breakage in values_of(grid, "breakage"):
        earned = {
            buffer: grid.estimate(grid.point(count=count, breakage=breakage, buffer=buffer), "earned").mean
            for buffer in buffers
        }
        best = max(buffers, key=lambda buffer: earned[buffer])
        found[breakage] = best, earned[best]
    return found


def _worth(grid: SweepResult) -> Figure:
    """Draw what is earned with the best buffer, and without one, along breakage."""
    figure, ax = plt.subplots(figsize=(8.8, 5.2), layout="constrained")
    best = {count: best_buffers(grid, count) for count in _NAMES}
    places = np.arange(len(best["agreed"]))
    for count, name in _NAMES.items():
        colour = _COLOURS[name]
        earned = [value for _, value in best[count].values()]
        bare = [
            grid.estimate(grid.point(count=count, breakage=breakage, buffer=0), "earned").mean
            for breakage in best[count]
        ]
        ax.plot(places, earned, color=colour, marker="o", label=f"{name}, best buffer")
        ax.plot(places, bare, color=colour, linestyle=":", marker="x", label=f"{name}, no buffer")
        for place, (buffer, value) in zip(places, best[count].values(), strict=True):
            above = count == "agreed"
            ax.annotate(
                f"buffer {buffer}",
                (place, value),
                (0, 8 if above else -14),
                textcoords="offset points",
                ha="center",
                fontsize=8,
                color=colour,
            )
    gaps = [best["agreed"][each][1] - best["each side"][each][1] for each in best["agreed"]]
    ax.set_title(
        f"With the best buffer for each the agreement is worth {gaps[0]:.0f} where nothing breaks,\n"
        f"{gaps[-1]:.0f} where a unit would break {max(best['agreed']):g} times in a sale",
        loc="left",
        fontsize=11,
        fontweight="bold",
    )
    ax.set_xticks(places, [f"{each:g}" for each in best["agreed"]])
    ax.set_xlabel("how often a unit would break on the shelf in one sale")
    ax.set_ylabel("earned (6 a unit, less 20 an apology)")
    ax.axhline(0.0, color=GREY, linewidth=0.8, zorder=0)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=9)
    return figure


def more_if_split(result: SweepResult, units: int) -> tuple[float, float]:
    """Return how many orders more are shipped if each side counts, and how many apologies more are made."""
    at = {"units": units, "breakage": 0.0, "buffer": 0, "cut": 40.0}
    shipped, apologies = (
        result.estimate(result.point(count="each side", **at), measure).mean
        - result.estimate(result.point(count="agreed", **at), measure).mean
        for measure in ("shipped_count", "apologies_count")
    )
    return shipped, apologies


def _choice(result: SweepResult) -> Figure:
    """Draw by how much each side for itself earns more, along the cost of an apology."""
    figure, ax = plt.subplots(figsize=(9.6, 5.0), layout="constrained")
    stocks = sorted(values_of(result, "units"))
    for units, style in zip(stocks, ("-", "--", "-.", ":"), strict=False):
        shipped, apologies = more_if_split(result, units)
        ax.plot(
            _APOLOGIES,
            _MARGIN * shipped - _APOLOGIES * apologies,
            linestyle=style,
            color=BLACK,
            label=f"{units} units: {shipped:+.0f} shipped, {apologies:+.0f} apologies",
        )
    ax.axhline(0.0, color=GREY, linewidth=0.8)
    low, high = ax.get_ylim()
    ax.axhspan(0.0, high, color=ORANGE, alpha=0.15, zorder=0)
    ax.axhspan(low, 0.0, color=BLUE, alpha=0.15, zorder=0)
    ax.set_ylim(low, high)
    ax.text(59.0, high * 0.12, "let each side count (AP)", ha="right", va="center", weight="bold")
    ax.text(1.0, low * 0.9, "agree (CP)", ha="left", va="center", weight="bold")
    ax.set_xlim(0.0, 60.0)
    ax.set_xlabel("what an apology costs (a unit brings 6)")
    ax.set_ylabel("earned more if each side counts")
    ax.set_title(
        "Agree where stock is scarce and apologies are dear; where there is plenty, let each side count",
        loc="left",
        fontsize=11,
        fontweight="bold",
    )
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(
        frameon=False,
        fontsize=9,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        title="units of each item,\nand what each side for itself does",
        title_fontsize=8,
        alignment="left",
    )
    return figure
