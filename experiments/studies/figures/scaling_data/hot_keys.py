"""Figures of `hot_keys`: what shards buy, what helps, what that costs, and a balancer at work."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from simulator.measurement import windowed_rate

from ....plots.palette import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, finish, new_axes
from ....result import SweepResult
from ....study import Run
from ...scaling_data.hot_keys import (
    BALANCING,
    CROWD,
    REMEDIES,
    SALTED,
    SCENES,
    HotKeysRun,
    share_of_hottest,
)
from ..drawing import bars_note, figure_of
from ..stores.bar_panels import Panel, bar_panels

_COLOURS = (GREEN, BLUE, VERMILION, PURPLE, ORANGE)
_MARKERS = ("o", "s", "^", "D", "v")

_SCENE_TEXTS = {
    "hot range": "popular keys\nside by side",
    "hot key, adds": "one hot key,\nmost add",
    "hot key, reads": "one hot key,\nmost read",
    "keys by time": "keys in order\nof time",
}
_REMEDY_COLOURS = dict(zip(REMEDIES, (VERMILION, GREY, BLUE, GREEN, ORANGE, PURPLE), strict=True))


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    crowded = _part(result, {"partitioning": "hashes", "users": CROWD}, {"exponent", "shards"})
    if crowded is not None and len({point["shards"] for point in crowded.points}) > 1:
        figures["speed_up"] = _speed_up(crowded)
    if all(_index(result, {**scene, **remedy}) is not None for scene, remedy in _cells()):
        figures["remedies"] = _remedies(result)
        figures["price"] = _price(result)
    salted = _part(result, SALTED, {"add_share", "salt"})
    if salted is not None and len({point["salt"] for point in salted.points}) > 1:
        figures["salt"] = _salt(salted)
    return figures


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return the balancer at work, where there is one."""
    return {"balancer": _balancer(run)} if run.parameters["balancing"] else {}


def _part(result: SweepResult, special: Mapping[str, Any], free: Collection[str]) -> SweepResult | None:
    """Return the points that are `special`, and as by default in all that is not `free`; `None`: none are."""
    wanted = {**result.study.space.values({}), **special}

    def keeps(point: Mapping[str, Any]) -> bool:
        return all(value == wanted[name] for name, value in point.items() if name not in free)

    return result.select(keeps) if any(map(keeps, result.points)) else None


def _cells() -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    return [(scene, remedy) for scene in SCENES.values() for remedy in REMEDIES.values()]


def _index(result: SweepResult, special: Mapping[str, Any]) -> int | None:
    point = {**result.study.space.values({}), **special}
    return result.points.index(point) if point in result.points else None


def _mean(result: SweepResult, special: Mapping[str, Any], measure: str) -> float:
    place = _index(result, special)
    assert place is not None
    return result.estimate(place, measure).mean


def _line(ax: Axes, x: Any, found: list[Any], **style: Any) -> None:
    means = np.array([each.mean for each in found])
    widths = np.nan_to_num([each.half_width for each in found])
    ax.errorbar(x, means, yerr=widths, capsize=3, markersize=5, linewidth=1.6, **style)


# -- more shards ------------------------------------------------------------------------------------------


