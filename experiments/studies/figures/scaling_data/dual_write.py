"""Figures of `dual_write`: what each way loses with each crash, and what it costs."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from ....plots.palette import BLACK, BLUE, ORANGE, SKY, VERMILION
from ....result import SweepResult
from ..stores.bar_panels import Panel, bar_panels
from ..stores.whole_points import has_point, whole_point

_COLOURS = {"database first": VERMILION, "message first": ORANGE, "outbox": BLUE, "outbox, no inbox": SKY}
_STRUCK = {"database first": "lost", "message first": "phantom"}


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return a figure for each thing that crashes, where the sweep has all ways."""
    whats = dict.fromkeys(point["what"] for point in result.points)
    return {
        f"{what}_crashes": _figure(result, what)
        for what in whats
        if all(has_point(result, {"way": way, "what": what}) for way in _COLOURS)
    }


def _figure(result: SweepResult, what: str) -> Figure:
    rows = {way: whole_point(result, way=way, what=what) for way in _COLOURS}
    panels = [
        Panel(measure="lost", label="lost: written, never\nshipped (each crash)", form=".2f"),
        Panel(measure="phantom", label="phantom: shipped, never\nwritten (each crash)", form=".2f"),
        Panel(measure="doubled", label="shipped more than\nonce (each crash)", form=".2f"),
        Panel(measure="p50", label="median time to\nan answer (ms)", scale=1e3),
        Panel(measure="delay", label="median time from order\nto shipping (ms)", scale=1e3),
    ]
    figure = bar_panels(
        result,
        rows,
        panels,
        title=f"The {what} crashes between a database and a message (line: rate times the time between)",
        rows_are="how an order is written and told of",
        colours=_COLOURS,
    )
    for row, way in enumerate(rows):
        if way in _STRUCK:
            panel = next(place for place, each in enumerate(panels) if each.measure == _STRUCK[way])
            theory = result.estimate(result.point(**rows[way]), "expected").mean
            figure.axes[panel].plot([theory, theory], [row - 0.42, row + 0.42], color=BLACK, linewidth=2.0)
    return figure
