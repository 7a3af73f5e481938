"""The ring: shares as theory has them, weights, sizes, and the walk around it."""

import numpy as np
import pytest
from scipy import stats

from models.hashing import HashRing, hash_of, hashes_of, moved_share


def names(count: int, prefix: str = "node") -> list[str]:
    return [f"{prefix} {number}" for number in range(count)]


def test_key_belongs_to_the_first_point_at_or_after_its_hash() -> None:
    """With one point for each node, where that is can be worked out: SplitMix64 seeded with the name."""
    ring = HashRing(["a", "b", "c"], virtual_nodes=1)
    points = {name: _split_mix(hash_of(name)) for name in "abc"}
    for name, point in points.items():
        assert ring.nodes[ring.index_of(point)] == name
        assert ring.nodes[ring.index_of(point - 1)] == name
        after = {other: where for other, where in points.items() if where > point}
        following = min(after or points, key=lambda other: points[other])
        assert ring.nodes[ring.index_of((point + 1) % 2**64)] == following


def _split_mix(state: int) -> int:
    state = (state + 0x9E3779B97F4A7C15) % 2**64
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB % 2**64
    return state ^ (state >> 31)


@pytest.mark.parametrize(("virtual_nodes", "count"), [(1, 5), (10, 10), (50, 4)])
def test_share_of_a_node_is_beta_distributed(virtual_nodes: int, count: int) -> None:
    """One node from each of 500 independent rings, against Beta(v, (n - 1) v)."""
    shares = [
        HashRing(names(count, f"ring {number}, node"), virtual_nodes=virtual_nodes).shares()[0]
        for number in range(500)
    ]
    law = stats.beta(virtual_nodes, (count - 1) * virtual_nodes)
    assert stats.kstest(shares, law.cdf).pvalue > 0.001


@pytest.mark.parametrize(("virtual_nodes", "count"), [(1, 100), (20, 50), (100, 20)])
def test_coefficient_of_variation_of_shares(virtual_nodes: int, count: int) -> None:
    """Over many rings; the fourth moment of a Beta law makes the standard error of 200 rings some percent."""
    squares = [
        (HashRing(names(count, f"ring {ring}, node"), virtual_nodes=virtual_nodes).shares() * count - 1) ** 2
        for ring in range(200)
    ]
    means = np.array(squares).mean(axis=1)
    expected = (count - 1) / (count * virtual_nodes + 1)
    assert abs(means.mean() - expected) < 4 * means.std() / len(means) ** 0.5


@pytest.mark.slow
def test_exact_shares_are_those_of_very_many_keys() -> None:
    ring = HashRing(names(10), virtual_nodes=30)
    counted = ring.shares_of(np.arange(1_000_000))
    assert np.abs(counted - ring.shares()).max() < 5 * 0.0004
    assert ring.shares().sum() == pytest.approx(1.0)


def test_one_point_is_the_whole_circle() -> None:
    assert HashRing(["only"], virtual_nodes=1).shares().tolist() == [1.0]


def test_weights_multiply_points_and_shares() -> None:
    ring = HashRing(["a", "b", "c"], virtual_nodes=1000, weights=[1.0, 2.0, 0.0001])
    assert ring.point_counts == (1000, 2000, 1)
    assert ring.shares()[1] / ring.shares()[0] == pytest.approx(2.0, rel=0.2)


def test_weight_of_one_node_moves_no_key_between_the_others() -> None:
    hashes = hashes_of(np.arange(50_000))
    before = HashRing(names(5)).indices_of(hashes)
    after = HashRing(names(5), weights=[1, 1, 3, 1, 1]).indices_of(hashes)
    assert set(after[before != after].tolist()) == {2}


def test_smallest_ring_size_gives_few_nodes_more_points() -> None:
    assert HashRing(names(3), virtual_nodes=1, points_min=1024).point_counts == (342, 342, 342)
    assert HashRing(names(3), virtual_nodes=500, points_min=1024).point_counts == (500, 500, 500)
    assert HashRing(names(2), virtual_nodes=1, weights=[1, 3], points_min=1024).point_counts == (256, 768)


def test_smallest_ring_size_costs_few_keys_when_a_node_comes() -> None:
    moved = moved_share(
        HashRing(names(10), virtual_nodes=1, points_min=1024),
        HashRing(names(11), virtual_nodes=1, points_min=1024),
        np.arange(200_000),
    )
    assert 1 / 11 < moved < 2 / 11


def test_walk_meets_each_node_once_beginning_with_the_node_of_the_key() -> None:
    ring = HashRing(names(6), virtual_nodes=5)
    for hashed in hashes_of(np.arange(200)).tolist():
        met = list(ring.walk(hashed))
        assert met[0] == ring.index_of(hashed)
        assert sorted(met) == list(range(6))


def test_what_follows_on_the_walk_is_where_keys_go_when_their_node_goes() -> None:
    ring = HashRing(names(6), virtual_nodes=5)
    for hashed in hashes_of(np.arange(200)).tolist():
        first, second = list(ring.walk(hashed))[:2]
        left = [name for place, name in enumerate(ring.nodes) if place != first]
        assert (
            HashRing(left, virtual_nodes=5).nodes[HashRing(left, virtual_nodes=5).index_of(hashed)]
            == (ring.nodes[second])
        )


def test_misuse_is_an_error_that_says_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="virtual_nodes must be a whole number >= 1, got 0"):
        HashRing(["a"], virtual_nodes=0)
    with pytest.raises(ValueError, match="points_min must be a whole number >= 0, got -1"):
        HashRing(["a"], points_min=-1)
    with pytest.raises(ValueError, match="points of a ring must be at most 8388608 in all, got"):
        HashRing(["a", "b"], weights=[1.0, 1e12])
