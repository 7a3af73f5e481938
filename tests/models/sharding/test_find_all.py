"""Many keys are found in a routing table as one by one."""

import numpy as np
import pytest

from models.hashing import HashRing, hash_of
from models.sharding import (
    LOWEST,
    Assignment,
    HashPartitioner,
    RangePartitioner,
    RoutingTable,
    even_table,
    hash_table,
    range_table,
)

BY_RING = hash_table(HashRing(["one", "two", "three"]), range_count=100)
BY_RANGE = range_table(RangePartitioner(), ["d", "m"], ["one", "two", "three"])


def places(table, keys):
    return [table.find(key)[0] for key in keys]


@pytest.mark.parametrize(
    "keys", [["a", "m", "zebra", "d", ""], [f"key {number}" for number in range(500)]], ids=["few", "many"]
)
@pytest.mark.parametrize("table", [BY_RING, BY_RANGE, even_table(["only"])], ids=["ring", "range", "one"])
def test_texts_are_found_as_one_by_one(table, keys):
    assert table.find_all(keys).tolist() == places(table, keys)
    assert table.find_all(iter(keys)).tolist() == places(table, keys)
    assert table.find_all(np.array(keys)).tolist() == places(table, keys)


def test_numbers_are_found_as_one_by_one_in_any_shape():
    numbers = np.arange(600).reshape(20, 30)
    found = BY_RING.find_all(numbers)
    assert found.shape == (20, 30)
    assert found.ravel().tolist() == places(BY_RING, range(600)) == BY_RING.find_all(range(600)).tolist()


def test_a_key_whose_hash_is_a_bound_is_in_the_range_that_begins_there():
    keys = range(50)
    starts = (0, *sorted(hash_of(key) for key in keys))
    table = RoutingTable(HashPartitioner(), starts, tuple(Assignment("one") for _ in starts))
    found = table.find_all(keys).tolist()
    assert [starts[place] for place in found] == [hash_of(key) for key in keys]
    assert found == places(table, keys)


def test_whole_numbers_by_range():
    table = RoutingTable(RangePartitioner(int), (LOWEST, 10, 20), tuple(Assignment("one") for _ in range(3)))
    assert table.find_all(np.array([9, 10, 19, 20, -5])).tolist() == [0, 1, 1, 2, 0]


def test_no_keys_have_no_places():
    assert BY_RING.find_all([]).tolist() == BY_RANGE.find_all([]).tolist() == []


@pytest.mark.parametrize("table", [BY_RING, BY_RANGE], ids=["ring", "range"])
def test_what_has_no_token_and_one_text_are_refused(table):
    with pytest.raises(TypeError, match="key must be"):
        table.find_all(["a", None])
    with pytest.raises(TypeError, match="keys must be many, got one, 'customer 17'"):
        table.find_all("customer 17")
