"""Sets of keys: which are in them, and which of a table's they pick."""

from __future__ import annotations

from typing import Any

import pytest

from models.replication import SCAN, scan
from models.replication.scans import AllKeys, GivenKeys, KeyRange, KeySet


class Even(KeySet):
    """A set of one's own."""

    def __contains__(self, key: object) -> bool:
        return isinstance(key, int) and key % 2 == 0


@pytest.mark.parametrize(
    ("keys", "inside", "outside"),
    [
        (AllKeys(), [None, 1, "a", ("a", 1)], []),
        (GivenKeys(["a", 1]), ["a", 1], ["b", 2, None]),
        (GivenKeys([]), [], ["a"]),
        (KeyRange("b", "d"), ["b", "c", "czz"], ["a", "d", "", 7, None]),
        (KeyRange(start=2), [2, 2.5, 10**9], [1, "2"]),
        (KeyRange(end=(1, "c")), [(0, "z"), (1, "b")], [(1, "c"), (2, ""), "a"]),
        (KeyRange(), ["a", 1, None], []),
        (Even(), [0, 2], [1, "a"]),
    ],
)
def test_set_has_the_keys_that_it_says(keys: KeySet, inside: list[Any], outside: list[Any]) -> None:
    assert [key for key in inside if key not in keys] == []
    assert [key for key in outside if key in keys] == []
    table = dict.fromkeys(inside + outside)
    assert list(keys.among(table)) == inside


def test_given_keys_are_looked_up_one_by_one_in_their_order_each_once() -> None:
    keys = GivenKeys(["c", "a", "x", "a"])
    assert list(keys.listed) == ["c", "a", "x"]
    assert list(keys.among({"a": 1, "b": 2, "c": 3})) == ["c", "a"]
    assert Even().listed is None


def test_sets_that_have_the_same_keys_are_the_same_request() -> None:
    pairs = [
        (GivenKeys(["a", "b"]), GivenKeys(["b", "a"])),
        (AllKeys(), AllKeys()),
        (KeyRange("a", "b"), KeyRange("a", "b")),
    ]
    for one, other in pairs:
        assert (scan(one), hash(one)) == (scan(other), hash(other))
    assert GivenKeys(["a"]) != GivenKeys(["b"])
    assert repr(GivenKeys(["a", 1])) == "GivenKeys(['a', 1])"


def test_scan_asks_for_a_set_of_keys_and_perhaps_after_a_mark() -> None:
    request = scan(AllKeys(), after=(0, 3))
    assert (request.operation, request.key, request.value) == (SCAN, AllKeys(), (0, 3))
    assert scan(AllKeys()).value is None


@pytest.mark.parametrize("keys", ["a", ["a"], frozenset("a"), None, KeySet])
def test_what_is_no_set_of_keys_is_refused_when_it_is_asked_for(keys: Any) -> None:
    with pytest.raises(TypeError, match="keys must be a KeySet, got"):
        scan(keys)


def test_given_key_without_a_hash_is_refused() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        GivenKeys([["a"]])
