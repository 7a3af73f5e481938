"""Figures of `mixed_cap`: what users can still do on each side, and what each choice costs."""

from collections.abc import Mapping

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....plots import measures_by_parameter, plot_measures_by_parameter, values_of
from ....plots.palette import BLUE, GREEN, ORANGE, VERMILION
from ....result import SweepResult

_COLOURS = {"all CP": BLUE, "mixed": GREEN, "all AP": ORANGE, "all AP, overwritten": VERMILION}
_HATCHES = {"all CP": "", "mixed": "//", "all AP": "..", "all AP, overwritten": "xx"}
_SIDES = {
    "pages\nwhere it is cut off": "pages_cut_off",
    "orders\nwhere it is cut off": "orders_cut_off",
    "pages\nwith the majority": "pages_rest",
    "orders\nwith the majority": "orders_rest",
}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    if not {"choice", "cut"} <= set(result.varied):
        return {}
    choices = [each for each in _COLOURS if each in values_of(result, "choice")]
    return {"sides": _sides(result, choices), "costs": _costs(result, choices)}


def _sides(result: SweepResult, choices: list[str]) -> Figure:
    """Draw what is answered on each side during the longest cut, and what is wrong with it."""
    cut = values_of(result, "cut")[-1]
    figure, (left, right) = plt.subplots(1, 2, figsize=(11.5, 4.8), width_ratios=(5, 3), layout="constrained")
    _bars(left, result, choices, cut, _SIDES)
    left.set_ylabel("answered during the cut\n(share of requests)")
    left.set_ylim(0.0, 1.08)
    wrong = {"wrong price": "wrong_price", "withdrawn item\n(a ghost)": "ghost"}
    _bars(right, result, choices, cut, wrong)
    right.set_ylabel("of the pages shown where it is cut off\n(share)")
    right.set_ylim(bottom=0.0)
    for ax in (left, right):
        ax.set_xlabel("bars: mean, with its 95 % interval")
    right.legend(loc="upper right", frameon=False, fontsize=9)
    figure.suptitle(
        f"Cut off for {cut:g} s: a side shows pages if old ones will do, takes orders if it need not agree",
        x=0.01,
        ha="left",
        fontsize=11,
        fontweight="bold",
    )
    return figure


def _bars(ax: Axes, result: SweepResult, choices: list[str], cut: float, groups: Mapping[str, str]) -> None:
    width = 0.8 / len(choices)
    for index, choice in enumerate(choices):
        found = [result.estimate(result.point(choice=choice, cut=cut), name) for name in groups.values()]
        means = np.nan_to_num([each.mean for each in found])
        widths = np.nan_to_num([each.half_width for each in found], posinf=0.0)
        low, high = np.minimum(widths, means), np.minimum(widths, np.maximum(1.0 - means, 0.0))
        ax.bar(
            np.arange(len(groups)) + width * (index - (len(choices) - 1) / 2),
            means,
            width,
            yerr=[low, high],
            capsize=2,
            color=_COLOURS[choice],
            hatch=_HATCHES[choice],
            edgecolor="white",
            label=choice,
        )
    ax.set_xticks(np.arange(len(groups)), list(groups), fontsize=9)
    ax.spines[["top", "right"]].set_visible(False)


def _costs(result: SweepResult, choices: list[str]) -> Figure:
    """Draw apologies, refusals and what is earned along the length of the cut."""
    figure, axes = plt.subplots(3, 1, figsize=(8.8, 8.6), sharex=True, layout="constrained")
    names = {
        "apologies_count": "apologies\n(orders confirmed, none left)",
        "refused_count": "orders that failed",
        "earned": "earned\n(apologies at 20 deducted)",
    }
    for ax, (name, label) in zip(axes, names.items(), strict=True):
        data = measures_by_parameter(result, "cut", {each: (name, {"choice": each}) for each in choices})
        plot_measures_by_parameter(data, ax=ax, label=label, colours=_COLOURS)
        if name != "earned":
            ax.set_ylim(bottom=-1.0)
        if ax is not axes[0]:
            ax.get_legend().remove()
        ax.set_xlabel("")
    cut = values_of(result, "cut")[-1]
    counts = {
        each: result.estimate(result.point(choice=each, cut=cut), "apologies_count").mean for each in choices
    }
    said = ", ".join(f"{count:.0f} ({each})" for each, count in counts.items())
    axes[0].set_title(
        f"Apologies after a cut of {cut:g} s:\n{said}", loc="left", fontsize=11, fontweight="bold"
    )
    axes[-1].set_xlabel("how long one of three sides is cut off (s)")
    return figure
