"""A loop: all keys in turn, again and again, as of a program that reads a table from end to end.

The worst case of LRU and FIFO: if the loop is longer than the cache, each key is evicted just before it is
asked for again, and nothing ever hits, while a cache that keeps any `capacity` keys for good hits capacity /
count. Source: Smaragdakis, Kaplan and Wilson, "EELRU: Simple and Effective Adaptive Page Replacement"
(SIGMETRICS 1999).
"""

from __future__ import annotations

from ...validation import require_count


class LoopingKeys:
    """A callable that returns 0, 1, ..., `count` - 1 (`count` >= 1) and begins again; it draws nothing.

    All users of a workload share one loop. Example: `OpenLoop(env, cache, rate=10.0, keys=LoopingKeys(500))`.
    """

    __slots__ = ("_next", "count")

    def __init__(self, count: int) -> None:
        """Begin with key 0. Raises `ValueError` unless `count` is a whole number >= 1."""
        require_count("count", count)
        self.count = count
        self._next = 0

    def __call__(self) -> int:
        """Return the next key."""
        key = self._next
        self._next = key + 1 if key + 1 < self.count else 0
        return key
