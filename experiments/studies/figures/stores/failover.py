"""Figures of `failover`: the lease's time to live, what each commit rule costs, and what fencing is for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ....plots import (
    availability_over_time,
    measures_by_parameter,
    plot_availability_over_time,
    plot_measures_by_parameter,
    values_of,
)
from ....plots.palette import BLUE, GREEN, ORANGE, VERMILION
from ....result import SweepResult
from ....store import Row
from ....study import Run
from ..drawing import figure_of, name_again
from .bar_panels import Panel, bar_panels
from .whole_points import has_point, whole_point

_COLOURS = {"asynchronous": VERMILION, "any 1": BLUE, "all": GREEN}
_FENCING_COLOURS = {"lease": BLUE, "epoch": ORANGE, "off": VERMILION}
_THEORY = "#777777"


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return availability over time, with the trouble shaded."""
    title = f"The longest time without an acknowledged write was {run.measures['outage']:.1f} s"
    return {"availability": figure_of(plot_availability_over_time(availability_over_time(run), title=title))}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    commits = [name for name in _COLOURS if name in {point["commit"] for point in result.points}]
    ttls = values_of(result, "ttl")
    slow = {"trouble": "slow network"}
    crashed = [
        name for name in commits if all(has_point(result, {"commit": name, "ttl": each}) for each in ttls)
    ]
    if len(ttls) > 1 and crashed and all(has_point(result, {**slow, "ttl": each}) for each in ttls):
        figures["lease"] = _lease(result, crashed)
    with_replica_down = [
        name
        for name in commits
        if has_point(result, {"commit": name})
        and has_point(result, {"commit": name, "trouble": "replica crash"})
    ]
    if len(with_replica_down) > 1:
        figures["commit"] = _commit(result, with_replica_down)
    cuts = [point for point in result.points if point["trouble"] == "cut"]
    if len(cuts) > 1:
        figures["fencing"] = _fencing(result, cuts)
    return figures


def _lease(result: SweepResult, commits: list[str]) -> Figure:
    """Draw both evils along the time to live: waiting for a dead primary, and deposing a healthy one."""
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(8.8, 6.8), sharex=True, height_ratios=(3, 2), layout="constrained"
    )
    outage = measures_by_parameter(
        result, "ttl", {name: ("outage", whole_point(result, commit=name)) for name in commits}
    )
    slow = whole_point(result, trouble="slow network")
    false = measures_by_parameter(result, "ttl", {"slow network": ("false_failovers", slow)})
    shortest, longest = outage.values[0], outage.values[-1]
    fast, late = (outage.lines[commits[0]][index].mean for index in (0, -1))
    plot_measures_by_parameter(
        outage,
        ax=above,
        title=f"A lease of {longest:g} s: {late:.0f} s without writes when the primary crashes.\n"
        f"One of {shortest:g} s: {fast:.1f} s, and {false.lines['slow network'][0].mean:.1f} failovers "
        "for nothing when the network is slow",
        label="longest time without an\nacknowledged write (s)",
        colours=_COLOURS,
    )
    theory = [
        result.estimate(result.point(**whole_point(result, commit=commits[0], ttl=ttl)), "outage_theory").mean
        for ttl in outage.values
    ]
    above.plot(
        np.arange(len(theory)), theory, color=_THEORY, linewidth=6, alpha=0.3, zorder=1, label="theory"
    )
    name_again(above)
    plot_measures_by_parameter(false, ax=below, label="failovers for nothing\n(while the network is slow)")
    below.get_legend().remove()
    above.set_ylim(bottom=0.0)
    above.set_xlabel("")
    below.set_title("")
    below.set_ylim(bottom=0.0)
    below.set_xlabel("time to live of the primary's lease (s)")
    return figure


def _whatever_the_lease(result: SweepResult) -> SweepResult:
    """Return a result whose points that differ in their lease alone are one: the mean of them, seed by seed.

    That is for what no lease changes: what a write takes, and what has not left the primary when it crashes.
    Runs of one seed have the same users and messages until then, so that they are not independent: in an
    interval they count as one.
    """
    ttl = result.study.space.values({})["ttl"]
    points: list[dict[str, Any]] = []
    alike: dict[tuple[int, int], list[Row]] = {}
    for row in result.rows:
        point = {**result.points[row.point], "ttl": ttl}
        if point not in points:
            points.append(point)
        if not row.failed:
            alike.setdefault((points.index(point), row.seed), []).append(row)
    rows = [
        replace(
            each[0],
            point=point,
            measures={name: fmean(row.measures[name] for row in each) for name in each[0].measures},
        )
        for (point, _), each in alike.items()
    ]
    return replace(result, points=points, rows=rows)


def _commit(result: SweepResult, commits: list[str]) -> Figure:
    """Draw what each commit rule costs every day, loses in a crash, and does when a replica is down."""
    result = _whatever_the_lease(result)
    replica = {"trouble": "replica crash"}
    panels = [
        Panel(measure="write_p50", label="median time to an\nacknowledged write (ms)", scale=1e3, form=".0f"),
        Panel(measure="lost_count", label="acknowledged writes lost\nwhen the primary crashes"),
        Panel(
            measure="answered",
            label="answered while a replica\nis down (% of requests)",
            scale=100.0,
            form=".0f",
            where=replica,
        ),
    ]
    first, last = whole_point(result, commit=commits[0]), whole_point(result, commit=commits[-1], **replica)
    lost = result.estimate(result.point(**first), "lost_count").mean
    theory = result.estimate(result.point(**first), "lost_theory").mean
    stopped = result.estimate(result.point(**last), "answered").mean
    title = (
        f"{commits[0].capitalize()} loses {lost:.1f} acknowledged writes in a crash (theory {theory:.1f});\n"
        f"with {commits[-1]} a dead replica leaves {stopped:.0%} of the requests answered"
    )
    rows = {name: whole_point(result, commit=name) for name in commits}
    return bar_panels(
        result, rows, panels, title=title, rows_are="replicas that a\nwrite waits for", colours=_COLOURS
    )


def _fencing(result: SweepResult, cuts: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw what is lost and what is stale where the primary is cut off with some of its users."""
    rows = {f"{point['commit']}, fencing: {point['fencing']}": point for point in cuts}
    panels = [
        Panel(measure="lost_count", label="acknowledged writes\nthat are lost", form=".0f"),
        Panel(measure="stale", label="reads that told what\nwas replaced (%)", scale=100.0),
        Panel(measure="answered", label="answered during the cut\n(% of requests)", scale=100.0, form=".0f"),
    ]
    lost = {name: result.estimate(result.point(**point), "lost_count").mean for name, point in rows.items()}
    worst, best = max(lost, key=lambda name: lost[name]), min(lost, key=lambda name: lost[name])
    title = (
        f"A primary that is cut off with half of its users, and goes on:\n"
        f"{lost[worst]:.0f} acknowledged writes are lost ({worst}), {lost[best]:.0f} with {best}"
    )
    colours = {name: _FENCING_COLOURS[point["fencing"]] for name, point in rows.items()}
    return bar_panels(
        result,
        rows,
        panels,
        title=title,
        rows_are="commit rule, and what\nstops the old primary",
        colours=colours,
    )
