"""Replaying a trace: libCacheSim's rules one by one, and the counts of a straightforward cache."""

from __future__ import annotations

from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.caching.eviction import EvictionPolicy, Fifo, Lru
from models.caching.traces import ReplayCounts, TraceBlock, Unit, replay


def block(*requests: tuple[str, int]) -> TraceBlock:
    return TraceBlock([key for key, _ in requests], [size for _, size in requests], None)


def counts(policy: EvictionPolicy, *requests: tuple[str, int], unit: Unit = "bytes") -> tuple[int, int, int]:
    result = replay(policy, [block(*requests)], unit=unit)
    return result.requests, result.misses, result.missed_bytes


def test_first_requests_miss_and_held_keys_hit() -> None:
    assert counts(Lru(10), ("a", 4), ("b", 6), ("a", 4), ("b", 6)) == (4, 2, 10)


def test_objects_are_evicted_until_the_new_one_fits() -> None:
    assert counts(Lru(10), ("a", 4), ("b", 4), ("c", 9), ("a", 4)) == (4, 4, 21)


def test_object_larger_than_the_cache_misses_each_time_and_evicts_nothing() -> None:
    assert counts(Lru(10), ("a", 4), ("huge", 11), ("huge", 11), ("a", 4)) == (4, 3, 26)


def test_object_as_large_as_the_cache_is_let_in() -> None:
    assert counts(Lru(10), ("a", 10), ("a", 10)) == (2, 1, 10)


def test_key_keeps_the_size_with_which_it_was_let_in() -> None:
    """As in libCacheSim: the hit with another size changes nothing, so that b still fits beside a."""
    policy = Lru(10)
    assert counts(policy, ("a", 2), ("a", 8), ("b", 5), ("a", 20)) == (4, 2, 7)
    assert policy.used == 7


def test_missed_bytes_are_those_of_the_request_that_missed() -> None:
    assert counts(Lru(10), ("a", 10), ("b", 10), ("a", 3)) == (3, 3, 23)


def test_lru_and_fifo_differ_where_a_hit_comes_before_an_eviction() -> None:
    requests = [("a", 1), ("b", 1), ("a", 1), ("c", 1), ("a", 1)]
    assert counts(Lru(2), *requests) == (5, 3, 3)
    assert counts(Fifo(2), *requests) == (5, 4, 4)


def test_items_take_one_place_each_and_missed_bytes_stay_those_of_the_trace() -> None:
    requests = [("a", 500), ("b", 7), ("a", 500), ("c", 1), ("b", 7)]
    assert counts(Lru(2), *requests, unit="items") == (5, 4, 515)


def test_other_units_are_misuse() -> None:
    with pytest.raises(ValueError, match="unit must be one of bytes, items, got 'MiB'"):
        replay(Lru(2), [], unit="MiB")  # type: ignore[arg-type]


def test_ratios_are_shares_of_hits_and_of_their_bytes() -> None:
    result = replay(Lru(10), [block(("a", 1), ("a", 1), ("b", 6), ("b", 6), ("c", 6))])
    assert result == ReplayCounts(requests=5, misses=3, bytes=20, missed_bytes=13)
    assert (result.hit_ratio, result.byte_hit_ratio) == (2 / 5, 7 / 20)
    assert ReplayCounts(requests=5, misses=4).hit_ratio == 1 / 5  # and not 1 - 4 / 5, which is not a fifth


def test_nothing_has_no_ratio() -> None:
    nothing = replay(Lru(10), [])
    assert nothing == ReplayCounts()
    assert isnan(nothing.hit_ratio)
    assert isnan(nothing.byte_hit_ratio)


REQUESTS = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(1, 12)), max_size=60)


@pytest.mark.slow
@given(requests=REQUESTS, capacity=st.integers(1, 30), cut=st.integers(0, 60), recency=st.booleans())
def test_counts_are_those_of_a_list_of_keys(
    requests: list[tuple[str, int]], capacity: int, cut: int, recency: bool
) -> None:
    """A cache as one would write it down without a thought of speed; and blocks may end anywhere."""
    held: list[tuple[str, int]] = []
    misses = missed_bytes = 0
    for key, size in requests:
        found = [entry for entry in held if entry[0] == key]
        if found:
            if recency:
                held.remove(found[0])
                held.append(found[0])
            continue
        misses += 1
        missed_bytes += size
        if size <= capacity:
            while sum(weight for _, weight in held) + size > capacity:
                held.pop(0)
            held.append((key, size))
    policy = Lru(capacity) if recency else Fifo(capacity)
    result = replay(policy, [block(*requests[:cut]), block(*requests[cut:])])
    assert (result.requests, result.misses, result.missed_bytes) == (len(requests), misses, missed_bytes)
    assert result.bytes == sum(size for _, size in requests)
    assert list(policy) == [key for key, _ in held]
