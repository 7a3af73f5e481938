"""Figures of `locks`: what each lock loses in which trouble, and who was there when."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....plots import fault_bands, measures_by_parameter, plot_measures_by_parameter, value_text, values_of
from ....plots.palette import BLACK, BLUE, GREEN, ORANGE, PURPLE, VERMILION, finish
from ....result import SweepResult
from ....study import Run
from ...stores.locks import LOCKS, TTL, LockRun

_COLOURS = {
    "key": VERMILION,
    "key, own only": ORANGE,
    "service": PURPLE,
    "service, fenced writes": GREEN,
    "service, fenced": BLUE,
}
_TROUBLES = {
    "none": "none",
    "pauses": "a worker\nstands still",
    "late messages": "messages\nare late",
    "wrong clock": "a clock\nis ahead",
    "cuts": "the lock's\nleader is cut off",
    "crashes": "the lock's\nleader crashes",
}
_AROUND = 25.0  # s of a run that are shown


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return who had the lock when, around the first time that two had it; the beginning where none did."""
    detail = run.detail
    assert isinstance(detail, LockRun)
    return {"stays": _stays(detail)}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    troubles = [trouble for trouble in _TROUBLES if trouble in values_of(result, "trouble")]
    if len(troubles) > 1:
        figures["troubles"] = _by_trouble(result, troubles)
    paused = [point for point in result.points if point["trouble"] == "pauses"]
    if len({point["pause"] for point in paused}) > 1:
        figures["pauses"] = _by_pause(result.select(lambda point: point in paused))
    return figures


# -- over the sweep -----------------------------------------------------------------------------------------


def _by_trouble(result: SweepResult, troubles: Sequence[str]) -> Figure:
    """Draw two tables, lock by trouble: updates that were lost, and the longest time without one."""
    locks = [lock for lock in LOCKS if lock in values_of(result, "lock")]
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(14.0, 1.8 + 0.55 * len(locks)), sharey=True, layout="constrained"
    )
    _table(left, result, "lost_updates", locks, troubles, "updates lost, of a thousand")
    _table(right, result, "longest_gap", locks, troubles, "longest time without an update (s)")
    left.set_ylabel("what keeps the workers apart")
    figure.suptitle(
        "A key that expires loses updates whenever somebody is late or wrong about the time;\n"
        "with a lock service only who is late does harm, and a file that looks at tokens loses nothing",
        x=0.01,
        ha="left",
        fontsize=11,
        fontweight="bold",
    )
    return figure


def _table(
    ax: Axes, result: SweepResult, measure: str, locks: Sequence[str], troubles: Sequence[str], title: str
) -> None:
    values = np.array([[_mean(result, lock, trouble, measure) for trouble in troubles] for lock in locks])
    top = float(np.nanmax(values[1:] if locks[0] == "no lock" and len(locks) > 1 else values)) or 1.0
    ax.imshow(np.minimum(values, top) ** 0.5, cmap="Oranges", vmin=0.0, vmax=1.4 * top**0.5, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        text = "" if np.isnan(value) else f"{value:.0f}" if value >= 9.95 or value == 0 else f"{value:.1f}"
        ax.text(column, row, text, ha="center", va="center", fontsize=10, color=BLACK)
    ax.set_xticks(range(len(troubles)), [_TROUBLES[trouble] for trouble in troubles], fontsize=8)
    ax.set_yticks(range(len(locks)), locks)
    ax.set_xlabel("trouble")
    finish(ax, title)
    ax.title.set_fontsize(10)
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)


def _mean(result: SweepResult, lock: str, trouble: str, measure: str) -> float:
    """Return the mean at the first such point with the study's usual pause; nan where there is none."""
    pause = result.study.space.values({})["pause"]
    where = {"lock": lock, "trouble": trouble, "pause": pause}
    found = [
        index for index, point in enumerate(result.points) if {name: point[name] for name in where} == where
    ]
    return result.estimate(found[0], measure).mean if found else np.nan


