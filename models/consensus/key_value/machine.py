"""Keys with values, as a state machine: all the operations of a store, since there is one order.

What each does and answers is `models.replication.effects`'s to say, as for every store that has one order. A
key that was never written reads as `None`, and so does one that was deleted, or written with `None`: either
is kept as no key at all. What cannot be done, such as appending to a number, changes nothing and is answered
with a `ServerError`, on every node alike.
"""

from __future__ import annotations

from typing import Any

from ...failures import ServerError
from ...replication import (
    ADD,
    APPEND,
    COMPARE_AND_SET,
    DELETE,
    READ,
    SET_ADD,
    SET_REMOVE,
    WRITE,
    effect_of,
)
from ...request import Request
from ..raft import StateMachine


class KeyValueMachine(StateMachine):
    """Keys with values; `values` is what they are now."""

    __slots__ = ("_size_bytes", "_sizes", "values")

    commands = frozenset({WRITE, COMPARE_AND_SET, APPEND, ADD, DELETE, SET_ADD, SET_REMOVE})
    queries = frozenset({READ})

    def __init__(self) -> None:
        self.values: dict[Any, Any] = {}
        self._sizes: dict[Any, int] = {}

    def apply(self, request: Request) -> Any:
        """Do what `request` says, and return its answer."""
        if request.operation == READ:
            return self.query(request)
        key = request.key
        try:
            effect = effect_of(request, self.values.get(key))
        except ServerError as error:
            return error.with_traceback(None)
        if effect.changes:
            if effect.value is None:
                self.values.pop(key, None)
                self._sizes.pop(key, None)
            else:
                self.values[key] = effect.value
                self._weigh(request)
        return effect.answer

    def _weigh(self, request: Request) -> None:
        """Note what the value weighs that `request` has put at its key, or changed."""
        sizes, key, size = self._sizes, request.key, request.size_bytes
        if request.operation in (WRITE, COMPARE_AND_SET):
            sizes[key] = size
        elif request.operation in (APPEND, SET_ADD):
            sizes[key] = sizes.get(key, 0) + size
        elif request.operation == ADD:
            sizes.setdefault(key, size)

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
