"""The sketch estimates what was counted, forgets by halves, and is never too low."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest

from models.caching.eviction.frequency_sketch import FrequencySketch
from models.hashing import Key, hash_of


def counted(*keys: Key, key_count: int = 100) -> FrequencySketch:
    sketch = FrequencySketch()
    sketch.make_room_for(key_count)
    for key in keys:
        sketch.increment(hash_of(key))
    return sketch


def estimates(sketch: FrequencySketch, keys: Iterable[Key]) -> list[int]:
    return [sketch.estimate(hash_of(key)) for key in keys]


def test_a_few_keys_of_all_kinds_are_counted_exactly() -> None:
    sketch = counted("a", 7, "a", ("b", 1), b"c", "a", 7)
    assert estimates(sketch, ["a", 7, ("b", 1), b"c", "d"]) == [3, 2, 1, 1, 0]


def test_counts_end_at_fifteen() -> None:
    assert estimates(counted(*["a"] * 40), "a") == [15]


def test_a_full_sample_halves_all_counts() -> None:
    sketch = counted(*["a"] * 9, *["b"] * 4, *["c"] * 6, key_count=2)
    assert estimates(sketch, "abc") == [9, 4, 6]
    sketch.increment(hash_of("c"))  # the twentieth
    assert estimates(sketch, "abc") == [4, 2, 3]
    for _ in range(10):
        sketch.increment(hash_of("b"))  # ten and ten halved are twenty again
    assert estimates(sketch, "abc") == [2, 6, 1]


@pytest.mark.slow
def test_no_estimate_is_too_low_and_few_are_too_high() -> None:
    """As many counts as a row has counters: a row errs by 2 or more for half of the keys at most (Markov)."""
    keys = [number * number % 3_001 for number in range(4_096)]
    sketch = counted(*keys, key_count=1_000)
    true = Counter(keys)
    errors = [found - min(15, true[key]) for key, found in enumerate(estimates(sketch, range(3_001)))]
    assert min(errors) >= 0
    assert sum(error >= 2 for error in errors) / len(errors) < (1 / 2) ** 4


def test_room_for_more_keys_forgets_nothing() -> None:
    sketch = counted(*range(60), *range(30), key_count=60)
    before = estimates(sketch, range(60))
    for key_count in (100, 200, 400):
        sketch.make_room_for(key_count)
        assert estimates(sketch, range(60)) == before
    for key in range(60):
        sketch.increment(hash_of(key))
    assert all(now > count for now, count in zip(estimates(sketch, range(60)), before, strict=True))


def test_a_larger_cache_has_a_longer_memory_for_good() -> None:
    sketch = counted(key_count=3)
    sketch.make_room_for(2)
    for number in range(29):
        sketch.increment(hash_of("a" if number % 2 else "b"))
    assert estimates(sketch, "a") == [14]
    sketch.increment(hash_of("c"))  # the thirtieth
    assert estimates(sketch, "a") == [7]
