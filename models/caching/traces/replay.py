"""Replays a cache trace against an eviction policy and counts: whole numbers, to be compared exactly.

A request for a key that is held is a hit, whatever size it has; any other is a miss, costs the bytes that it
asks for, and the policy is told to hold the key. So a key keeps the size with which it was let in until it is
evicted, and what is larger than the cache misses each time. These are libCacheSim's rules
(`cache_get_base` in libCacheSim/cache/cache.c).

Left out: times, hence expiry; writes; the space that a cache needs for its own records.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import repeat
from math import nan
from typing import Literal

from ..eviction import EvictionPolicy
from .block import TraceBlock

Unit = Literal["bytes", "items"]
"""What a capacity counts."""

UNITS: tuple[Unit, ...] = ("bytes", "items")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayCounts:
    """What came of the requests of a trace; the counts of two parts of one can be added.

    `bytes` is the sum of all sizes asked for, `missed_bytes` of those that were not held.
    """

    requests: int = 0
    misses: int = 0
    bytes: int = 0
    missed_bytes: int = 0

    def __add__(self, other: ReplayCounts) -> ReplayCounts:
        """Return the counts of both."""
        return ReplayCounts(
            requests=self.requests + other.requests,
            misses=self.misses + other.misses,
            bytes=self.bytes + other.bytes,
            missed_bytes=self.missed_bytes + other.missed_bytes,
        )

    @property
    def hit_ratio(self) -> float:
        """Hits per request; nan without requests."""
        return (self.requests - self.misses) / self.requests if self.requests else nan

    @property
    def byte_hit_ratio(self) -> float:
        """The share of the bytes asked for that was held; nan without requests."""
        return (self.bytes - self.missed_bytes) / self.bytes if self.bytes else nan


def replay(policy: EvictionPolicy, blocks: Iterable[TraceBlock], *, unit: Unit = "bytes") -> ReplayCounts:
    """Ask `policy` for the keys of `blocks` one after the other and return what came of it.

    The policy keeps what it holds, so that a trace can be replayed block by block. With the unit "items" each
    key takes one place of its capacity, whatever its size; missed bytes are those of the trace all the same.
    Raises `ValueError` for another unit.

    Example::

        with open_trace("trace.csv") as trace:
            print(replay(Lru(10 * 2**20), trace).misses)
    """
    if unit not in UNITS:
        raise ValueError(f"unit must be one of {', '.join(UNITS)}, got {unit!r}")
    total = ReplayCounts()
    for block in blocks:
        sizes = repeat(1, len(block.keys)) if unit == "items" else block.sizes
        misses, missed_bytes = policy.request_all(block.keys, sizes, block.sizes)
        total += ReplayCounts(
            requests=len(block.keys), misses=misses, bytes=sum(block.sizes), missed_bytes=missed_bytes
        )
    return total
