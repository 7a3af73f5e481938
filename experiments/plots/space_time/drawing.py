"""Draws a space-time diagram.

Vertical positions are inches below the upper edge, on a figure of its own, so that bars and texts have the
same height in a small diagram and in a large one. What is wrong is loud (stale, lost, cut, down), what is
well is pale.
"""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch, Rectangle
from matplotlib.patheffects import withStroke

from models.network import Passage, Role

from ..palette import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION, figure_of, new_axes
from .labels import SLOPE, Label, labels_of, rise_of
from .operations import Fate, OperationBar
from .picture import Arrow, Gap, SpaceTime

WIDTH = 11.0
"""Width of a new figure in inches."""

_NAMES_WIDTH, _NAMES_MARGIN, _NAME_CHARACTER = 1.5, 0.5, 0.085  # left of the axes: at least, and with names
_TITLE_CHARACTERS, _WHY_CHARACTERS, _WHY_HEIGHT = 11.0, 13.7, 12.0  # in an inch, in an inch, points of a line
_LEGEND_ENTRY, _LEGEND_BELOW = 2.0, 0.6  # inches: how wide an entry is; how far below somebody else's axes
_BELOW, _ABOVE, _LANE, _BAR, _TEXT = 0.2, 0.22, 0.26, 0.17, 0.34
_FULL_MAX, _HEADS_MAX = 80, 300
"""More messages of nodes than these are drawn thinner, and thinner still and without heads."""

_BARS: Mapping[Fate, tuple[str, str, Any]] = {
    Fate.ANSWERED: ("#D5EEE5", GREEN, "-"),
    Fate.STALE: (ORANGE, VERMILION, "-"),
    Fate.LOST: (VERMILION, BLACK, "-"),
    Fate.FAILED: ("#F3DCE8", PURPLE, "-"),
    Fate.UNKNOWN: ("#EFEFEF", GREY, (0, (3, 2))),
}
_ARROWS: Mapping[Role, tuple[str, str]] = {
    Role.MESSAGE: (BLUE, "message"),
    Role.REQUEST: ("#444444", "call and answer"),
    Role.ANSWER: ("#444444", "call and answer"),
    Role.FAILURE: (PURPLE, "answer: failed"),
    Role.CANCELLATION: (GREY, "cancellation"),
}
_HALO = (withStroke(linewidth=2.0, foreground="white"),)  # texts are read across arrows
_GONE = (Passage.LOST, Passage.CUT, Passage.UNSENT, Passage.UNHEARD)
_LOUD = (Fate.STALE, Fate.LOST)
_CUT_COLOUR = "#F6CFBF"
_DOWN_COLOUR = "#BBBBBB"


def plot_space_time(picture: SpaceTime, *, ax: Axes | None = None, title: str | None = None) -> Axes:
    """Draw `picture`, as `space_time` returns it, on `ax` or on a new figure, and return the axes.

    The title says what is seen; by default what the witness proves, if there is one.

    Example::

        plot_space_time(space_time(run.detail.trace), title="A read on the wrong side of the cut is stale")
    """
    width = _width(picture, ax)
    inches = width / (picture.end - picture.start)
    labels = [
        labels_of([bar for bar in picture.bars if bar.line == number], inches, (picture.start, picture.end))
        for number in range(len(picture.lines))
    ]
    heights, height = _heights(picture, labels)
    handles = _handles(picture)
    if ax is None:
        ax = new_axes(None, (WIDTH, height + 1.3))
        if handles:
            figure_of(ax).legend(handles=handles, loc="outside lower center", **_legend_style(WIDTH))
    elif handles:
        below = _LEGEND_BELOW / (ax.get_position().height * figure_of(ax).get_figheight())
        ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.0, -below), **_legend_style(width))
    _frame(ax, picture, heights, height)
    _draw_gaps(ax, picture, heights)
    _draw_lines(ax, picture, heights)
    _draw_arrows(ax, picture, heights)
    _draw_bars(ax, picture, heights, labels, inches)
    _write_title(ax, picture, title, width)
    return ax


def _width(picture: SpaceTime, ax: Axes | None) -> float:
    """Return about how wide the axes are, in inches; those of a new figure leave room for names."""
    if ax is not None:
        return float(ax.get_position().width * figure_of(ax).get_figwidth())
    longest = max((len(line.name) for line in picture.lines), default=0)
    return WIDTH - max(_NAMES_WIDTH, _NAMES_MARGIN + _NAME_CHARACTER * longest)


