"""What is written on the bars of one line: in the bar, slanting above it, or nothing where there is no room.

What has gone wrong, and what belongs to a proof, is written first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin

from .operations import Fate, OperationBar

CHARACTER = 0.062
"""The mean width of a character of a label, in inches."""

SLOPE = 40
"""The angle of slanting texts, in degrees."""

_SLANTING = 0.17
"""How far slanting texts have to stand from each other, in inches."""

_SLANTING_WIDTH_MIN = 0.45
"""How far a slanting text reaches to the right of where it begins, in inches, at least."""


@dataclass(frozen=True, slots=True)
class Label:
    """The `text` of a bar, which begins at `start` (s): in it, or slanting above all bars up to `lane`."""

    bar: OperationBar
    text: str
    start: float
    is_above: bool
    lane: int


def labels_of(
    bars: Sequence[OperationBar], inches_per_second: float, window: tuple[float, float]
) -> list[Label]:
    """Return the labels of the bars of one line for which there is room, in a `window` of time (s)."""
    placed: list[Label] = []
    taken: list[float] = []
    for bar in sorted(bars, key=lambda each: (not _matters(each), each.start)):
        start = max(bar.start, window[0])
        room = (min(bar.end, window[1]) - start) * inches_per_second
        text = next((text for text in (bar.label, bar.short) if (len(text) + 1) * CHARACTER <= room), None)
        at = start * inches_per_second
        if text is not None:
            placed.append(Label(bar, text, start, is_above=False, lane=bar.lane))
        elif all(abs(at - other) >= _SLANTING for other in taken):
            taken.append(at)
            reach = max(_SLANTING_WIDTH_MIN, len(bar.short) * CHARACTER * cos(radians(SLOPE)))
            lane = _highest(bars, start, start + reach / inches_per_second)
            placed.append(Label(bar, bar.short, start, is_above=True, lane=lane))
    return placed


def rise_of(text: str) -> float:
    """Return how far a slanting text rises above where it begins, in inches."""
    return len(text) * CHARACTER * sin(radians(SLOPE))


def _highest(bars: Sequence[OperationBar], start: float, end: float) -> int:
    """Return the highest lane in which there is a bar between `start` and `end` (s)."""
    return max(bar.lane for bar in bars if bar.start <= end and bar.end >= start)


def _matters(bar: OperationBar) -> bool:
    return bar.fate is not Fate.ANSWERED or bar.proof > 0
