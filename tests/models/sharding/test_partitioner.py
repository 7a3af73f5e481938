"""Where keys stand: by hash, or in their order; and which keys do not stand anywhere."""

from __future__ import annotations

from copy import copy
from typing import Any

import pytest

from models.hashing import hash_of
from models.sharding import LOWEST, HashPartitioner, RangePartitioner


def test_hash_partitioner_places_a_key_by_its_stable_hash() -> None:
    assert HashPartitioner().token("customer 17") == hash_of("customer 17")
    assert HashPartitioner().lowest == 0


@pytest.mark.parametrize("kind", [str, bytes, int, (str, int)])
def test_range_partitioner_places_a_key_where_it_is_in_its_order(kind: Any) -> None:
    key = {str: "k", bytes: b"k", int: 7, (str, int): ("k", 7)}[kind]
    assert RangePartitioner(kind).token(key) == key
    assert RangePartitioner(kind).lowest < key


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        (str, 3),
        (str, None),
        (int, "3"),
        (int, 3.5),
        ((str, int), ("a",)),
        ((str, int), ("a", "b")),
        (bytes, ""),
    ],
)
def test_key_of_another_kind_has_no_place(kind: Any, key: Any) -> None:
    with pytest.raises(TypeError, match="key must be"):
        RangePartitioner(kind).token(key)


def test_key_that_has_no_hash_has_no_place_either() -> None:
    with pytest.raises(TypeError, match="key must be"):
        HashPartitioner().token(3.5)


@pytest.mark.parametrize("kind", [float, "str", (), (str, float), None])
def test_kinds_are_those_that_can_always_be_compared(kind: Any) -> None:
    with pytest.raises(TypeError, match="kind"):
        RangePartitioner(kind)


@pytest.mark.parametrize(
    ("partitioner", "bound"),
    [
        (HashPartitioner(), "m"),
        (HashPartitioner(), True),
        (HashPartitioner(), -1),
        (HashPartitioner(), 1 << 64),
        (RangePartitioner(), 3),
        (RangePartitioner((str, int)), ("a", "b")),
        (RangePartitioner((str, int)), ()),
    ],
)
def test_bound_of_another_kind_is_refused(partitioner: Any, bound: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="bound"):
        partitioner.check_bound(bound)


def test_bound_of_tuples_may_be_a_beginning_and_stands_before_what_begins_so() -> None:
    partitioner = RangePartitioner((str, int))
    partitioner.check_bound(("m",))
    assert ("l", 9) < ("m",) < partitioner.token(("m", 0))


def test_lowest_stands_before_everything_and_is_one_however_often_it_is_copied() -> None:
    key: Any
    for key in ("", b"", -(10**30), ("", 0)):
        assert key > LOWEST
        assert key >= LOWEST
        assert not key < LOWEST
        assert not key <= LOWEST
    assert copy(LOWEST) is LOWEST
    assert not LOWEST < LOWEST
