"""Jump hash: the answers that its implementations agree on, and what a change of n moves."""

import numpy as np
import pytest

from models.hashing import JumpBuckets, jump_bucket, moved_share

HUNDRED = [0, 55, 62, 8, 45, 59, 86, 97, 82, 59, 73, 37, 17, 56, 86, 21, 90, 37, 38, 83]


def names(count: int) -> list[str]:
    return [f"shard {number}" for number in range(count)]


def test_known_answers() -> None:
    """Those of Guava's `HashingTest`, which other implementations test against as well."""
    assert [jump_bucket(key, 100) for key in range(20)] == HUNDRED
    assert jump_bucket(10863919174838991, 11) == 6
    assert jump_bucket(2016238256797177309, 11) == 3
    assert jump_bucket(1673758223894951030, 11) == 5
    assert [jump_bucket(key, 100_001) for key in (2, 2201, 2202)] == [80343, 22152, 15018]


def test_known_answers_many_at_once() -> None:
    keys = np.arange(20, dtype=np.uint64)
    assert JumpBuckets(names(100)).indices_of(keys).tolist() == HUNDRED


def test_key_moves_only_to_the_newest_bucket() -> None:
    for key in (0, 1, 0xDEADBEEF, 2**64 - 1):
        before = 0
        for count in range(1, 300):
            bucket = jump_bucket(key, count)
            assert bucket in (before, count - 1)
            before = bucket


@pytest.mark.slow
def test_shares_are_as_even_as_chance_allows() -> None:
    """A million keys in 50 buckets: each share has a standard deviation of 0.7 % of itself."""
    shares = JumpBuckets(names(50)).shares_of(np.arange(1_000_000))
    assert np.abs(shares * 50 - 1).max() < 5 * 0.007


def test_one_that_goes_from_the_front_moves_nearly_everything() -> None:
    """Which is why it is for shards and not for servers."""
    moved = moved_share(JumpBuckets(names(50)), JumpBuckets(names(50)[1:]), np.arange(100_000))
    assert moved > 0.9


def test_no_buckets_are_refused() -> None:
    with pytest.raises(ValueError, match="count must be >= 1, got 0"):
        jump_bucket(1, 0)
