"""LFU: the key with the fewest uses goes first; of several, the one that has been at that count longest.

Uses are counted while a key is held and forgotten with it ("in-cache" LFU), the insertion being the first.
It is the best order if popularity never changes, and keeps what was popular once if it does. The order itself
is that of `cachetools.LFUCache` since its version 8: a list of counts, each with its keys in order of
arrival, all steps O(1) (Shah, Mitra, Matani: An O(1) algorithm for implementing the LFU cache eviction
scheme, 2010).
"""

from __future__ import annotations

from collections.abc import Hashable
from math import inf
from typing import final

from cachetools import LFUCache

from .library_order import LibraryOrder


@final
class Lfu(LibraryOrder):
    """Evicts the key least frequently used; ties go first in, first out."""

    __slots__ = ()

    def __init__(self, capacity: int) -> None:
        """Hold nothing."""
        super().__init__(capacity, LFUCache(inf))

    def access(self, key: Hashable) -> bool:
        """Return whether `key` is held; if so it counts one more use."""
        if key in self._sizes:
            self._order[key]  # a look-up, which cachetools counts
            return True
        return False
