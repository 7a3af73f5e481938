"""Figures of `stampede`: what remedy helps in which scene, which load survives, and how it goes over time."""

from collections.abc import Callable, Mapping, Sequence
from math import isinf
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....plots import curves_over_time
from ....plots.palette import BLACK, BLUE, GREEN, PURPLE, VERMILION, finish
from ....result import SweepResult
from ....study import Run
from ...caching.stampede import (
    BY_LOAD,
    CAPACITY,
    FIRST,
    LOADS,
    REMEDIES,
    SCENES,
    TROUBLE_AT,
    StampedeRun,
)
from ..drawing import curves_in_panels, run_again

_WIDTH = 2.0
_SHOWN = ("none", "refresh ahead", "coalescing", "hidden origin")
_COLOURS = {
    "none": VERMILION,
    "refresh ahead": PURPLE,
    "coalescing": BLUE,
    "hidden origin": GREEN,
    "early expiry": BLACK,
}
_SCENE_TEXTS = {
    "cold start": "cold start:\nall is gone",
    "hot key": "hot key:\none thing, half of the reads",
    "one batch": "one batch:\nall expires at once",
}


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return answers and questions over time."""
    took = run.measures["recover_time"]
    scene, remedy = str(run.parameters["scene"]), str(run.parameters["remedy"])
    title = f"{scene.capitalize()} at {run.parameters['load']:g} × capacity, remedy {remedy}: {_fate(took)}"
    return {"over_time": _over_time({remedy: [run]}, title)}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    found = _Found(result)
    figures: dict[str, Figure] = {}
    if all(found.has(scene=scene, remedy=remedy) for scene in SCENES for remedy in REMEDIES):
        figures["remedies"] = _remedies(found)
    if all(found.has(load=load, **setup) for load in LOADS for setup in BY_LOAD.values()):
        figures["loads"] = _loads(found)
    if all(found.has(remedy=remedy) for remedy in _SHOWN):
        figures["over_time"] = _compared(result)
    return figures


class _Found:
    """What a sweep has found at a point; what is not said has its default."""

    def __init__(self, result: SweepResult) -> None:
        self._result = result
        self._defaults = result.study.space.values({})

    def has(self, **point: Any) -> bool:
        return {**self._defaults, **point} in self._result.points

    def mean(self, measure: str, **point: Any) -> float:
        place = self._result.points.index({**self._defaults, **point})
        return float(self._result.estimate(place, measure).mean)

    def fate(self, **point: Any) -> str:
        """Say what has become of users in the runs of a point."""
        place = self._result.points.index({**self._defaults, **point})
        times = self._result.values(place, "recover_time").values()
        lost = sum(map(isinf, times))
        if 0 < lost < len(times):
            return f"{lost} of {len(times)} stay down"
        return _fate(self.mean("recover_time", **point))


# -- tables -----------------------------------------------------------------------------------------------


def _remedies(found: _Found) -> Figure:
    """Show what the first seconds are like in each scene, under each remedy."""
    rows = [[{"scene": scene, "remedy": remedy} for scene in SCENES] for remedy in REMEDIES]
    lost = sum(isinf(found.mean("recover_time", **point)) for row in rows for point in row)
    figure, ax = plt.subplots(figsize=(9.2, 6.4), layout="constrained")
    _table(
        ax,
        found,
        rows,
        text=lambda point: (
            f"{found.mean('answered_first', **point):.1%} answered, {found.fate(**point)}\n"
            f"origin: up to {found.mean('origin_peak', **point):.1f} ×;"
            f" p99 {found.mean('p99', **point):.2f} s"
        ),
    )
    finish(
        ax,
        f"Of {len(SCENES) * len(REMEDIES)} cases {lost} end in an origin that stays down;\n"
        "which remedy helps depends on what has gone",
    )
    _bare(ax)
    ax.set_xticks(range(len(SCENES)), [_SCENE_TEXTS[scene] for scene in SCENES])
    ax.set_yticks(range(len(REMEDIES)), list(REMEDIES))
    ax.set_ylabel("what is done about it")
    ax.set_xlabel(
        f"answered and p99: of what was sent in the first {FIRST:.0f} s; origin: most questions in a\n"
        "second, over what it can answer. With the cache full it has 0.2 to 0.3 of that",
        fontsize=9,
    )
    return figure


def _loads(found: _Found) -> Figure:
    """Show at which load an origin survives a cold start."""
    rows = [[{**setup, "load": load} for load in LOADS] for setup in BY_LOAD.values()]
    lost = [load for load in LOADS if isinf(found.mean("recover_time", load=load))]
    figure, ax = plt.subplots(figsize=(8.8, 4.4), layout="constrained")
    _table(
        ax,
        found,
        rows,
        text=lambda point: (
            f"{found.fate(**point)}\norigin: {found.mean('origin_peak', **point):.1f} ×,\n"
            f"then {found.mean('origin_after', **point):.1f} ×"
        ),
    )
    survived = [load for load in LOADS if load not in lost]
    finish(
        ax,
        f"With nothing done a cold start is survived at up to {max(survived, default=0.0):g} × capacity:\n"
        f"with a full cache the same origin carries {max(LOADS):g} ×"
        if lost
        else "A cold start is survived at every load that was tried",
    )
    _bare(ax)
    ax.set_xticks(range(len(LOADS)), [f"{load:g} ×" for load in LOADS])
    ax.set_yticks(range(len(BY_LOAD)), [name.replace(", ", ",\n") for name in BY_LOAD])
    ax.set_ylabel("what is done about it")
    ax.set_xlabel(
        "requests of users, over what the origin can answer; in the cells: until users are served,\n"
        "the most questions to the origin in a second, and in the last seconds",
        fontsize=9,
    )
    return figure


def _fate(took: float) -> str:
    """Say what has become of users, who were served again after `took` s."""
    if isinf(took):
        return "stays down"
    return f"back in {took:.0f} s" if took else "no gap"


def _table(
    ax: Axes,
    found: _Found,
    rows: Sequence[Sequence[Mapping[str, Any]]],
    *,
    text: Callable[[Mapping[str, Any]], str],
) -> None:
    """Draw a cell for each point: its colour is how much is answered in the first seconds."""
    shares = np.array([[found.mean("answered_first", **point) for point in row] for row in rows])
    ax.imshow(shares, cmap="cividis", vmin=0.3, vmax=1.0, aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        ax.text(
            column,
            row,
            text(rows[row][column]),
            ha="center",
            va="center",
            fontsize=8.5,
            color="black" if share > 0.7 else "white",
        )


def _bare(ax: Axes) -> None:
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


# -- over time --------------------------------------------------------------------------------------------


def _compared(result: SweepResult) -> Figure:
    """Run a cold start again, under some remedies."""
    runs = {remedy: run_again(result, {**_plain(result), "remedy": remedy}) for remedy in _SHOWN}
    back = [name for name, several in runs.items() if not any(map(_is_lost, several))]
    title = (
        f"After a cold start nothing gets into the cache while the origin is overloaded:\n"
        f"it comes back with {' and with '.join(back) or 'nothing'}"
    )
    return _over_time(runs, title)


def _plain(result: SweepResult) -> dict[str, Any]:
    return dict(result.study.space.values({}))


def _is_lost(run: Run) -> bool:
    return isinf(run.measures["recover_time"])


def _over_time(runs: Mapping[str, Sequence[Run]], title: str) -> Figure:
    details: dict[str, list[StampedeRun]] = {
        name: [run.detail for run in several] for name, several in runs.items()
    }
    answered = curves_over_time(
        {name: [run.answered(_WIDTH) for run in several] for name, several in details.items()},
        label="requests answered (1/s)",
    )
    questions = curves_over_time(
        {name: [run.questions(_WIDTH) for run in several] for name, several in details.items()},
        label="questions to the origin (1/s)",
    )
    figure, (above, below) = curves_in_panels([answered, questions], title=title, colours=_COLOURS)
    for ax in (above, below):
        ax.axvline(TROUBLE_AT, color="#777777", linewidth=0.8, linestyle=(0, (4, 2)))
        ax.set_ylim(bottom=0.0)
    below.set_ylim(top=max(1.2 * CAPACITY, below.get_ylim()[1]))
    below.axhline(CAPACITY, color="#777777", linewidth=0.8)
    below.annotate(
        "what the origin can answer",
        (0.01, CAPACITY),
        xycoords=("axes fraction", "data"),
        xytext=(0, 3),
        textcoords="offset points",
        fontsize=8,
        color="#555555",
    )
    return figure
