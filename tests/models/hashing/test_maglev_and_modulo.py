"""Maglev's table: equal to within one place, weights as Envoy's; and what modulo moves."""

import numpy as np
import pytest

from models.hashing import (
    MAGLEV_TABLE_SIZE,
    HashRing,
    JumpBuckets,
    MaglevTable,
    ModuloBuckets,
    Placement,
    moved_share,
)

KEYS = np.arange(200_000)


def names(count: int) -> list[str]:
    return [f"node {number}" for number in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2, 7, 100, 1000])
def test_places_are_shared_out_to_within_one(count: int) -> None:
    counts = MaglevTable(names(count)).place_counts()
    assert sum(counts) == MAGLEV_TABLE_SIZE
    assert max(counts) - min(counts) <= 1


def test_weights_are_kept_as_envoy_documents_it() -> None:
    """A host of weight 1 has 21,846 places beside one of weight 2, which has 43,691."""
    assert MaglevTable(["a", "b"], weights=[1, 2]).place_counts() == (21_846, 43_691)


def test_smallest_weight_still_has_a_place() -> None:
    assert MaglevTable(["a", "b"], weights=[1e-9, 1.0], size=251).place_counts() == (1, 250)


def test_as_many_nodes_as_places_have_one_each() -> None:
    assert MaglevTable(names(251), size=251).place_counts() == (1,) * 251


def test_smallest_table_has_two_places() -> None:
    assert MaglevTable(["a", "b"], size=2).place_counts() == (1, 1)


@pytest.mark.slow
def test_more_keys_move_than_with_a_ring_and_fewer_with_a_larger_table() -> None:
    small, large = (
        moved_share(MaglevTable(names(50), size=size), MaglevTable(names(51), size=size), KEYS)
        for size in (1021, MAGLEV_TABLE_SIZE)
    )
    assert 1 / 51 < large < 2 / 51 < small < 0.2


@pytest.mark.parametrize("size", [0, 1, 7.0, "7"])
def test_size_must_be_a_number_of_places(size: int) -> None:
    with pytest.raises(ValueError, match=f"size must be a whole number >= 2, got {size!r}"):
        MaglevTable(["a"], size=size)


@pytest.mark.parametrize("size", [4, 65_536])
def test_size_must_be_a_prime(size: int) -> None:
    with pytest.raises(ValueError, match=f"size must be a prime, got {size}"):
        MaglevTable(["a"], size=size)


def test_size_must_do_for_all_nodes() -> None:
    with pytest.raises(ValueError, match=r"size must be at least the number of nodes \(4\), got 3"):
        MaglevTable(names(4), size=3)


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 4, 10, 49])
def test_consistent_placements_move_what_they_must_and_modulo_the_rest(count: int) -> None:
    """Of n to n + 1: 1/(n + 1) of the keys, against n/(n + 1); 200,000 keys, five standard deviations.

    With a ring the share that moves is the new node's, which is Beta(v, n v): the expectation over rings is
    tested with `gameday validate`.
    """

    def moved(kind: type[Placement]) -> float:
        return moved_share(kind(names(count)), kind(names(count + 1)), KEYS)

    must = 1 / (count + 1)
    allowed = 5 * (must * (1 - must) / len(KEYS)) ** 0.5
    assert abs(moved(JumpBuckets) - must) < allowed
    assert abs(moved(ModuloBuckets) - (1 - must)) < allowed
    ring = HashRing(names(count + 1))
    assert abs(moved(HashRing) - ring.shares()[-1]) < allowed
