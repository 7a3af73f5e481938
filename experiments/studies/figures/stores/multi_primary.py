"""Figures of `multi_primary`: what is lost along the length of a partition, and what is lost without one."""

from collections.abc import Mapping, Sequence

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from ....plots import measures_by_parameter, plot_measures_by_parameter
from ....plots.palette import BLUE, GREEN, ORANGE, VERMILION
from ....result import SweepResult

_COLOURS = {
    "last writer wins": VERMILION,
    "hybrid clock": GREEN,
    "siblings": ORANGE,
    "data types": BLUE,
}
_BY_CLOCK = ("last writer wins", "hybrid clock")
_LOST = (
    ("lost_items", "items put into carts\nthat are gone"),
    ("lost_counts", "counts\nthat are missing"),
    ("returned_items", "items taken out of carts\nthat are in them again"),
    ("stale", "reads of a name\nthat had been replaced"),
)


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    cut, hot, skewed = (_along(result, parameter) for parameter in ("partition", "keys", "skew"))
    if cut is not None:
        figures["partition"] = _partition(cut)
    if hot is not None and skewed is not None:
        figures["no_partition"] = _no_partition(hot, skewed)
    return figures


def _along(result: SweepResult, parameter: str) -> SweepResult | None:
    """Return the points that differ in one parameter, of each resolution that has all its values.

    `None` where no resolution has two.
    """
    default = result.study.space.values({})
    others = [name for name in ("partition", "keys", "skew") if name != parameter]
    points = [point for point in result.points if all(point[name] == default[name] for name in others)]
    values: dict[str, set[float]] = {}
    for point in points:
        values.setdefault(point["resolution"], set()).add(point[parameter])
    most = max(values.values(), key=len, default=set())
    if len(most) < 2:
        return None
    return result.select(lambda point: point in points and values[point["resolution"]] == most)


def _names(result: SweepResult) -> list[str]:
    return list(dict.fromkeys(point["resolution"] for point in result.points))


def _partition(result: SweepResult) -> Figure:
    names = _names(result)
    figure, axes = plt.subplots(2, 2, figsize=(10.0, 6.4), sharex=True, layout="constrained")
    panels: list[Axes] = list(axes.flat)
    for ax, (measure, label) in zip(panels, _LOST, strict=True):
        _draw(ax, result, "partition", names, measure, label)
    for ax in panels[2:]:
        ax.set_xlabel("the regions are cut for so long (s)")
    longest = max(point["partition"] for point in result.points)

    def lost(name: str, partition: float) -> float:
        return result.estimate(result.point(resolution=name, partition=partition), "lost_items").mean

    worst, best = max(names, key=lambda each: lost(each, longest)), names[-1]
    _name(
        figure,
        panels[0],
        f"Both sides always answer. Cut for {longest:g} s, {worst} loses {lost(worst, longest):.0%}"
        f" of what was put into carts,\n"
        f"and {lost(worst, 0.0):.1%} without any cut; {best} lose {lost(best, longest):.0%}",
    )
    return figure


def _no_partition(hot: SweepResult, skewed: SweepResult) -> Figure:
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.0, 4.2), layout="constrained")
    _draw(left, hot, "keys", _names(hot), "lost_counts", "counts that are missing")
    left.set_xlabel("counters that all users share")
    _draw(
        right,
        skewed,
        "skew",
        _names(skewed),
        "overwritten",
        "acknowledged updates\nthat were overwritten unseen",
    )
    right.set_xlabel("the clock in the west is behind by (s)")
    name = "last writer wins"
    worst = max(point["skew"] for point in skewed.points)
    one = hot.estimate(hot.point(resolution=name, keys=1), "lost_counts").mean
    behind = skewed.estimate(skewed.point(resolution=name, skew=worst), "overwritten").mean
    figure.suptitle(
        f"Without any partition, {name} loses {one:.0%} of the counts where all count the same,\n"
        f"and {behind:.0%} of all updates if a clock is {worst:g} s behind; a hybrid clock mends this alone"
        "    (bars: 95 % interval)",
        x=0.01,
        ha="left",
        fontsize=11,
        fontweight="bold",
    )
    for ax in (left, right):
        ax.legend(loc="best", frameon=False, fontsize=9)
    return figure


def _draw(
    ax: Axes, result: SweepResult, parameter: str, names: Sequence[str], measure: str, label: str
) -> None:
    data = measures_by_parameter(result, parameter, {name: (measure, {"resolution": name}) for name in names})
    plot_measures_by_parameter(data, ax=ax, label=label, colours=_COLOURS, limits=(0.0, 1.0))
    legend = ax.get_legend()
    assert legend is not None
    legend.remove()
    ax.set_title("")
    ax.set_xlabel("")
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.set_ylim(bottom=-0.01)


def _name(figure: Figure, ax: Axes, title: str) -> None:
    ax.legend(loc="upper left", frameon=False, fontsize=9)
    figure.suptitle(f"{title}    (bars: 95 % interval)", x=0.01, ha="left", fontsize=11, fontweight="bold")
