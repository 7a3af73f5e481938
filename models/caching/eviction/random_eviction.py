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

from .library_order import LibraryOrder


@final
class RandomEviction(LibraryOrder):
    """Evicts a key at random. A use and an overwrite change nothing."""

    __slots__ = ()

    def __init__(self, capacity: int, draw: Callable[[], float]) -> None:
        """Hold nothing. `draw` returns numbers, independent and uniform in [0, 1); one for each eviction."""
        if not callable(draw):
            raise TypeError(f"draw must be a function without arguments, got {draw!r}")

        def choice(keys: Sequence[Hashable]) -> Hashable:
            return keys[int(draw() * len(keys))]

        super().__init__(capacity, RRCache(inf, choice))