def _speed_up(result: SweepResult) -> Figure:
    """Draw what is answered over shards, for each exponent, and the line that no placement can exceed."""
    exponents = sorted({point["exponent"] for point in result.points})
    ax = new_axes(None)
    most: dict[float, tuple[float, int]] = {}
    for number, exponent in enumerate(exponents):
        places = [place for place, point in enumerate(result.points) if point["exponent"] == exponent]
        counts = [result.points[place]["shards"] for place in places]
        found = [result.estimate(place, "answered") for place in places]
        colour = _COLOURS[number]
        share = share_of_hottest(exponent, 0.0)
        name = f"exponent {exponent:g}: the hottest key has {share:.1%}"
        _line(ax, counts, found, color=colour, marker=_MARKERS[number], label=name)
        bounds = [result.estimate(place, "bound").mean for place in places]
        ax.plot(counts, bounds, color=colour, linewidth=6, alpha=0.25, zorder=1)
        alone = found[counts.index(1)].mean if 1 in counts else np.nan
        most[exponent] = (found[-1].mean / alone, counts[-1])
    ax.plot([], [], color="#777777", linewidth=6, alpha=0.3, label="bound: shards, and 1 / that share")
    factor, count = most[exponents[-1]]
    share = share_of_hottest(exponents[-1], 0.0)
    finish(
        ax,
        f"{count} shards answer {factor:.1f} times as much as one where the hottest key has {share:.0%}:\n"
        f"its shard is full, and nothing exceeds 1 / {share:.2f} = {1.0 / share:.1f} times",
    )
    ax.set_xscale("log", base=2)
    counts = sorted({point["shards"] for point in result.points})
    ax.set_xticks(counts, [str(count) for count in counts])
    ax.set_ylim(bottom=0.0)
    ax.set_xlabel("shards, keys spread by hashes")
    ax.set_ylabel("requests answered per second")
    ax.legend(frameon=False, fontsize=9, loc="upper left", title=bars_note(result), title_fontsize=8)
    return figure_of(ax)


# -- what helps, and what it costs ------------------------------------------------------------------------


def _remedies(result: SweepResult) -> Figure:
    """Draw what is answered with each remedy in each scene, coloured by how much more it is than without."""
    answered = np.array(
        [
            [_mean(result, {**scene, **remedy}, "answered") for scene in SCENES.values()]
            for remedy in REMEDIES.values()
        ]
    )
    factors = answered / answered[0]
    ax = new_axes(None, (8.6, 4.8))
    image = ax.imshow(factors, cmap="RdYlBu", norm=LogNorm(1 / 3.2, 3.2), aspect="auto")
    for (row, column), factor in np.ndenumerate(factors):
        text = f"{answered[row, column]:.0f}/s" + (f"\n× {factor:.1f}" if row else "")
        is_dark = factor > 2.3
        ax.text(
            column, row, text, ha="center", va="center", fontsize=9, color="white" if is_dark else "black"
        )
    ax.set_xticks(range(len(SCENES)), [_SCENE_TEXTS[name] for name in SCENES])
    ax.set_yticks(range(len(REMEDIES)), list(REMEDIES))
    finish(
        ax,
        "No remedy helps everywhere: requests answered per second,\n"
        "and how many times as many as with nothing done",
    )
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("what is hot")
    ax.set_ylabel("what is done about it (4 shards)")
    bar = figure_of(ax).colorbar(image, ax=ax, ticks=[0.5, 1.0, 2.0, 3.0], format="{x:g} ×")
    bar.minorticks_off()
    bar.set_label("answered, over nothing done")
    return figure_of(ax)


def _price(result: SweepResult) -> Figure:
    """Draw what each remedy costs, where it costs most."""
    defaults = result.study.space.values({})
    rows = {name: {**defaults, **remedy} for name, remedy in REMEDIES.items()}
    panels = [
        Panel(
            measure="asked",
            label="requests to databases\nfor a page of the timeline",
            where=SCENES["keys by time"],
            form=".1f",
        ),
        Panel(
            measure="work",
            label="core time per request (ms)\none hot key, most add",
            where=SCENES["hot key, adds"],
            scale=1e3,
            form=".0f",
        ),
        Panel(
            measure="stale",
            label="reads that miss what was\nacknowledged (%)\none hot key, most read",
            where=SCENES["hot key, reads"],
            scale=100.0,
            form=".0f",
        ),
        Panel(measure="hosts", label="hosts of databases", form=".0f"),
    ]
    return bar_panels(
        result,
        rows,
        panels,
        title="What helps has its price: reads of many keys, stale reads, or hosts",
        rows_are="what is done",
        colours=_REMEDY_COLOURS,
    )


# -- how far to salt --------------------------------------------------------------------------------------


