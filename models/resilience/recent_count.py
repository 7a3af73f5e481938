"""How many events there were in the last so many seconds, in bounded memory.

They are counted in sixty slices of the window, aligned to time zero, so that memory does not grow with the
load: the window moves by a sixtieth at a time and covers between 59 and 60 of them. An exact log would cost a
time for each event (`rate_limits.SlidingWindow` pays that, for it must be exact); here it is for decisions by
a share of many.
"""

from __future__ import annotations

from collections import deque
from math import floor

_SLICES = 60


class RecentCount:
    """Counts the events of the last `window` (finite, > 0) seconds."""

    __slots__ = ("_slice", "_slices", "_total")

    def __init__(self, window: float) -> None:
        self._slice = window / _SLICES
        self._slices: deque[list[int]] = deque()  # number of the slice, events in it
        self._total = 0

    def add(self, now: float) -> None:
        """Count an event."""
        slices = self._slices
        number = floor(now / self._slice)
        if not slices or slices[-1][0] != number:
            self.total(now)  # once a slice is often enough for memory to stay bounded
            slices.append([number, 0])
        slices[-1][1] += 1
        self._total += 1

    def total(self, now: float) -> int:
        """Return how many events there were in the window that ends at `now`; forget those before it."""
        slices = self._slices
        oldest = floor(now / self._slice) - _SLICES
        while slices and slices[0][0] <= oldest:
            self._total -= slices.popleft()[1]
        return self._total
