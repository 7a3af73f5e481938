"""What holds for every placement: one suite, run by each member of the family."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from models.hashing import (
    HashRing,
    JumpBuckets,
    MaglevTable,
    ModuloBuckets,
    Placement,
    hash_of,
    hashes_of,
    moved_share,
)

Make = Callable[[Sequence[str]], Placement]

KINDS: list[Any] = [HashRing, JumpBuckets, MaglevTable, ModuloBuckets]
CONSISTENT: list[Any] = [HashRing, JumpBuckets]
BY_NAME: list[Any] = [HashRing, MaglevTable]
"""Where a key belongs depends on the names of the nodes, and not on their order."""

KEYS = np.arange(200_000)
HASHES = hashes_of(KEYS)


def names(count: int) -> list[str]:
    return [f"node {number}" for number in range(count)]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def make(request: pytest.FixtureRequest) -> Make:
    kind: Make = request.param
    return kind


def test_many_at_once_are_placed_as_one_by_one(make: Make) -> None:
    placement = make(names(7))
    some = HASHES[:3000].reshape(60, 50)
    placed = placement.indices_of(some)
    assert placed.shape == (60, 50)
    assert placed.ravel().tolist() == [placement.index_of(int(hashed)) for hashed in some.ravel()]


@pytest.mark.parametrize("hashed", [0, 1, 2**63, 2**64 - 1])
def test_any_hash_has_a_node(make: Make, hashed: int) -> None:
    placement = make(names(5))
    assert 0 <= placement.index_of(hashed) < 5
    assert placement.indices_of(np.array([hashed], dtype=np.uint64)).tolist() == [placement.index_of(hashed)]


def test_key_belongs_to_the_node_of_its_hash(make: Make) -> None:
    placement = make(names(5))
    assert placement.node_of("cart 9") == placement.nodes[placement.index_of(hash_of("cart 9"))]
    assert placement.place(["cart 9"]).tolist() == [placement.index_of(hash_of("cart 9"))]


@pytest.mark.slow
def test_blocks_of_keys_join_without_a_seam(make: Make) -> None:
    """More keys than are looked up at a time: each is where it is alone, counted once, and moves so."""
    before, after = make(names(7)), make(names(8))
    placed = before.place(KEYS.reshape(2, -1))
    assert placed.shape == (2, 100_000)
    assert np.array_equal(placed.ravel(), before.indices_of(HASHES))
    assert (before.shares_of(KEYS) * KEYS.size).tolist() == pytest.approx(
        np.bincount(placed.ravel()).tolist()
    )
    moved = np.count_nonzero(before.indices_of(HASHES) != after.indices_of(HASHES))
    assert moved_share(before, after, KEYS) == moved / KEYS.size


def test_one_node_has_everything(make: Make) -> None:
    assert make(["only"]).shares_of(KEYS[:1000]).tolist() == [1.0]


def test_shares_of_all_nodes_add_up_and_none_is_left_out(make: Make) -> None:
    shares = make(names(20)).shares_of(KEYS)
    assert shares.shape == (20,)
    assert shares.sum() == pytest.approx(1.0)
    assert shares.min() > 0.5 / 20


@pytest.mark.slow
def test_same_nodes_give_the_same_placement(make: Make) -> None:
    assert moved_share(make(names(9)), make(names(9)), KEYS) == 0.0


@pytest.mark.slow
@pytest.mark.parametrize("make_by_name", BY_NAME)
def test_order_in_which_nodes_are_given_does_not_matter(make_by_name: Make) -> None:
    assert moved_share(make_by_name(names(9)), make_by_name(names(9)[::-1]), KEYS) == 0.0


@pytest.mark.parametrize("make_consistent", CONSISTENT)
def test_with_one_node_more_keys_move_to_the_new_node_only(make_consistent: Make) -> None:
    before, after = make_consistent(names(10)), make_consistent(names(11))
    old, new = before.indices_of(HASHES), after.indices_of(HASHES)
    assert set(new[old != new].tolist()) == {10}


@pytest.mark.slow
@pytest.mark.parametrize("make_by_name", [HashRing])
def test_with_any_node_less_only_its_keys_move(make_by_name: Make) -> None:
    before = make_by_name(names(10))
    for gone in (0, 4, 9):
        left = [name for name in names(10) if name != f"node {gone}"]
        old = before.indices_of(HASHES)
        moved = np.array([left.index(name) if name in left else -1 for name in names(10)])[old]
        assert set(old[moved != make_by_name(left).indices_of(HASHES)].tolist()) == {gone}


@pytest.mark.slow
def test_shares_and_moves_are_those_of_keys_as_one_has_them(make: Make) -> None:
    """Names of customers, one by one; and an array of numbers in any shape."""
    before, after = make(names(4)), make(names(5))
    customers = [f"customer {number}" for number in range(300)]
    places = [before.node_of(customer) for customer in customers]
    counts = [places.count(name) for name in names(4)]
    assert before.shares_of(iter(customers)).tolist() == [count / 300 for count in counts]
    moved = sum(after.node_of(customer) != place for customer, place in zip(customers, places, strict=True))
    assert moved_share(before, after, customers) == moved / 300
    assert before.shares_of(KEYS.reshape(400, 500)).tolist() == before.shares_of(KEYS).tolist()
    assert moved_share(before, after, KEYS.reshape(400, 500)) == moved_share(before, after, KEYS)


def test_a_node_that_has_gone_has_lost_all_its_keys(make: Make) -> None:
    assert moved_share(make(["a"]), make(["b"]), ["x", "y"]) == 1.0


def test_of_no_keys_there_is_no_share(make: Make) -> None:
    with pytest.raises(ValueError, match="keys must be at least one, got none"):
        make(names(2)).shares_of([])
    with pytest.raises(ValueError, match="keys must be at least one, got none"):
        moved_share(make(names(2)), make(names(3)), [])
    with pytest.raises(TypeError, match="keys must be many, got one, 'customer 17'"):
        make(names(2)).place("customer 17")


def test_misuse_is_an_error_that_says_what_is_wrong(make: Make) -> None:
    with pytest.raises(ValueError, match="nodes must be at least one, got none"):
        make([])
    with pytest.raises(ValueError, match="names of nodes must differ, got 'a' twice"):
        make(["a", "b", "a"])
    with pytest.raises(TypeError, match="nodes must be a collection of names, got one, 'abc'"):
        make("abc")
    with pytest.raises(TypeError, match="nodes must be a collection of names, got 3"):
        make(3)  # type: ignore[arg-type] # that is what is asked
    with pytest.raises(TypeError, match="before must be a Placement, got 'ring'"):
        moved_share("ring", make(names(2)), ["x"])  # type: ignore[arg-type] # that is what is asked
    with pytest.raises(TypeError, match="after must be a Placement, got 'ring'"):
        moved_share(make(names(2)), "ring", ["x"])  # type: ignore[arg-type] # that is what is asked


@pytest.mark.parametrize("make_weighted", BY_NAME)
@pytest.mark.parametrize("weight", [0.0, -1.0, float("inf"), float("nan")])
def test_weights_must_be_finite_and_positive(make_weighted: Any, weight: float) -> None:
    with pytest.raises(ValueError, match="weight must be finite and > 0, got"):
        make_weighted(["a", "b"], weights=[1.0, weight])
    with pytest.raises(ValueError, match=r"weights must be as many as nodes \(2\), got 1"):
        make_weighted(["a", "b"], weights=[1.0])
    with pytest.raises(TypeError, match=r"weights must be a list of numbers, got 1\.0"):
        make_weighted(["a", "b"], weights=1.0)


@pytest.mark.slow
def test_a_million_keys_are_placed_at_once(make: Make) -> None:
    placement = make(names(100))
    places = placement.place(np.arange(1_000_000))
    assert placement.shares_of(np.arange(1_000_000)).sum() == pytest.approx(1.0)
    some = range(0, 1_000_000, 99_991)
    assert [placement.nodes[places[key]] for key in some] == [placement.node_of(key) for key in some]
