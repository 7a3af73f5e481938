"""The writes of a cache that are under way, and which of them bring nothing that may be kept.

A write whose key is written or invalidated by somebody else meanwhile may have been overwritten at the target
before its answer comes: nobody here can know. Such a key is *crowded* until no write of it is under way.
"""

from __future__ import annotations

from collections.abc import Hashable


class WritesUnderWay:
    """How many writes of each key are under way, and which keys are crowded."""

    __slots__ = ("_counts", "_crowded")

    def __init__(self) -> None:
        self._counts: dict[Hashable, int] = {}
        self._crowded: set[Hashable] = set()

    def begin(self, key: Hashable) -> None:
        """Count a write that begins; two at a time are a crowd."""
        count = self._counts.get(key, 0)
        self._counts[key] = count + 1
        if count:
            self._crowded.add(key)

    def end(self, key: Hashable) -> bool:
        """Count a write that has ended; say whether nothing else has touched its key meanwhile."""
        was_alone = key not in self._crowded
        count = self._counts.pop(key) - 1
        if count:
            self._counts[key] = count
        else:
            self._crowded.discard(key)
        return was_alone

    def void(self, key: Hashable) -> None:
        """Let the writes of `key` now under way bring nothing that is kept."""
        if key in self._counts:
            self._crowded.add(key)

    def void_all(self) -> None:
        """Let no write now under way bring anything that is kept."""
        self._crowded.update(self._counts)
