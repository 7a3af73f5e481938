"""CLOCK, FIFO with a second chance: the oldest key goes first unless it was used since the last look at it.

One bit for a key in place of LRU's reordering at each hit: the page replacement of many operating systems
(Corbató: A paging experiment with the Multics system, 1968). The keys stand in a circle and a hand goes
round; here they stand in a queue, and a key that is spared goes to its end, which is the same order.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import final

from .policy import EvictionPolicy


@final
class Clock(EvictionPolicy):
    """Evicts the oldest key whose bit is not set; a use sets the bit, the hand clears it and passes on."""

    __slots__ = ("_queue", "_used")

    def __init__(self, capacity: int) -> None:
        """Hold nothing."""
        self._queue: OrderedDict[Hashable, int] = OrderedDict()
        self._used: set[Hashable] = set()  # only asked for members: its order never shows
        super().__init__(capacity, self._queue)

    def access(self, key: Hashable) -> bool:
        """Return whether `key` is held; if so it is spared once."""
        if key in self._queue:
            self._used.add(key)
            return True
        return False

    def clear(self) -> None:
        """Forget everything."""
        super().clear()
        self._used.clear()

    def _evict(self) -> Hashable:
        queue, used = self._queue, self._used
        while True:
            key, size = queue.popitem(last=False)
            if key not in used:
                self.used -= size
                return key
            used.remove(key)
            queue[key] = size

    def _forget(self, key: Hashable) -> None:
        self._used.discard(key)