def _salt(result: SweepResult) -> Figure:
    """Draw what is answered over the sub-keys of a hot counter, by how much of it is adding."""
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(8.4, 6.2), sharex=True, height_ratios=(3, 2), layout="constrained"
    )
    shares = sorted({point["add_share"] for point in result.points}, reverse=True)
    ends = []
    for number, share in enumerate(shares):
        places = [place for place, point in enumerate(result.points) if point["add_share"] == share]
        salts = [result.points[place]["salt"] for place in places]
        colour, marker = (BLUE, VERMILION, ORANGE)[number % 3], _MARKERS[number]
        found = [result.estimate(place, "answered") for place in places]
        _line(
            above, salts, found, color=colour, marker=marker, label=f"{share:.0%} add, {1 - share:.0%} read"
        )
        bounds = [result.estimate(place, "bound").mean for place in places]
        above.plot(salts, bounds, color=colour, linewidth=6, alpha=0.25, zorder=1)
        asked = [result.estimate(place, "asked") for place in places]
        _line(below, salts, asked, color=colour, marker=marker)
        ends.append((share, found[0].mean, found[-1].mean, salts[-1]))
    above.plot([], [], color="#777777", linewidth=6, alpha=0.3, label="bound, by theory")
    (first, least, most, salt), (last, before, after, _) = ends[0], ends[-1]
    finish(
        above,
        f"{salt} sub-keys take {most / least:.1f} times as much where {first:.0%} of the requests add,\n"
        f"{after / before:.1f} times where {last:.0%} do: each read asks all of them",
    )
    above.set_ylabel("requests answered\nper second")
    above.set_ylim(bottom=0.0)
    above.legend(frameon=False, fontsize=9, title=bars_note(result), title_fontsize=8)
    finish(below, "")
    below.set_ylim(bottom=0.0)
    below.set_ylabel("requests to databases\nper read, of all reads")
    below.set_xscale("log", base=2)
    salts = sorted({point["salt"] for point in result.points})
    below.set_xticks(salts, [str(salt) for salt in salts])
    below.set_xlabel("sub-keys of the hot counter (8 shards; 40 % of the requests are for it)")
    return figure


# -- a balancer at work -----------------------------------------------------------------------------------


def _balancer(run: Run) -> Figure:
    """Draw what is answered and how busy each host is over time, with moves shaded and freezes darker."""
    detail: HotKeysRun = run.detail
    until = detail.loads[-1][0]
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(8.8, 6.4), sharex=True, height_ratios=(2, 3), layout="constrained"
    )
    ends = detail.requests.columns()["end"]
    series = windowed_rate(ends, width=1.0, until=until)
    above.plot(series.starts + series.width / 2.0, series.values, color=BLACK, linewidth=1.4)
    finish(
        above,
        f"{run.measures['splits']:.0f} splits and {run.measures['moves']:.0f} moves by load:"
        f" {run.measures['answered']:.0f} requests answered per second after {BALANCING:.0f} s",
    )
    above.set_ylabel("answered per second")
    above.set_ylim(bottom=0.0)
    times = [time for time, _ in detail.loads]
    loads = np.array([busy for _, busy in detail.loads])
    colours = (VERMILION, BLUE, GREEN, ORANGE, PURPLE, SKY, GREY, BLACK)
    for host in range(loads.shape[1]):
        below.plot(
            times,
            100.0 * loads[:, host],
            color=colours[host % len(colours)],
            linewidth=1.3,
            label=f"host {host + 1}" if host < len(colours) else None,
        )
    for move in detail.moves:
        for ax in (above, below):
            ax.axvspan(move.began_at, min(move.ended_at, until), color="#E4E4E4", zorder=0)
            if move.frozen_at < until:
                ax.axvspan(move.frozen_at, min(move.ended_at, until), color="#A8A8A8", zorder=0)
    finish(below, "")
    below.set_ylabel("utilisation of each host (%)")
    below.set_ylim(0.0, 103.0)
    below.set_xlim(0.0, until)
    below.set_xlabel("time (s); grey: a range moves, dark: nobody can use it")
    below.legend(frameon=False, fontsize=8, ncols=4, loc="lower right")
    return figure
