"""LRU: the key that has gone longest without a use goes first.

The default of most caches, for requests tend to repeat soon (Mattson, Gecsei, Slutz, Traiger: Evaluation
techniques for storage hierarchies, IBM Systems Journal 9(2), 1970). Its weakness is a scan, or a loop
somewhat longer than the cache: what is never asked for again pushes out what is.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar, final

from .one_queue import OneQueue


@final
class Lru(OneQueue):
    """Evicts the key least recently used. An insertion is a use."""

    __slots__ = ()

    moves_to_the_end: ClassVar[bool] = True

    def access(self, key: Hashable) -> bool:
        """Return whether `key` is held; if so it goes last from now on."""
        if key in self._queue:
            self._queue.move_to_end(key)
            return True
        return False
