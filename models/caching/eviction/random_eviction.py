"""Random eviction: each key held is as likely to go as any other.

No order to keep at all, and no worse than FIFO: under the independent reference model it misses exactly as
often (Gelenbe: A unified approach to the evaluation of a class of replacement algorithms, IEEE Transactions
on Computers C-22(6), 1973). The keys are kept by `cachetools.RRCache`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from math import inf
from typing import final

from cachetools import RRCache

from .policy import EvictionPolicy


@final
class RandomEviction(EvictionPolicy):
    """Evicts a key at random. A use and an overwrite change nothing."""

    __slots__ = ("_order",)

    def __init__(self, capacity: int, draw: Callable[[], float]) -> None:
        """Hold nothing. `draw` returns numbers, independent and uniform in [0, 1); one for each eviction."""
        super().__init__(capacity)

        def choice(keys: Sequence[Hashable]) -> Hashable:
            return keys[int(draw() * len(keys))]

        self._order: RRCache[Hashable, None] = RRCache(inf, choice)  # it only chooses: sizes are ours

    def clear(self) -> None:
        """Forget everything; the random numbers go on."""
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
