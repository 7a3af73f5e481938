"""What a server has served: requests by range, the last ones by token, and the hottest keys.

The hottest keys are counted in bounded memory: a table of so many counters, in which a key that has none
takes the place, and the count, of the one that was asked for least. So a count is never too low, a key with
more than its share of all requests is always there, and the error is at most that share: all requests over
the number of counters. Source: Metwally, Agrawal and El Abbadi, "Efficient Computation of Frequent and Top-k
Elements in Data Streams" (ICDT 2005), "Space-Saving".

Ranges are called by their starts, which a split or a merger changes: what was served of both halves before a
split stays with the first one.
"""

from __future__ import annotations

from collections import deque
from typing import Any

RECENT_COUNT = 1000
"""Requests whose tokens are remembered, the last ones: they show where half of the load of a range lies."""


class Loads:
    """What one life of a server has served, with counters for `tracked_keys` (>= 0) keys.

    `served_count` requests, `by_start` those of each range by its start, `by_key` those of hot keys; `recent`
    are the tokens of the last ones. A scan of one range counts in the first and the last (`note_scan`).
    """

    __slots__ = ("_tracked_keys", "by_key", "by_start", "recent", "served_count")

    def __init__(self, tracked_keys: int = 0) -> None:
        self._tracked_keys = tracked_keys
        self.served_count = 0
        self.by_start: dict[Any, int] = {}
        self.recent: deque[Any] = deque(maxlen=RECENT_COUNT)
        self.by_key: dict[Any, int] = {}

    def note(self, start: Any, token: Any, key: Any) -> None:
        """Count a request for `key`, which has that `token`, of the range that begins at `start`."""
        self.served_count += 1
        self.recent.append(token)
        self.by_start[start] = self.by_start.get(start, 0) + 1
        if self._tracked_keys:
            self._note_key(key)

    def note_scan(self, token: Any) -> None:
        """Count a scan of one range, which begins at `token`."""
        self.served_count += 1
        self.recent.append(token)

    def _note_key(self, key: Any) -> None:
        counts = self.by_key
        if key in counts or len(counts) < self._tracked_keys:
            counts[key] = counts.get(key, 0) + 1
        else:
            coldest = min(counts, key=counts.__getitem__)
            counts[key] = counts.pop(coldest) + 1
