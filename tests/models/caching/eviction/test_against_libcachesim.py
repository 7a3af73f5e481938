"""Hit for hit as libCacheSim, the reference implementation in C, where its package is installed.

Sizes of a key are fixed here, but for policies without ghosts: those take no notice of a size that changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest

from models.caching.eviction import POLICIES
from tests.in_one_test import in_one_test
from tests.models.caching.eviction.reference_traces import COUNTS, Trace, counted, recorded_trace, trace_of

reference = pytest.importorskip("libcachesim", reason="libcachesim, the reference in C, is not installed")

REFERENCES: dict[str, Callable[..., Any]] = {
    "lru": reference.LRU,
    "lfu": reference.LFU,
    "fifo": reference.FIFO,
    "clock": reference.Clock,
    "sieve": reference.Sieve,
    "s3-fifo": reference.S3FIFO,
    "arc": reference.ARC,
}
"""Not random eviction, whose numbers differ, nor W-TinyLFU, which is another one there."""

LOWEST = {"s3-fifo": 20}
"""The least capacity at which the reference holds anything, where that is not 1."""


def reference_hits(name: str, capacity: int, trace: Trace) -> list[bool]:
    cache = REFERENCES[name](capacity, hashpower=10)  # by default each fills 128 MiB with an empty table
    request = reference.Request()
    hits = []
    for request.obj_id, request.obj_size in trace:
        hits.append(cache.get(request))
    return hits


def our_hits(name: str, capacity: int, trace: Trace) -> list[bool]:
    policy = POLICIES[name](capacity, Random(1).random)
    hits = []
    for key, size in trace:
        hits.append(policy.access(key))
        if not hits[-1]:
            policy.insert(key, size)
    return hits


def traces(name: str, count: int, length: int) -> Iterator[tuple[int, Trace]]:
    """Yield a capacity and a trace each, from a few keys to many, in items and in bytes."""
    for seed in range(count):
        random = Random(seed)
        key_count, size_max = random.choice((6, 30, 150)), random.choice((1, 1, 4, 40))
        share = random.choice((0.05, 0.2, 0.5, 0.9))
        capacity = max(LOWEST.get(name, 1), int(key_count * size_max * share))
        changing = name in {"lru", "lfu", "fifo", "clock", "sieve"} and seed % 3 == 0
        yield capacity, trace_of(random, length, key_count, size_max, changing)


def tight_traces(name: str, count: int, length: int) -> Iterator[tuple[int, Trace]]:
    """Yield capacities of a few bytes or keys, and sizes about them, their tenth, and above."""
    for seed in range(count):
        random = Random(seed)
        capacity = max(LOWEST.get(name, 1), random.choice((1, 2, 3, 7, 20, 21, 29, 30, 101)))
        tenth = max(1, capacity // 10)
        sizes = [
            random.choice((1, tenth, tenth + 1, capacity, capacity + 1, 2 * capacity)) for _ in range(12)
        ]
        keys = [int(12 * random.random() ** random.choice((1, 3))) for _ in range(length)]
        yield capacity, [(key + 1, sizes[key]) for key in keys]


@pytest.mark.slow
@in_one_test("name", REFERENCES)
def test_hits_are_those_of_the_reference_where_hardly_anything_fits(name: str) -> None:
    for capacity, trace in tight_traces(name, 200, 100):
        assert our_hits(name, capacity, trace) == reference_hits(name, capacity, trace)


@pytest.mark.slow
@in_one_test("name", REFERENCES)
def test_hits_are_those_of_the_reference(name: str) -> None:
    for capacity, trace in [*traces(name, 100, 300), *traces(name, 2, 20_000)]:
        assert our_hits(name, capacity, trace) == reference_hits(name, capacity, trace)


def test_hit_of_another_size_is_a_hit_and_changes_no_size() -> None:
    """What `resize` is not for: a trace whose sizes differ. A key keeps the size that it was let in with."""
    trace = [(1, 4), (2, 4), (1, 8), (3, 2), (1, 20), (2, 4)]
    assert (
        reference_hits("lru", 10, trace)
        == our_hits("lru", 10, trace)
        == [False, False, True, False, True, True]
    )


@pytest.mark.slow
@in_one_test("capacity", COUNTS)
def test_recorded_counts_are_those_of_the_reference(capacity: int) -> None:
    trace = recorded_trace()
    for name, counts in COUNTS[capacity].items():
        assert counted(reference_hits(name, capacity, trace), trace) == counts
