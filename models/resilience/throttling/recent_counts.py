"""How many requests were made, and how many accepted, in the last so many seconds.

Counts are kept in sixty slices of the window, aligned to time zero, so that memory does not grow with the
load: the window moves by a sixtieth at a time and covers between 59 and 60 of them.
"""

from __future__ import annotations

from collections import deque
from math import floor

_SLICES = 60


class RecentCounts:
    """`requests` and `accepts` of the last `window` (> 0) seconds, as of the last `advance`.

    An accept counts when it comes, which may be long after its request.
    """

    __slots__ = ("_slice", "_slices", "accepts", "requests")

    def __init__(self, window: float) -> None:
        self._slice = window / _SLICES
        self._slices: deque[list[int]] = deque()  # number of the slice, requests, accepts
        self.requests = 0
        self.accepts = 0

    def advance(self, now: float) -> None:
        """Forget what was before the window that ends at `now`."""
        slices = self._slices
        oldest = floor(now / self._slice) - _SLICES
        while slices and slices[0][0] <= oldest:
            _, requests, accepts = slices.popleft()
            self.requests -= requests
            self.accepts -= accepts

    def add_request(self, now: float) -> None:
        """Count a request."""
        self._present(now)[1] += 1
        self.requests += 1

    def add_accept(self, now: float) -> None:
        """Count an accepted one."""
        self._present(now)[2] += 1
        self.accepts += 1

    def _present(self, now: float) -> list[int]:
        slices = self._slices
        number = floor(now / self._slice)
        if not slices or slices[-1][0] != number:
            self.advance(now)  # once a slice is often enough for memory to stay bounded
            slices.append([number, 0, 0])
        return slices[-1]
