"""Routing tables to begin with: ranges that are dealt out to shards, evenly, by a placement, or by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..hashing import JumpBuckets, ModuloBuckets, Placement, hash_of
from ..validation import require_count, require_each, require_kind
from .partitioner import HASH_COUNT, LOWEST, HashPartitioner, RangePartitioner
from .routing_table import Assignment, RoutingTable

RANGES_PER_SHARD = 16
"""Ranges of hashes that a shard has by default: what can be moved, one at a time, without being split."""

RANGES_MAX = 1_000_000
"""Ranges that a table of hashes may have to begin with: more is a mistake, and would be made for minutes."""


def even_table(shards: Sequence[str], *, range_count: int | None = None) -> RoutingTable:
    """Return a table of `range_count` equal ranges of hashes, dealt out to `shards` in turn.

    By default 16 for each shard. The first shards have one more where that does not come out even.
    """
    names = require_each("shards", shards, str)
    if not names or len(set(names)) < len(names):
        raise ValueError(f"shards must be one or more, each once, got {list(names)!r}")
    count = RANGES_PER_SHARD * len(names) if range_count is None else range_count
    _require_range_count(count, len(names))
    owners = [names[place % len(names)] for place in range(count)]
    return RoutingTable(HashPartitioner(), _starts(count), tuple(Assignment(owner) for owner in owners))


def hash_table(placement: Placement, *, range_count: int) -> RoutingTable:
    """Return a table of `range_count` equal ranges of hashes, each given to a node of `placement`.

    See `owners_by`: the shards are called as the nodes are.
    """
    require_kind("placement", placement, Placement)
    _require_range_count(range_count, 1)
    starts = _starts(range_count)
    owners = owners_by(placement, starts)
    return RoutingTable(HashPartitioner(), starts, tuple(Assignment(owner) for owner in owners))


def owners_by(placement: Placement, starts: Sequence[int]) -> tuple[str, ...]:
    """Return which node of `placement` has each of the ranges of hashes that begin at `starts`.

    A range is placed as a key would be that has a hash of its own, which is what each placement's theory is
    about: on a ring by its middle, where it lies; by the hash of its number for jump and other hashes, which
    would otherwise see equal distances; by its number itself modulo the number of nodes, so that shares are
    even.
    """
    nodes = placement.nodes
    if isinstance(placement, ModuloBuckets):
        return tuple(nodes[place % len(nodes)] for place in range(len(starts)))
    ends = (*starts[1:], HASH_COUNT)
    if isinstance(placement, JumpBuckets):
        return tuple(nodes[placement.index_of(hash_of(place))] for place in range(len(starts)))
    return tuple(
        nodes[placement.index_of((start + end) // 2)] for start, end in zip(starts, ends, strict=True)
    )


def range_table(partitioner: RangePartitioner, bounds: Sequence[Any], shards: Sequence[str]) -> RoutingTable:
    """Return a table of ranges of keys: `bounds` between them, one fewer than `shards`, whose each is.

    Example: `range_table(RangePartitioner(), ["m"], ["one", "two"])`.
    """
    require_kind("partitioner", partitioner, RangePartitioner)
    names = require_each("shards", shards, str)
    if isinstance(bounds, str | bytes) or not isinstance(bounds, Sequence):
        raise TypeError(f"bounds must be a list, got {bounds!r}")
    if len(bounds) + 1 != len(names):
        raise ValueError(f"bounds must be one fewer than shards ({len(names)}), got {len(bounds)}")
    return RoutingTable(partitioner, (LOWEST, *bounds), tuple(Assignment(name) for name in names))


def _require_range_count(count: int, lowest: int) -> None:
    require_count("range_count", count, lowest)
    if count > RANGES_MAX:
        raise ValueError(f"range_count must be at most {RANGES_MAX}, got {count!r}")


def _starts(count: int) -> tuple[int, ...]:
    return tuple(HASH_COUNT * place // count for place in range(count))
