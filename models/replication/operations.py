"""What stores are asked: requests by operation, the same for every store.

    read               the value of a key, `None` where none was ever written
    write              set it; the answer has no value
    compare-and-set    set it to `value[1]` if it is `value[0]`; the answer says whether it was: True or False
    append             put an item at the end of the list that a key holds; an absent key holds an empty one
    delete             let it have no value, as if it had never been written
    add                to the number that a key holds, for counters; an absent key holds 0
    set-add            put an item into the set that a key holds; an absent key holds an empty one
    set-remove         take an item out of it, whether it is there or not
    scan               the values of many keys at once: of those in a `KeySet` that have one (see `scans`)

A store that does not know an operation ends it in a `ServerError`. A key that has no hash is a `TypeError`
when it is asked for. Source: the operations of Jepsen's register, compare-and-set, list-append, counter and
set workloads.
"""

from __future__ import annotations

from typing import Any

from ..request import Request
from ..validation import require_kind, require_number
from .scans import KeySet

READ = "read"
WRITE = "write"
COMPARE_AND_SET = "compare-and-set"
APPEND = "append"
ADD = "add"
SET_ADD = "set-add"
SET_REMOVE = "set-remove"
DELETE = "delete"
SCAN = "scan"

READING = frozenset({READ, SCAN})
"""The operations that change nothing."""


def read(key: Any, *, size_bytes: int = 0) -> Request:
    """Return the request that reads `key`."""
    _require_hash("key", key)
    return Request(READ, key, size_bytes=size_bytes)


def write(key: Any, value: Any, *, size_bytes: int = 0) -> Request:
    """Return the request that sets `key` to `value`."""
    _require_hash("key", key)
    return Request(WRITE, key, value, size_bytes=size_bytes)


def compare_and_set(key: Any, expected: Any, value: Any) -> Request:
    """Return the request that sets `key` to `value` if it is `expected` (`None`: absent)."""
    _require_hash("key", key)
    return Request(COMPARE_AND_SET, key, (expected, value))


def append(key: Any, item: Any) -> Request:
    """Return the request that appends `item` to the list at `key`."""
    _require_hash("key", key)
    return Request(APPEND, key, item)


def delete(key: Any) -> Request:
    """Return the request that lets `key` have no value."""
    _require_hash("key", key)
    return Request(DELETE, key)


def add(key: Any, amount: float) -> Request:
    """Return the request that adds `amount` to the number at `key`. Raises `TypeError` for what is none."""
    _require_hash("key", key)
    require_number("amount", amount)
    return Request(ADD, key, amount)


def set_add(key: Any, item: Any) -> Request:
    """Return the request that puts `item` into the set at `key`. Raises `TypeError` if it has no hash."""
    _require_hash("key", key)
    _require_hash("item", item)
    return Request(SET_ADD, key, item)


def set_remove(key: Any, item: Any) -> Request:
    """Return the request that takes `item` out of the set at `key`. Raises `TypeError` if it has no hash."""
    _require_hash("key", key)
    _require_hash("item", item)
    return Request(SET_REMOVE, key, item)


def scan(keys: KeySet, after: Any = None) -> Request:
    """Return the request that reads all of `keys`; with the mark of an earlier scan, what changed `after` it.

    Raises `TypeError` for what is no set of keys. Example: `scan(KeyRange("cart ", "cart!"))`.
    """
    require_kind("keys", keys, KeySet)
    return Request(SCAN, keys, after)


def _require_hash(name: str, value: Any) -> None:
    """Raise `TypeError` for what no table, and no set, can hold."""
    try:
        frozenset((value,))  # which has to hash it
    except TypeError:
        raise TypeError(f"{name} must have a hash, got {value!r}") from None