def _by_pause(result: SweepResult) -> Figure:
    """Draw lost updates and goodput along the length of the pauses."""
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(9.4, 7.0), sharex=True, height_ratios=(3, 2), layout="constrained"
    )
    locks = [lock for lock in _COLOURS if lock in values_of(result, "lock")]
    trouble = {"trouble": "pauses"}
    lost = measures_by_parameter(
        result, "pause", {lock: ("lost_updates", {"lock": lock, **trouble}) for lock in locks}
    )
    goodput = measures_by_parameter(
        result, "pause", {lock: ("goodput", {"lock": lock, **trouble}) for lock in locks}
    )
    longest = {lock: line[-1].mean for lock, line in lost.lines.items()}
    said = ", ".join(
        f"{value:.1f} ({lock})" for lock, value in longest.items() if not lock.endswith("writes")
    )
    plot_measures_by_parameter(
        lost,
        ax=above,
        title=f"Who stands still for {value_text(lost.values[-1])} s does harm afterwards, with a lease of "
        f"{TTL:g} s:\nlost of a thousand updates {said}",
        label="updates lost, of a thousand",
        colours=_COLOURS,
        limits=(0.0, 1000.0),
    )
    plot_measures_by_parameter(goodput, ax=below, label="updates that were not lost (1/s)", colours=_COLOURS)
    below.get_legend().remove()
    above.set_xlabel("")
    below.set_title("")
    below.set_ylim(bottom=0.0)
    below.set_xlabel("how long a worker's host stands still (s)")
    beyond = [place for place, value in enumerate(lost.values) if value > TTL]
    if beyond and beyond[0] > 0:
        for ax in (above, below):
            ax.axvline(beyond[0] - 0.5, color="#777777", linestyle=":", linewidth=1.2)
        above.annotate(
            f"lease: {TTL:g} s",
            (beyond[0] - 0.5, 0.97),
            xycoords=above.get_xaxis_transform(),
            xytext=(4, 0),
            textcoords="offset points",
            va="top",
            fontsize=8,
            color="#555555",
        )
    return figure


# -- of one run ---------------------------------------------------------------------------------------------


def _stays(detail: LockRun) -> Figure:
    stays = detail.room.stays
    first = next((stay for stay in sorted(stays, key=lambda stay: stay.start) if stay.is_double), None)
    start = 0.0 if first is None else max(0.0, first.start - 0.6 * _AROUND)
    end = min(start + _AROUND, detail.duration)
    workers = sorted({stay.worker for stay in stays})
    figure, ax = plt.subplots(figsize=(10.5, 1.6 + 0.6 * len(workers)), layout="constrained")
    _shade(ax, detail, workers)
    for row, worker in enumerate(workers):
        own = [stay for stay in stays if stay.worker == worker and stay.end > start and stay.start < end]
        for is_double, colour in ((False, BLUE), (True, VERMILION)):
            ax.broken_barh(
                [
                    (stay.start, max(stay.end - stay.start, 0.02))
                    for stay in own
                    if stay.is_double == is_double
                ],
                (row - 0.3, 0.6),
                facecolors=colour,
            )
    marks = [time for time in detail.room.updates if start <= time <= end]
    ax.plot(marks, [-0.75] * len(marks), "|", color=BLACK, markersize=9, label="the file is written")
    _name(ax, workers, (start, end))
    double_count = sum(stay.is_double for stay in stays)
    finish(
        ax,
        f"{double_count} of {len(stays)} times somebody got the lock while another had not let go of it;\n"
        f"{detail.file.lost_update_count} updates were lost, {detail.file.refused_count} accesses refused",
    )
    return figure


def _shade(ax: Axes, detail: LockRun, workers: Sequence[str]) -> None:
    """Shade the faults: those of one worker in its row alone."""
    for band in fault_bands(detail.log, detail.duration):
        rows = [row for row, worker in enumerate(workers) if band.kind.startswith(f"{worker} ")]
        low, high = (rows[0] - 0.5, rows[0] + 0.5) if rows else (-1.1, len(workers) - 0.5)
        ax.fill_between([band.start, band.end], low, high, color="#DDDDDD", linewidth=0, zorder=0)


def _name(ax: Axes, workers: Sequence[str], limits: tuple[float, float]) -> None:
    ax.fill_between([], [], color="#DDDDDD", label="in trouble")
    ax.broken_barh([], (0, 1), facecolors=BLUE, label="has the lock")
    ax.broken_barh([], (0, 1), facecolors=VERMILION, label="beside another")
    ax.set_xlim(*limits)
    ax.set_ylim(-1.1, len(workers) - 0.5)
    ax.set_yticks(range(len(workers)), workers)
    ax.set_xlabel("time (s)")
    ax.set_ylabel("worker")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=9)
