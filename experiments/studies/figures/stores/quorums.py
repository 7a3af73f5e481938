"""Figures of `quorums`: the price of each level, a zone away, what brings a replica back, a slow one."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from ....plots.palette import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION
from ....result import SweepResult
from ...stores.quorums import LEVELS, SPECULATIONS
from .bar_panels import Panel, bar_panels
from .whole_points import has_point, whole_point

Rows = Mapping[str, dict[str, Any]]


def _level(read_level: int, write_level: int) -> str:
    overlap = ", overlap" if read_level + write_level > 3 else ""
    return f"R {read_level}, W {write_level}{overlap}"


_LEVELS: Rows = {_level(r, w): {"read_level": r, "write_level": w, "trouble": "none"} for r, w in LEVELS}
_CUT: Rows = {
    "R 1, W 1": {"read_level": 1, "write_level": 1, "trouble": "zone"},
    "R 2, W 2": {"trouble": "zone"},
    "R 2, W 2, sloppy": {"sloppy": True, "trouble": "zone"},
    "R 3, W 3 of N 5": {"replicas": 5, "read_level": 3, "write_level": 3, "trouble": "zone"},
}
_ONE_MORE = "R 2, W 2, one more is asked"
_CRASHED: Rows = {
    **{name: {**row, "trouble": "crashes"} for name, row in _LEVELS.items()},
    _ONE_MORE: {"trouble": "crashes", "speculation": "p95"},
}
_NO_OVERLAP = [row for row in _LEVELS.values() if row["read_level"] + row["write_level"] <= 3]
_CRASHES: Mapping[str, Any] = {"read_level": 1, "write_level": 1, "trouble": "crashes"}
_BACK: Rows = {
    "nothing": {**_CRASHES, "hints": False, "repair": "none"},
    "read repair (all are asked)": {**_CRASHES, "hints": False, "repair": "background"},
    "hints": {**_CRASHES},
}
_SPECULATION: Rows = {
    name: {"trouble": "slow", "speculation": speculation}
    for name, speculation in zip(
        ("never", "after the p95, 5 ms at most", "at once"), SPECULATIONS, strict=True
    )
}
_COLOURS = {
    **{_level(r, w): BLUE if r + w > 3 else VERMILION for r, w in LEVELS},
    _ONE_MORE: SKY,
    **dict(zip(_CUT, (VERMILION, BLUE, ORANGE, SKY), strict=True)),
    **dict(zip(_BACK, (VERMILION, BLUE, GREEN), strict=True)),
    **dict(zip(_SPECULATION, (GREY, BLUE, PURPLE), strict=True)),
}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    figures: dict[str, Figure] = {}
    in_a_cut = [{**row, "trouble": "zone"} for row in _LEVELS.values()]
    if all(has_point(result, point) for point in (*_LEVELS.values(), *in_a_cut)):
        figures["levels"] = _levels(result)
    for name, rows, draw in (
        ("crashes", _CRASHED, _crashes),
        ("cut", _CUT, _cut),
        ("back", _BACK, _back),
        ("speculation", _SPECULATION, _speculation),
    ):
        if all(has_point(result, row) for row in rows.values()):
            figures[name] = draw(result)
    return figures


def _levels(result: SweepResult) -> Figure:
    zone = {"trouble": "zone"}
    worst = max(_mean(result, {**row, **zone}, "stale_during") for row in _NO_OVERLAP)
    return bar_panels(
        result,
        _whole(result, _LEVELS),
        [
            _panel("write_p50", "median write (ms)", 1000.0),
            _panel("read_p50", "median read (ms)", 1000.0),
            Panel(
                measure="stale_during",
                label="stale reads while\na zone is cut off (%)",
                scale=100.0,
                form=".0f",
                where=zone,
                missing="none is answered",
            ),
        ],
        title="Each answer more that is waited for takes longer;\n"
        f"where reads and writes do not overlap up to {worst:.0%} of the reads are stale in a cut",
        rows_are="R and W of 3 copies",
        colours=_COLOURS,
    )


def _crashes(result: SweepResult) -> Figure:
    strict, spared = (_mean(result, _CRASHED[name], "reads_answered") for name in (_level(2, 2), _ONE_MORE))
    return bar_panels(
        result,
        _whole(result, _CRASHED),
        [
            _panel("writes_answered", "writes answered while\nnodes crash by turns (%)", 100.0, ".0f"),
            _panel("reads_answered", "reads answered while\nnodes crash by turns (%)", 100.0, ".0f"),
            _panel("messages", "messages between nodes\nper operation"),
        ],
        title="A write is sent to all, and any two may answer; a read asks the two nearest:\n"
        f"{strict:.0%} of these are answered while nodes crash, {spared:.0%} where one more is asked in time",
        rows_are="R and W of 3 copies",
        colours=_COLOURS,
    )


def _cut(result: SweepResult) -> Figure:
    strict, sloppy = (
        _mean(result, _CUT[name], "writes_answered_cut") for name in ("R 2, W 2", "R 2, W 2, sloppy")
    )
    stale = _mean(result, _CUT["R 2, W 2, sloppy"], "stale_during")
    return bar_panels(
        result,
        _whole(result, _CUT),
        [
            _panel("writes_answered_cut", "writes answered\nin the zone cut off (%)", 100.0, ".0f"),
            _panel("reads_answered_cut", "reads answered\nin the zone cut off (%)", 100.0, ".0f"),
            _panel("stale_during", "stale reads\nmeanwhile, everywhere (%)", 100.0, ".0f"),
        ],
        title=f"A zone is cut off: strict quorums answer {strict:.0%} of its writes,\n"
        f"sloppy ones {sloppy:.0%}; their overlap means nothing then: {stale:.0%} of the reads are stale",
        rows_are="quorum",
        colours=_COLOURS,
    )


def _back(result: SweepResult) -> Figure:
    nothing, hints = (_mean(result, _BACK[name], "stale_during") for name in ("nothing", "hints"))
    return bar_panels(
        result,
        _whole(result, _BACK),
        [
            _panel("stale_during", "stale reads while\nnodes crash by turns (%)", 100.0),
            _panel("stale_after", "stale reads\nafterwards (%)", 100.0),
            _panel("stale_seconds", "mean age of what\nstale reads tell (s)"),
            _panel("messages", "messages between nodes\nper operation"),
        ],
        title=f"R 1, W 1: a replica that was away is behind, {nothing:.1%} of the reads are stale\n"
        f"if nothing brings it back, {hints:.1%} with hints",
        rows_are="brought back by",
        colours=_COLOURS,
    )


def _speculation(result: SweepResult) -> Figure:
    never, p95 = (1000.0 * _mean(result, row, "read_p99_during") for row in list(_SPECULATION.values())[:2])
    return bar_panels(
        result,
        _whole(result, _SPECULATION),
        [
            _panel("read_p99_during", "p99 of reads while\na replica is slow (ms)", 1000.0),
            _panel("read_p50", "median read while\nall is well (ms)", 1000.0, ".2f"),
            _panel("messages", "messages between nodes\nper operation"),
        ],
        title=f"R 2, W 2: a slow replica makes the p99 of reads {never:.0f} ms;\n"
        f"{p95:.0f} ms where one more is asked when an answer is late",
        rows_are="one more is asked",
        colours=_COLOURS,
    )


def _panel(measure: str, label: str, scale: float = 1.0, form: str = ".1f") -> Panel:
    return Panel(measure=measure, label=label, scale=scale, form=form)


def _whole(result: SweepResult, rows: Rows) -> Rows:
    return {name: whole_point(result, **row) for name, row in rows.items()}


def _mean(result: SweepResult, special: Mapping[str, Any], measure: str) -> float:
    return result.estimate(result.points.index(whole_point(result, **special)), measure).mean
