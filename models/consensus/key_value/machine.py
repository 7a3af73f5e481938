"""Keys with values, as a state machine: read, write, compare-and-set, append, add.

A key that was never written reads as `None`; to append it is an empty list, to add 0. Lists are tuples, since
nodes share values and nobody may change them. What cannot be done, such as appending to a number, changes
nothing and is answered with a `ServerError`, on every node alike.
"""

from __future__ import annotations

from numbers import Real
from typing import Any

from ...failures import ServerError
from ...replication import ADD, APPEND, COMPARE_AND_SET, READ, WRITE
from ...request import Request
from ..raft import StateMachine


class KeyValueMachine(StateMachine):
    """Keys with values; `values` is what they are now."""

    __slots__ = ("_size_bytes", "_sizes", "values")

    commands = frozenset({WRITE, COMPARE_AND_SET, APPEND, ADD})
    queries = frozenset({READ})

    def __init__(self) -> None:
        self.values: dict[Any, Any] = {}
        self._sizes: dict[Any, int] = {}

    def apply(self, request: Request) -> Any:
        """Do what `request` says, and return its answer."""
        operation, key, value = request.operation, request.key, request.value
        values = self.values
        if operation == WRITE:
            values[key] = value
            self._sizes[key] = request.size_bytes
            return None
        if operation == READ:
            return values.get(key)
        if operation == COMPARE_AND_SET:
            expected, new = value
            if values.get(key) != expected:
                return False
            values[key] = new
            self._sizes[key] = request.size_bytes
            return True
        if operation == APPEND:
            return self._append(request)
        return self._add(request)

    def _append(self, request: Request) -> Any:
        key = request.key
        items = self.values.get(key, ())
        if not isinstance(items, tuple):
            return ServerError(f"{key!r} holds no list but {items!r}")
        self.values[key] = (*items, request.value)
        self._sizes[key] = self._sizes.get(key, 0) + request.size_bytes
        return None

    def _add(self, request: Request) -> Any:
        key = request.key
        number = self.values.get(key, 0)
        if isinstance(number, bool) or not isinstance(number, Real):
            return ServerError(f"{key!r} holds no number but {number!r}")
        self.values[key] = number + request.value
        self._sizes.setdefault(key, request.size_bytes)
        return None

    def query(self, request: Request) -> Any:
        """Return the value of a key."""
        return self.values.get(request.key)

    def snapshot(self) -> Any:
        """Return all keys with their values and sizes."""
        return dict(self.values), dict(self._sizes)

    def restore(self, state: Any) -> None:
        """Hold what `state` holds."""
        values, sizes = state
        self.values, self._sizes = dict(values), dict(sizes)

    @property
    def size_bytes(self) -> int:
        """The bytes of all values, as their requests weighed."""
        return sum(self._sizes.values())
