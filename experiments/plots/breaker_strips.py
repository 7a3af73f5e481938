"""The states of circuit breakers over time, as strips below a time axis: one strip per breaker."""

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from models.observers import breaker_names, breaker_stays
from simulator import EventLog

from .palette import BLUE, SKY

STATE_COLOURS = {"closed": "#EEEEEE", "half_open": SKY, "open": BLUE}
"""One colour per state of a breaker; other states are shown as closed."""

_STRIP_HEIGHT = 0.055  # of the axes above


class BreakerStrip(NamedTuple):
    """The states of the breaker `name`: (state, start, end) in seconds, in order of time."""

    name: str
    stays: tuple[tuple[str, float, float], ...]


def breaker_strips(log: EventLog, until: float) -> tuple[BreakerStrip, ...]:
    """Return one strip for each breaker that has changed its state up to `until`; all begin closed."""
    return tuple(
        BreakerStrip(
            name, tuple((stay.state.value, stay.start, stay.end) for stay in breaker_stays(log, name, until))
        )
        for name in breaker_names(log, until)
    )


def draw_breaker_strips(ax: Axes, strips: Sequence[BreakerStrip]) -> Axes:
    """Draw strips below `ax` and return the axes that now carry the time; `ax` itself if there are none."""
    if not strips:
        return ax
    height = _STRIP_HEIGHT * len(strips)
    below = ax.inset_axes((0.0, -height - 0.04, 1.0, height), sharex=ax)
    for row, strip in enumerate(strips):
        for state, start, end in strip.stays:
            colour = STATE_COLOURS.get(state, STATE_COLOURS["closed"])
            below.barh(row, end - start, left=start, height=0.8, color=colour, linewidth=0)
    below.set_yticks(range(len(strips)), [strip.name for strip in strips], fontsize=8)
    below.set_ylim(len(strips) - 0.5, -0.5)
    below.tick_params(left=False)
    below.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(labelbottom=False, bottom=False)
    below.legend(
        handles=[Patch(color=c, label=f"breaker {s.replace('_', '-')}") for s, c in STATE_COLOURS.items()],
        loc="upper left",
        bbox_to_anchor=(1.02, 1.0),  # beside the last number of the time axis
        borderaxespad=0.3,
        frameon=False,
        fontsize=8,
    )
    return below
