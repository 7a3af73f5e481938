"""SIEVE: FIFO with a bit for each key and a hand that leaves the keys it spares where they are.

New keys queue up ahead of the hand while what it has spared is behind it, so that what is not used again is
sifted out fast, and what is, stays. One bit as for CLOCK and no reordering at all, mostly with fewer misses;
but it does not resist scans (Zhang, Yang, Yue, Vigfusson, Rashmi: SIEVE is simpler than LRU: an efficient
turn-key eviction algorithm for web caches, NSDI 2024, algorithm 1 and section 4).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import final

from .policy import EvictionPolicy


@final
class Sieve(EvictionPolicy):
    """Evicts the first key from the hand on, from old to new and round again, whose bit is not set.

    The queue is cut at the hand, in place of a linked list: `_passed` are the keys that it has spared in this
    round, `_ahead` those it comes to, each from old to new. When none are ahead, the next round begins.
    """

    __slots__ = ("_ahead", "_passed", "_used")

    def __init__(self, capacity: int) -> None:
        """Hold nothing."""
        super().__init__(capacity)
        self._ahead: OrderedDict[Hashable, None] = OrderedDict()
        self._passed: OrderedDict[Hashable, None] = OrderedDict()
        self._used: set[Hashable] = set()  # only asked for members: its order never shows

    def access(self, key: Hashable) -> bool:
        """Return whether `key` is held; if so it is spared once."""
        if key in self._sizes:
            self._used.add(key)
            return True
        return False

    def clear(self) -> None:
        """Forget everything."""
        super().clear()
        self._ahead.clear()
        self._passed.clear()
        self._used.clear()

    def _admit(self, key: Hashable) -> None:
        self._ahead[key] = None

    def _evict(self) -> Hashable:
        used = self._used
        while True:
            key, _ = self._ahead.popitem(last=False)
            spared = key in used
            if spared:
                used.remove(key)
                self._passed[key] = None
            if not self._ahead:  # at once: keys that come now are the newest of the next round
                self._turn_round()
            if not spared:
                self.used -= self._sizes.pop(key)
                return key

    def _forget(self, key: Hashable) -> None:
        self._used.discard(key)
        if key in self._passed:
            del self._passed[key]
        else:
            del self._ahead[key]
            if not self._ahead:
                self._turn_round()

    def _turn_round(self) -> None:
        self._ahead, self._passed = self._passed, self._ahead