def _write_title(ax: Axes, picture: SpaceTime, title: str | None, width: float) -> None:
    """Write the title, and below it what is proved, where that is not the title."""
    why = "" if title is None else fill(picture.why, round(_WHY_CHARACTERS * width))
    text = fill(picture.why if title is None else title, round(_TITLE_CHARACTERS * width))
    lines_count = len(why.splitlines())
    ax.set_title(text, loc="left", fontsize=11, fontweight="bold", pad=6.0 + _WHY_HEIGHT * lines_count)
    if why:
        ax.annotate(
            why,
            (0, 1),
            xycoords="axes fraction",
            xytext=(0, 2),
            textcoords="offset points",
            fontsize=8,
            va="bottom",
        )


def _heights(picture: SpaceTime, labels: Sequence[Sequence[Label]]) -> tuple[list[float], float]:
    """Return how far below the upper edge each line is, and the height of all, in inches."""
    heights, edge = [], 0.0
    for line, written in zip(picture.lines, labels, strict=True):
        bars = _TEXT + _LANE * (line.lane_count - 1) if line.lane_count else 0.0
        texts = max(
            (_LANE * each.lane + rise_of(each.text) for each in written if each.is_above), default=0.0
        )
        edge += max(_ABOVE + bars, 2.0 * _BAR + texts)
        heights.append(edge)
        edge += _BELOW
    return heights, edge + 0.05


def _frame(ax: Axes, picture: SpaceTime, heights: list[float], height: float) -> None:
    """Set limits, ticks and the axis of time: in milliseconds where seconds would be small numbers."""
    ax.set_xlim(picture.start, picture.end)
    ax.set_ylim(height, 0.0)
    ax.set_yticks(heights, [line.name for line in picture.lines])
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.set_ylabel("hosts")
    ax.set_xlabel("time (s)")
    if picture.is_in_milliseconds:
        ax.xaxis.set_major_formatter(lambda value, _: f"{1000.0 * value:.6g}")
        ax.set_xlabel("time (ms)")


def _draw_gaps(ax: Axes, picture: SpaceTime, heights: list[float]) -> None:
    for gap in picture.gaps:
        start, end = max(gap.start, picture.start), min(gap.end, picture.end)
        upper, lower = heights[gap.upper], heights[gap.lower]
        ax.add_patch(
            Rectangle(
                (start, upper),
                end - start,
                lower - upper,
                facecolor=_CUT_COLOUR,
                linewidth=0,
                alpha=0.5 if gap.is_one_way else 0.9,
                zorder=0.5,
            )
        )
        ax.text(
            start,
            upper + _BAR / 2,
            " cut one way" if gap.is_one_way else " cut",
            fontsize=7,
            color=VERMILION,
            ha="left",
            va="top",
            zorder=5,
            path_effects=_HALO,
        )


def _draw_lines(ax: Axes, picture: SpaceTime, heights: list[float]) -> None:
    for line, y in zip(picture.lines, heights, strict=True):
        ax.plot(
            [picture.start, picture.end],
            [y, y],
            color=BLACK if line.is_host else GREY,
            linewidth=1.0,
            zorder=1,
        )
    for each in picture.down:
        start, end = max(each.downtime.start, picture.start), min(each.downtime.end, picture.end)
        y = heights[each.line]
        ax.add_patch(
            Rectangle(
                (start, y - 0.07),
                end - start,
                0.14,
                facecolor=_DOWN_COLOUR,
                edgecolor="white",
                hatch="////",
                linewidth=0,
                zorder=1.6,
            )
        )
        text = "down" if each.downtime.process is None else f"{each.downtime.process} down"
        ax.text(start, y + 0.08, text, fontsize=7, color="#555555", va="top", ha="left", zorder=5)


def _draw_arrows(ax: Axes, picture: SpaceTime, heights: list[float]) -> None:
    """Draw calls plainly, and the messages of nodes the thinner, the more there are."""
    count = sum(arrow.message.role is Role.MESSAGE for arrow in picture.arrows)
    has_heads = count <= _HEADS_MAX
    for arrow in picture.arrows:
        is_gone = arrow.message.passage in _GONE
        is_thin = arrow.message.role is Role.MESSAGE and count > _FULL_MAX
        start, end = _ends(arrow, picture.gaps, heights)
        ax.add_artist(  # it ends at the edges of the window, as an annotation would not
            FancyArrowPatch(
                start,
                end,
                arrowstyle="-" if is_gone or arrow.share < 1.0 or (is_thin and not has_heads) else "-|>",
                color=VERMILION if is_gone else _ARROWS[arrow.message.role][0],
                linewidth=0.5 if is_thin else 0.9,
                alpha=(0.6 if has_heads else 0.35) if is_thin else 0.85,
                linestyle="--" if arrow.message.retransmission_count else "-",
                shrinkA=0.0,
                shrinkB=0.0,
                mutation_scale=4.5 if is_thin else 6.0,
                zorder=2.0 if is_thin else 2.2,
            )
        )
        if is_gone:
            size, width = (3.0, 0.8) if is_thin else (5.0, 1.3)
            ax.plot(*end, marker="x", markersize=size, markeredgewidth=width, color=VERMILION, zorder=2.5)


