"""Figures of `eviction`: what each policy hits along the size of the cache, a panel for each workload."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....plots.measures_by_parameter import finite
from ....plots.palette import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, finish
from ....result import SweepResult
from ....summary import Estimate
from ...caching.eviction import CAPACITIES, POLICY_NAMES
from ..drawing import bars_note
from ..stores.whole_points import has_point, whole_point

# Recency is blue, or sky where one bit stands for it, counts are vermilion, no bet is grey or black.
_LOOKS: Mapping[str, tuple[str, str, str]] = {
    "lru": (BLUE, "o", "-"),
    "clock": (SKY, "s", "-"),
    "sieve": (SKY, "^", "--"),
    "lfu": (VERMILION, "D", "-"),
    "fifo": (GREY, "v", "-"),
    "random": (BLACK, "x", ":"),
    "s3-fifo": (GREEN, "P", "-"),
    "arc": (ORANGE, "X", "-"),
    "w-tinylfu": (PURPLE, "*", "-"),
}
_TITLES: Mapping[tuple[str, str], str] = {
    ("zipf", "equal"): "Zipf: popularity never changes",
    ("drift", "equal"): "drift: the popular grow old",
    ("churn", "equal"): "churn: objects live a minute",
    ("scans", "equal"): "scans among the users",
    ("loop", "equal"): "a loop over 400 objects",
    ("zipf", "mixed"): "Zipf, every tenth object is large",
}
_AT = 0.03
"""The capacity of the second figure."""


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    if not all(has_point(result, _point(*scene, name, _AT)) for scene in _TITLES for name in POLICY_NAMES):
        return {}
    return {"hit_ratio": _hit_ratio(result), "sizes": _sizes(result)}


def _point(workload: str, sizes: str, policy: str, capacity: float) -> dict[str, Any]:
    return {"workload": workload, "sizes": sizes, "policy": policy, "capacity": capacity}


# -- along the size of the cache


def _hit_ratio(result: SweepResult) -> Figure:
    figure, axes = plt.subplots(2, 3, figsize=(12.4, 7.4), sharey=True, layout="constrained")
    for ax, (scene, title) in zip(axes.flat, _TITLES.items(), strict=True):
        for name in POLICY_NAMES:
            _line(ax, result, scene, name)
        ax.set_xticks(range(len(CAPACITIES)), [f"{100.0 * capacity:g}" for capacity in CAPACITIES])
        ax.set_ylim(0.0, 100.0)
        finish(ax, title)
    for ax in axes[1]:
        ax.set_xlabel("size of the cache (% of all bytes)")
    for ax in axes[:, 0]:
        ax.set_ylabel("share of the requests that hit (%)")
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", frameon=False, fontsize=10)
    lru, sieve = (_hits(result, "zipf", name) for name in ("lru", "sieve"))
    constant, drifting = (_hits(result, workload, "lfu") for workload in ("zipf", "drift"))
    _title(
        figure,
        result,
        f"With {100.0 * _AT:g} % of the bytes LRU hits {lru:.0%} of what is asked by Zipf's law, "
        f"SIEVE {sieve:.0%}, LFU {constant:.0%};\nwhere popularity drifts LFU hits {drifting:.0%}",
    )
    return figure


def _hits(result: SweepResult, workload: str, policy: str) -> float:
    return _estimate(result, _point(workload, "equal", policy, _AT), "hit_ratio").mean


def _line(ax: Axes, result: SweepResult, scene: tuple[str, str], name: str) -> None:
    colour, marker, dash = _LOOKS[name]
    found = [_estimate(result, _point(*scene, name, capacity), "hit_ratio") for capacity in CAPACITIES]
    means, widths = (100.0 * np.array(numbers) for numbers in finite(found))
    ax.errorbar(
        range(len(CAPACITIES)),
        means,
        yerr=widths,
        color=colour,
        marker=marker,
        linestyle=dash,
        markersize=5,
        capsize=2,
        label=name,
    )


# -- requests against bytes


def _sizes(result: SweepResult) -> Figure:
    figure, ax = plt.subplots(figsize=(9.6, 4.8), layout="constrained")
    places = np.arange(len(POLICY_NAMES))
    for offset, measure, label, alpha in (
        (-0.2, "hit_ratio", "of the requests", 0.95),
        (0.2, "byte_hit_ratio", "of the bytes", 0.45),
    ):
        found = [_estimate(result, _point("zipf", "mixed", name, _AT), measure) for name in POLICY_NAMES]
        means, widths = (100.0 * np.array(numbers) for numbers in finite(found))
        colours = [_LOOKS[name][0] for name in POLICY_NAMES]
        ax.bar(places + offset, means, 0.38, yerr=widths, color=colours, alpha=alpha, capsize=2)
        ax.bar(0.0, 0.0, color=GREY, alpha=alpha, label=label)
    ax.set_xticks(places, POLICY_NAMES)
    ax.set_xlabel("what the cache gives up: policy")
    ax.set_ylabel("share that hits (%)")
    ax.legend(frameon=False, ncols=2, loc="upper left")
    ax.margins(y=0.15)
    finish(ax, "")
    requests, of_bytes, of_lru = (
        _estimate(result, _point("zipf", "mixed", name, _AT), measure).mean
        for name, measure in (
            ("s3-fifo", "hit_ratio"),
            ("s3-fifo", "byte_hit_ratio"),
            ("lru", "byte_hit_ratio"),
        )
    )
    _title(
        figure,
        result,
        f"With {100.0 * _AT:g} % of the bytes S3-FIFO admits no large object:\nit hits {requests:.0%} of the "
        f"requests, but {of_bytes:.0%} of the bytes, where LRU hits {of_lru:.0%}",
    )
    return figure


def _estimate(result: SweepResult, point: Mapping[str, Any], measure: str) -> Estimate:
    return result.estimate(result.point(**whole_point(result, **point)), measure)


def _title(figure: Figure, result: SweepResult, text: str) -> None:
    note = bars_note(result)
    whole = f"{text}    ({note})" if note else text
    figure.suptitle(whole, x=0.01, ha="left", fontsize=12, fontweight="bold")
