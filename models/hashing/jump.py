"""Jump hash: consistent hashing without a table, for nodes that are numbered.

A key draws numbers from a generator seeded with its hash, which tell at which numbers of nodes it moves to
the newest one; the last such jump at or below n says where it is among n. Each node has the same expected
share, and from n to n + 1 nodes exactly those keys move that go to the new one: 1/(n + 1).

The price: a node is its number. Whatever leaves but the last one renumbers those after it, and nearly all of
their keys move: it is for shards, which are added at the end, rather than for servers, which die anywhere.

Source: Lamping and Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm" (2014).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .placement import Placement
from .stable_hash import MASK

if TYPE_CHECKING:
    from .placement import Indices
    from .stable_hash import Hashes

_MULTIPLIER = 2862933555777941757  # of the linear congruential generator in the paper
_RANGE = float(1 << 31)


def jump_bucket(hashed: int, count: int) -> int:
    """Return which of `count` (>= 1) buckets, from 0, a key of that hash is in."""
    if count < 1:
        raise ValueError(f"count must be >= 1, got {count!r}")
    bucket, following = 0, 0
    while following < count:
        bucket = following
        hashed = (hashed * _MULTIPLIER + 1) & MASK
        following = int((bucket + 1) * (_RANGE / ((hashed >> 33) + 1)))
    return bucket


class JumpBuckets(Placement):
    """Places a key in one of `nodes` by their order: a node may come at the end, and only the last may go."""

    __slots__ = ()

    def index_of(self, hashed: int) -> int:
        """Return the node of a key by its hash."""
        return jump_bucket(hashed, len(self.nodes))

    def indices_of(self, hashes: Hashes) -> Indices:
        """Return the nodes of many keys by their hashes."""
        count = len(self.nodes)
        places = np.zeros(hashes.size, dtype=np.int64)
        # Those that have not jumped past the end yet: their positions, states and present buckets.
        positions = np.arange(hashes.size)
        states = np.array(hashes, dtype=np.uint64).ravel()
        buckets = np.zeros(hashes.size, dtype=np.int64)
        while positions.size:
            places[positions] = buckets
            states = states * np.uint64(_MULTIPLIER) + np.uint64(1)
            jumps = _RANGE / ((states >> np.uint64(33)) + np.uint64(1)).astype(np.float64)
            following = (buckets + 1) * jumps
            left = following < count
            positions, states, buckets = positions[left], states[left], following[left].astype(np.int64)
        return places.reshape(np.shape(hashes))