def _ends(
    arrow: Arrow, gaps: Sequence[Gap], heights: list[float]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return both ends of what is drawn of an arrow: one that is cut off ends in the gap that did it."""
    sent_at, source, target = arrow.message.sent_at, heights[arrow.source], heights[arrow.target]
    share = arrow.share
    if arrow.message.passage is Passage.CUT:
        upper, lower = sorted((arrow.source, arrow.target))
        for gap in gaps:
            if gap.start <= sent_at <= gap.end and upper <= gap.upper and gap.lower <= lower:
                middle = (heights[gap.upper] + heights[gap.lower]) / 2
                share = (middle - source) / (target - source)
    return (sent_at, source), (sent_at + share * (arrow.end - sent_at), source + share * (target - source))


def _draw_bars(
    ax: Axes,
    picture: SpaceTime,
    heights: list[float],
    labels: Sequence[Sequence[Label]],
    inches: float,
) -> None:
    """Draw the bars and write the labels; a second is so many `inches` wide."""
    for bar in picture.bars:
        _draw_bar(ax, bar, heights[bar.line] - _LANE * bar.lane, 0.03 / inches)
    for height, written in zip(heights, labels, strict=True):
        for label in written:
            _write(ax, label, height, 0.03 / inches)


def _write(ax: Axes, label: Label, height: float, margin: float) -> None:
    """Write `label` on the line at `height`, with a thin line to its bar where others are between."""
    bar = label.bar
    is_loud = bar.fate in _LOUD
    style: dict[str, Any] = {
        "fontsize": 7,
        "color": VERMILION if is_loud and label.is_above else BLACK,
        "fontweight": "bold" if bar.proof or is_loud else "normal",
        "ha": "left",
        "zorder": 5,
        "path_effects": _HALO,
    }
    middle = height - _LANE * bar.lane
    if not label.is_above:
        ax.text(label.start + margin, middle, label.text, va="center", **style)
        return
    top = height - _LANE * label.lane - _BAR / 2
    if bar.lane < label.lane:
        ax.plot([label.start, label.start], [middle, top], color=GREY, linewidth=0.5, zorder=1.8)
    ax.text(label.start, top - 0.02, label.text, rotation=SLOPE, va="bottom", rotation_mode="anchor", **style)


def _draw_bar(ax: Axes, bar: OperationBar, middle: float, width_min: float) -> None:
    face, edge, dashes = _BARS[bar.fate]
    ax.add_patch(
        FancyBboxPatch(
            (bar.start, middle - _BAR / 2),
            max(bar.end - bar.start, width_min),
            _BAR,
            boxstyle="square,pad=0",
            facecolor=face,
            edgecolor=BLACK if bar.proof else edge,
            linewidth=1.8 if bar.proof else 0.8,
            linestyle=dashes,
            zorder=3.5 if bar.proof else 3,
        )
    )
    if bar.proof:
        text = f"{bar.proof}{'✗' if bar.is_breaking else ''}"
        ax.text(
            bar.start,
            middle + _BAR / 2 + 0.01,
            text,
            fontsize=7,
            fontweight="bold",
            color=VERMILION,
            va="top",
            ha="left",
            zorder=6,
        )


def _legend_style(width: float) -> dict[str, Any]:
    """Return how a legend looks that is so wide (inches)."""
    return {
        "ncols": max(1, int(width / _LEGEND_ENTRY)),
        "fontsize": 8,
        "frameon": False,
        "borderaxespad": 0.5,
    }


def _handles(picture: SpaceTime) -> list[Patch | Line2D]:
    """Return what explains what there is to be seen, and nothing else."""
    fates = {bar.fate for bar in picture.bars}
    handles: list[Patch | Line2D] = [
        Patch(facecolor=face, edgecolor=edge, linestyle=dashes, label=fate.value)
        for fate, (face, edge, dashes) in _BARS.items()
        if fate in fates
    ]
    if any(bar.proof for bar in picture.bars):
        handles.append(
            Patch(facecolor="white", edgecolor=BLACK, linewidth=1.8, label="in the proof (✗: breaks it)")
        )
    roles = {_ARROWS[each.message.role]: None for each in picture.arrows if each.message.passage not in _GONE}
    handles += [Line2D([], [], color=colour, linewidth=1.2, label=label) for colour, label in roles]
    if any(each.message.passage in _GONE for each in picture.arrows):
        handles.append(
            Line2D([], [], color=VERMILION, marker="x", linewidth=1.0, label="message that never arrives")
        )
    if picture.gaps:
        handles.append(Patch(facecolor=_CUT_COLOUR, label="cut"))
    if picture.down:
        handles.append(Patch(facecolor=_DOWN_COLOUR, edgecolor="white", hatch="////", label="down"))
    return handles
