"""Each policy has the hits, and holds the keys, of a straightforward implementation, request by request."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from cachetools import Cache, FIFOCache, LRUCache
from hypothesis import given, settings
from hypothesis import strategies as st

from models.caching.eviction import POLICIES, EvictionPolicy
from tests.in_one_test import in_one_test
from tests.models.caching.eviction.slow_caches import SLOW_CACHES, ExactCounts, weight

Trace = list[tuple[int, int]]

TRACES = st.lists(st.tuples(st.integers(0, 11), st.integers(1, 12)), max_size=80)
CAPACITIES = st.one_of(st.integers(1, 5), st.integers(1, 60), st.integers(100, 200))


def no_chance() -> float:
    raise AssertionError("a policy without chance draws nothing")


def made(name: str, capacity: int) -> EvictionPolicy:
    return POLICIES[name](capacity, no_chance)


def requested(policy: EvictionPolicy, key: int, size: int) -> bool:
    hit = policy.access(key)
    if not hit:
        policy.insert(key, size)
    return hit


def assert_same_hits(name: str, capacity: int, trace: Trace) -> None:
    policy, slow = made(name, capacity), SLOW_CACHES[name](capacity)
    for key, size in trace:
        assert requested(policy, key, size) == slow.request(key, size)
        assert set(policy) == {entry.key for entry in slow.held()}
        assert policy.used == weight(slow.held())


def skewed_traces(count: int, length: int) -> Iterator[tuple[int, Trace]]:
    """Yield a capacity and a trace each: keys that are popular in turns, loops, and scans."""
    for seed in range(count):
        random = Random(seed)
        sizes = [random.choice((1, 1, 1, 2, 3, 7, 20)) for _ in range(200)]
        if seed % 2:
            sizes = [1] * 200
        trace = []
        for time in range(length):
            kind = (time // 60 + seed) % 3
            key = [int(40 * random.random() ** 3) + 20 * (time // 300), time % 25, 100 + time % 100][kind]
            trace.append((key, sizes[key]))
        yield random.choice((5, 15, 40, 150, 450)), trace


@pytest.mark.slow
@in_one_test("name", SLOW_CACHES)
def test_hits_of_any_short_trace(name: str) -> None:
    @given(capacity=CAPACITIES, trace=TRACES)
    @settings(max_examples=60)
    def of_any(capacity: int, trace: Trace) -> None:
        assert_same_hits(name, capacity, trace)

    of_any()


class ExactSketch(ExactCounts):
    """Counts in place of a sketch: of hundreds of keys, a few share all their counters in one."""

    def make_room_for(self, key_count: int) -> None:
        self.key_count = max(self.key_count, key_count)

    def increment(self, key: int) -> None:
        self.add(key)

    def estimate(self, key: int) -> int:
        return self.counts[key]


@pytest.mark.slow
@in_one_test("name", SLOW_CACHES)
def test_hits_of_long_skewed_traces(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.caching.eviction.w_tiny_lfu.FrequencySketch", ExactSketch)
    for capacity, trace in skewed_traces(count=6, length=600):
        assert_same_hits(name, capacity, trace)


@pytest.mark.slow
@in_one_test("name, library", [("lru", LRUCache), ("fifo", FIFOCache)])
def test_hits_of_the_library(name: str, library: type[Cache[int, int]]) -> None:
    """The two whose order is ours and not the library's, for speed."""
    for capacity, trace in skewed_traces(count=20, length=600):
        policy = made(name, capacity)
        cache = library(capacity, getsizeof=lambda size: size)
        for key, size in trace:
            hit = cache.get(key) is not None
            if not hit and size <= capacity:
                cache[key] = size
            assert requested(policy, key, size) == hit
        assert set(policy) == set(cache)
