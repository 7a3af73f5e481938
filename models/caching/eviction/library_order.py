"""Policies whose order is a cache of cachetools: that says which key goes, and sizes are counted here.

The capacity of that is infinite, so that it never evicts by itself, and its values are nothing.
"""

from __future__ import annotations

from collections.abc import Hashable

from cachetools import Cache

from .policy import EvictionPolicy


class LibraryOrder(EvictionPolicy):
    """Evicts the key that `order` pops; derive from it."""

    __slots__ = ("_order",)

    def __init__(self, capacity: int, order: Cache[Hashable, None]) -> None:
        """Hold nothing."""
        super().__init__(capacity)
        self._order = order

    def clear(self) -> None:
        """Forget everything; what is drawn at random goes on."""
        super().clear()
        self._order.clear()

    def _admit(self, key: Hashable) -> None:
        self._order[key] = None

    def _evict(self) -> Hashable:
        key, _ = self._order.popitem()
        self.used -= self._sizes.pop(key)
        return key

    def _forget(self, key: Hashable) -> None:
        del self._order[key]
