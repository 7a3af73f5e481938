"""Which shard has which keys to begin with, and how uneven that is by theory."""

from collections.abc import Sequence
from math import sqrt
from typing import Literal

import numpy as np
import numpy.typing as npt

from models.hashing import HashRing, JumpBuckets, ModuloBuckets, Placement
from models.sharding import RangePartitioner, RoutingTable, hash_table, range_table

Placing = Literal["modulo", "ring", "jump", "key ranges"]

RANGES = 4096
"""Ranges of hashes that a table has: many more than a ring has points, so that theory sees no grain."""


def placement_of(placing: Placing, shards: Sequence[str], virtual_nodes: int = 100) -> Placement:
    """Return how hashes are placed on `shards`. Raises `ValueError` for key ranges, which no hash places."""
    if placing == "modulo":
        return ModuloBuckets(shards)
    if placing == "jump":
        return JumpBuckets(shards)
    if placing == "ring":
        return HashRing(shards, virtual_nodes=virtual_nodes)
    raise ValueError(f"placing must be one of hashes, got {placing!r}")


def first_table(
    placing: Placing, shards: Sequence[str], virtual_nodes: int, key_count: int, *, range_count: int = RANGES
) -> RoutingTable:
    """Return the table to begin with; keys are the numbers from 0 to `key_count`, and more later."""
    if placing == "key ranges":
        count = len(shards)
        bounds = [key_count * number // count for number in range(1, count)]
        return range_table(RangePartitioner(int), bounds, shards)
    return hash_table(placement_of(placing, shards, virtual_nodes), range_count=range_count)


def shares_of_ranges(table: RoutingTable, shards: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return the share of the ranges of `table`, which are equal, that each of `shards` has."""
    places = np.array([len(table.places_of(shard)) for shard in shards], dtype=np.float64)
    return places / len(table.starts)


def spread_by_theory(placing: Placing, shards: int, virtual_nodes: int) -> float:
    """Return the standard deviation of a shard's share over its mean.

    On a ring with v points for each of n shards the share is Beta(v, (n - 1) v). Jump hash throws each range
    for itself. Modulo deals them out, and ranges of keys are made equal.
    """
    if placing == "ring":
        return sqrt((shards - 1) / (shards * virtual_nodes + 1))
    return sqrt((shards - 1) / RANGES) if placing == "jump" else 0.0
