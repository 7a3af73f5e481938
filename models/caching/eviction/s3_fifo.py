"""S3-FIFO: a small queue for what is new, a main one for what is used again, ghosts of what left too soon.

Most keys of a skewed workload are asked for once, or not again for long, so a tenth of the space is on trial:

- A new key enters the small queue. At its end it moves to the main queue if it was used at least twice
  meanwhile, and else it is evicted and leaves a ghost, which is the key without its value.
- A key whose ghost is still there enters the main queue at once. Ghosts stand for nine tenths of the
  capacity, the oldest go first.
- At the end of the main queue a key that was used goes back to its start, at most three times for as many
  uses; else it is evicted, without a ghost.

This is the authors' own code (S3FIFO.c of libCacheSim, December 2024) and equals it miss by miss. It differs
from algorithm 1 of their paper in three ways, which they found to be better: the main queue gives way only
while it has more than nine tenths, or the small one is empty (the paper: while the small one has less than a
tenth); until the first eviction, keys that find the small queue full enter the main one; and a key larger
than the small queue is not admitted, nor is one exactly as large, unless it has a ghost, though room is made
for it. So a capacity of less than 20 would hold nothing: here the small queue has at least 2 units.

Source: Yang, Zhang, Qiu, Yue, Rashmi: FIFO queues are all you need for cache eviction, SOSP 2023.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import final

from .policy import EvictionPolicy

_PROMOTED_FROM = 2  # uses in the small queue
_USES_MAX = 3  # two bits


@final
class S3Fifo(EvictionPolicy):
    """Evicts from the end of a small queue, or of a main one that has outgrown its share."""

    __slots__ = (
        "_ghost_capacity",
        "_ghost_used",
        "_ghosts",
        "_has_evicted",
        "_main",
        "_main_capacity",
        "_main_used",
        "_small",
        "_small_capacity",
        "_uses",
    )

    def __init__(self, capacity: int) -> None:
        """Hold nothing."""
        super().__init__(capacity)
        self._small_capacity = max(capacity // 10, 2)
        self._main_capacity = max(capacity - self._small_capacity, 0)
        self._ghost_capacity = capacity * 9 // 10
        self._small: OrderedDict[Hashable, None] = OrderedDict()
        self._main: OrderedDict[Hashable, None] = OrderedDict()
        self._ghosts: OrderedDict[Hashable, int] = OrderedDict()  # with their sizes
        self._uses: dict[Hashable, int] = {}
        self._main_used = self._ghost_used = 0
        self._has_evicted = False

    def access(self, key: Hashable) -> bool:
        """Return whether `key` is held; if so it counts one more use."""
        uses = self._uses
        if key in uses:
            uses[key] += 1
            return True
        return False

    def insert(self, key: Hashable, size: int = 1) -> Sequence[Hashable]:
        """Hold `key`, which is not held yet, unless it is as large as the small queue; see the contract."""
        self._require_new(key, size)
        had_ghost = key in self._ghosts
        if had_ghost:
            self._ghost_used -= self._ghosts.pop(key)
        if size > self._small_capacity or size > self.capacity:
            return (key,)
        evicted = self._shrink_to(self.capacity - size)
        if size == self._small_capacity and not had_ghost:
            return (*evicted, key)
        self._sizes[key] = size
        self.used += size
        self._uses[key] = 0
        small_is_full = self.used - size - self._main_used >= self._small_capacity
        if had_ghost or (small_is_full and not self._has_evicted):
            self._main[key] = None
            self._main_used += size
        else:
            self._small[key] = None
        return evicted

    def clear(self) -> None:
        """Forget everything, ghosts included."""
        super().clear()
        for part in (self._small, self._main, self._ghosts, self._uses):
            part.clear()
        self._main_used = self._ghost_used = 0
        self._has_evicted = False

    def _evict(self) -> Hashable:
        self._has_evicted = True
        if self._main_used <= self._main_capacity:
            while self._small:
                key, _ = self._small.popitem(last=False)
                if self._uses[key] < _PROMOTED_FROM:
                    self._leave_ghost(key)
                    return self._let_go(key)
                self._main[key] = None
                self._main_used += self._sizes[key]
                self._uses[key] = 0
        return self._evict_from_main()

    def _evict_from_main(self) -> Hashable:
        main, uses = self._main, self._uses
        while True:
            key, _ = main.popitem(last=False)
            if not uses[key]:
                self._main_used -= self._sizes[key]
                return self._let_go(key)
            uses[key] = min(uses[key], _USES_MAX) - 1
            main[key] = None

    def _let_go(self, key: Hashable) -> Hashable:
        self.used -= self._sizes.pop(key)
        del self._uses[key]
        return key

    def _leave_ghost(self, key: Hashable) -> None:
        size = self._sizes[key]
        if size > self._ghost_capacity:
            return
        ghosts = self._ghosts
        while self._ghost_used + size > self._ghost_capacity:
            self._ghost_used -= ghosts.popitem(last=False)[1]
        ghosts[key] = size
        self._ghost_used += size

    def _forget(self, key: Hashable) -> None:
        del self._uses[key]
        if key in self._small:
            del self._small[key]
        else:
            del self._main[key]
            self._main_used -= self._sizes[key]

    def _resized(self, key: Hashable, growth: int) -> None:
        if key in self._main:
            self._main_used += growth
