"""FIFO: the key that was stored first goes first, however often it was used.

The cheapest order: a hit changes nothing, so that many readers need no lock. It is the ring buffer of many
flash caches, and the measure for CLOCK, SIEVE and S3-FIFO, which add a few bits to it.
"""

from __future__ import annotations

from typing import ClassVar, final

from .one_queue import OneQueue


@final
class Fifo(OneQueue):
    """Evicts keys in the order in which they were inserted. A use and an overwrite change nothing."""

    __slots__ = ()

    moves_to_the_end: ClassVar[bool] = False
