"""Placements: how long it takes to say where ten million keys are among shards, and which move to one more.

Each placement, and a routing table that a ring has made, says what share of the keys each of a hundred shards
has, and what share moves when there is a hundred and first. Keys are whole numbers in an array, or texts that
are made as they are asked for, as nobody has so many of them at hand; making them counts.

The value is that of the slowest, in CPU seconds. Whole numbers are hashed by NumPy, texts one by one: they
have a benchmark, and a target, of their own. What is measured depends on the machine, as a ratio would not;
but there is nothing to compare with, and what was promised is seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from models.hashing import HashRing, JumpBuckets, MaglevTable, ModuloBuckets, Placement, moved_share
from models.sharding import RoutingTable, hash_table

from .benchmark import Benchmark, Effort, Measurement

KEY_COUNT, _QUICK_KEY_COUNT = 10_000_000, 1_000_000
SHARD_COUNT = 100
RANGE_COUNT = 16 * SHARD_COUNT
"""Ranges of the routing table."""

MakeKeys = Callable[[int], Any]


def numbers(count: int) -> Any:
    """Return so many whole numbers, in an array."""
    return np.arange(count)


def texts(count: int) -> Iterable[str]:
    """Yield so many texts."""
    return (f"customer {number}" for number in range(count))


def by_placement(kind: type[Placement], make_keys: MakeKeys, count: int) -> tuple[float, float]:
    """Return the largest share of a shard, and the share of keys that moves to one shard more."""
    before, after = kind(_names(SHARD_COUNT)), kind(_names(SHARD_COUNT + 1))
    largest = before.shares_of(make_keys(count)).max()
    return float(largest), moved_share(before, after, make_keys(count))


def by_table(make_keys: MakeKeys, count: int) -> tuple[float, float]:
    """Return the same where a routing table says whose each key is, in which a ring has placed ranges."""
    before, after = (
        hash_table(HashRing(_names(shards)), range_count=RANGE_COUNT)
        for shards in (SHARD_COUNT, SHARD_COUNT + 1)
    )
    places = before.find_all(make_keys(count))  # the ranges are the same in both
    owners, new_owners = _owners(before), _owners(after)
    shares = np.bincount(owners[places], minlength=SHARD_COUNT) / count
    return float(shares.max()), float((owners != new_owners)[places].mean())


def _owners(table: RoutingTable) -> Any:
    numbers_of = {name: number for number, name in enumerate(_names(SHARD_COUNT + 1))}
    return np.array([numbers_of[assignment.shard] for assignment in table.assignments])


def _names(count: int) -> Sequence[str]:
    return [f"shard {number}" for number in range(count)]


WAYS: dict[str, Callable[[MakeKeys, int], tuple[float, float]]] = {
    "ring": partial(by_placement, HashRing),
    "jump": partial(by_placement, JumpBuckets),
    "maglev": partial(by_placement, MaglevTable),
    "modulo": partial(by_placement, ModuloBuckets),
    "table": by_table,
}
"""What is timed, by name."""


def _measure(make_keys: MakeKeys, effort: Effort) -> Measurement:
    count = effort.choose(KEY_COUNT, _QUICK_KEY_COUNT)
    seconds, moved = {}, {}
    for name, way in WAYS.items():
        start = time.process_time()
        _, moved[name] = way(make_keys, count)
        seconds[name] = (time.process_time() - start) * KEY_COUNT / count
    told = ", ".join(f"{name} {seconds[name]:.1f} s, {100 * moved[name]:.2f} % moved" for name in WAYS)
    return Measurement(
        value=max(seconds.values()),
        detail={
            **{f"seconds_{name}": taken for name, taken in seconds.items()},
            **{f"moved_share_{name}": share for name, share in moved.items()},
        },
        text=f"{told} ({count:,} keys)",
    )


def _benchmark(name: str, keys: str, make_keys: MakeKeys, target: float) -> Benchmark:
    return Benchmark(
        name=name,
        question=(
            f"where {KEY_COUNT:,} keys ({keys}) are among {SHARD_COUNT} shards, and which move to one more: "
            "the slowest of four placements and a routing table"
        ),
        target=target,
        unit="s",
        measure=partial(_measure, make_keys),
        is_floor=False,
    )


PLACEMENTS = _benchmark("placements", "whole numbers", numbers, 10.0)
TEXT_PLACEMENTS = _benchmark("text-placements", "texts", texts, 40.0)
"""The benchmarks."""
