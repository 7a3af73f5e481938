"""Policies of one queue: the key at its front goes next. LRU and FIFO, which differ in what a use does."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from typing import ClassVar

from .policy import EvictionPolicy


class OneQueue(EvictionPolicy):
    """Evicts the front of a queue; if `moves_to_the_end`, a use brings a key to its end."""

    __slots__ = ("_queue",)

    moves_to_the_end: ClassVar[bool]

    def __init__(self, capacity: int) -> None:
        """Hold nothing."""
        # A plain dict would do but for eviction: it leaves holes at the front, and each search for the first
        # key walks over them.
        self._queue: OrderedDict[Hashable, int] = OrderedDict()
        super().__init__(capacity, self._queue)

    def _evict(self) -> Hashable:
        key, size = self._queue.popitem(last=False)
        self.used -= size
        return key

    def request_all(
        self, keys: Iterable[Hashable], sizes: Iterable[int], costs: Iterable[int]
    ) -> tuple[int, int]:
        """Do what the base class does, in half of the time: half a million a second was promised."""
        queue, capacity, moves = self._queue, self.capacity, self.moves_to_the_end
        move, pop = queue.move_to_end, queue.popitem
        used, misses, missed = self.used, 0, 0
        try:
            for key, size, cost in zip(keys, sizes, costs, strict=True):
                if key in queue:
                    if moves:
                        move(key)
                    continue
                misses += 1
                missed += cost
                if size > capacity:
                    continue
                if size < 1:
                    self._require_new(key, size)
                used += size
                while used > capacity:
                    used -= pop(last=False)[1]
                queue[key] = size
        finally:
            self.used = used
        return misses, missed
