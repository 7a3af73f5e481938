"""Figures of `cache_placement`: what each place saves and costs, and what more clients do to it."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....plots.palette import BLACK, BLUE, GREEN, GREY, ORANGE, SKY, VERMILION, finish
from ....result import SweepResult
from ....summary import Estimate
from ...caching.cache_placement import CLIENTS, PLACEMENTS, places_of
from ..drawing import bars_note
from ..stores.whole_points import has_point, whole_point

_WHERE = {
    "at_client": ("a client's cache", ORANGE),
    "at_proxy": ("the proxy's", BLUE),
    "at_server": ("the server's", GREEN),
    "at_database": ("the database", GREY),
}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    if all(has_point(result, {"placement": placement}) for placement in PLACEMENTS) and all(
        has_point(result, _told(placement)) for placement in PLACEMENTS
    ):
        figures["placements"] = _placements(result)
    if all(
        has_point(result, {"placement": placement, "tells": True, "clients": clients})
        for placement in ("client", "proxy")
        for clients in CLIENTS
    ):
        figures["clients"] = _clients(result)
    return figures


def _told(placement: str) -> dict[str, object]:
    """Return the point at which all caches of a placement that can be told are."""
    return {"placement": placement, "tells": bool({"client", "proxy"} & set(places_of(placement)))}


def _estimates(
    result: SweepResult, points: Sequence[Mapping[str, object]], measure: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return means and half widths of a measure at some points, nothing for what was not there."""
    found: list[Estimate] = [
        result.estimate(result.point(**whole_point(result, **point)), measure) for point in points
    ]
    means = np.nan_to_num(np.array([each.mean for each in found]))
    return means, np.nan_to_num(np.array([each.half_width for each in found]))


# -- placements -------------------------------------------------------------------------------------------


def _placements(result: SweepResult) -> Figure:
    untold: list[Mapping[str, object]] = [{"placement": placement} for placement in PLACEMENTS]
    told: list[Mapping[str, object]] = [_told(placement) for placement in PLACEMENTS]
    figure, axes = plt.subplots(
        1, 4, figsize=(14.0, 4.9), sharey=True, layout="constrained", width_ratios=(5, 4, 4, 3)
    )
    _draw_where(axes[0], result, untold)
    _draw_bars(axes[1], _estimates(result, untold, "latency_mean"), 1e3, ".0f", [SKY] * len(untold))
    axes[1].set_xlabel("mean time to the answer\nto a read (ms)")
    _draw_bars(axes[2], _estimates(result, untold, "stale"), 100.0, ".1f", [VERMILION] * len(untold))
    stale_told = 100.0 * _estimates(result, told, "stale")[0]
    axes[2].plot(stale_told, range(len(told)), "|", color=BLACK, markersize=11, markeredgewidth=2.5)
    axes[2].plot([], [], "|", color=BLACK, markeredgewidth=2.5, label="caches are told of writes")
    axes[2].legend(frameon=False, fontsize=8, loc="upper right")
    axes[2].set_xlabel("reads that told what had\nbeen replaced (%)")
    _draw_bars(axes[3], _estimates(result, told, "messages"), 1.0, ".0f", [BLACK] * len(told))
    axes[3].set_xlabel("messages for a write,\nto tell them")
    first = axes[0]
    first.set_yticks(range(len(PLACEMENTS)), PLACEMENTS)
    first.set_ylabel("where there is a cache")
    first.invert_yaxis()
    proxy, both = (
        _estimates(result, [{"placement": placement}], "at_database")[0][0]
        for placement in ("proxy", "client + proxy + server")
    )
    note = bars_note(result)
    figure.suptitle(
        f"One cache that all share leaves {proxy:.0%} of the reads to the database, three behind each other "
        f"{both:.0%}" + (f"    ({note})" if note else ""),
        x=0.01,
        ha="left",
        fontsize=11,
        fontweight="bold",
    )
    return figure


def _draw_where(ax: Axes, result: SweepResult, points: Sequence[Mapping[str, object]]) -> None:
    """Draw who answers which share of the reads, from the clients inwards."""
    left = np.zeros(len(points))
    for measure, (name, colour) in _WHERE.items():
        shares = 100.0 * _estimates(result, points, measure)[0]
        ax.barh(range(len(points)), shares, left=left, color=colour, height=0.66, label=name, alpha=0.85)
        left += shares
    ax.set_xlim(0.0, 100.0)
    ax.set_xlabel("reads answered by (%)")
    ax.legend(frameon=False, fontsize=8, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    finish(ax, "")
    ax.grid(visible=False)


def _draw_bars(
    ax: Axes, found: tuple[np.ndarray, np.ndarray], scale: float, form: str, colours: Sequence[str]
) -> None:
    means, widths = scale * found[0], scale * found[1]
    ax.barh(
        range(len(means)), means, xerr=widths, color=colours, height=0.66, capsize=2, ecolor=BLACK, alpha=0.85
    )
    top = float((means + widths).max()) or 1.0
    for row, (mean, width) in enumerate(zip(means, widths, strict=True)):
        ax.text(mean + width + 0.03 * top, row, format(mean, form), va="center", fontsize=8)
    ax.set_xlim(0.0, 1.25 * top)
    finish(ax, "")
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", color="#DDDDDD", linewidth=0.6)


# -- clients ----------------------------------------------------------------------------------------------


def _clients(result: SweepResult) -> Figure:
    figure, axes = plt.subplots(1, 2, figsize=(10.0, 4.2), layout="constrained")
    panels: Sequence[tuple[Axes, str, float, str]] = (
        (axes[0], "at_database", 100.0, "reads that the database answers (%)"),
        (axes[1], "messages", 1.0, "messages to caches for a write"),
    )

    def found(placement: str, measure: str) -> tuple[np.ndarray, np.ndarray]:
        points = [{"placement": placement, "tells": True, "clients": clients} for clients in CLIENTS]
        return _estimates(result, points, measure)

    for ax, measure, scale, label in panels:
        for placement, colour, marker in (("client", ORANGE, "o"), ("proxy", BLUE, "s")):
            means, widths = found(placement, measure)
            ax.errorbar(
                range(len(CLIENTS)),
                scale * means,
                yerr=scale * widths,
                color=colour,
                marker=marker,
                capsize=3,
                label="a cache in each client" if placement == "client" else "one at a proxy",
            )
        ax.set_xticks(range(len(CLIENTS)), [str(clients) for clients in CLIENTS])
        ax.set_xlim(-0.3, len(CLIENTS) - 0.7)
        ax.set_ylim(bottom=0.0)
        ax.set_xlabel("clients, which read as much together")
        ax.set_ylabel(label)
        finish(ax, "")
    axes[0].legend(frameon=False, fontsize=9, title=bars_note(result), title_fontsize=8)
    few, many = (found("client", "at_database")[0][place] for place in (0, -1))
    figure.suptitle(
        f"Each client learns for itself: of {CLIENTS[0]} the database answers {few:.0%} of the reads, "
        f"of {CLIENTS[-1]} {many:.0%}",
        x=0.01,
        ha="left",
        fontsize=11,
        fontweight="bold",
    )
    return figure
