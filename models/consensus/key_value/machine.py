"""Keys with values, as a state machine: all the operations of a store, since there is one order.

What each does and answers is `models.replication.effects`'s to say, as for every store that has one order. A
key that was never written reads as `None`, and so does one that was deleted, or written with `None`: either
is kept as no key at all. What cannot be done, such as appending to a number, changes nothing and is answered
with a `ServerError`, on every node alike.

A scan is marked with the number of changes that there were before it, of all keys. What the last
`CHANGES_KEPT` of them have changed is remembered, deleted keys like others; a scan after a mark that lies
further back is a `ServerError`, as etcd answers whoever asks for a revision that was compacted. They are a
part of the state, so that a new leader, or a node that starts from a snapshot, knows them too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from itertools import islice
from typing import Any

from ...failures import ServerError
from ...replication import (
    ADD,
    APPEND,
    COMPARE_AND_SET,
    DELETE,
    READ,
    SCAN,
    SET_ADD,
    SET_REMOVE,
    WRITE,
    effect_of,
)
from ...replication.scans import Scanned
from ...request import Request
from ..raft import StateMachine

CHANGES_KEPT = 65_536
"""Of so many changes it is remembered which key they have changed."""


class KeyValueMachine(StateMachine):
    """Keys with values: `contents` to begin with, and `values` now, after `change_count` changes."""

    __slots__ = ("_changed", "_sizes", "change_count", "values")

    commands = frozenset({WRITE, COMPARE_AND_SET, APPEND, ADD, DELETE, SET_ADD, SET_REMOVE})
    queries = frozenset({READ, SCAN})

    def __init__(self, contents: Mapping[Any, Any] | None = None) -> None:
        self.values: dict[Any, Any] = dict(contents or {})
        for key in [key for key, value in self.values.items() if value is None]:
            del self.values[key]
        self._sizes: dict[Any, int] = {}
        self.change_count = 0
        self._changed: deque[Any] = deque(maxlen=CHANGES_KEPT)

    def apply(self, request: Request) -> Any:
        """Do what `request` says, and return its answer."""
        key = request.key
        try:
            if request.operation in self.queries:
                return self.query(request)
            effect = effect_of(request, self.values.get(key))
        except ServerError as error:
            return error.with_traceback(None)
        if effect.changes:
            self.change_count += 1
            self._changed.append(key)
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
        """Return the value of a key, or those of many. Raises `ServerError` after a mark that is no more."""
        values = self.values
        if request.operation == READ:
            return values.get(request.key)
        keys, after = request.key, request.value
        if after is None:
            return Scanned(tuple((key, values[key]) for key in keys.among(values)), self.change_count)
        changed = self._changed_after(after)
        return Scanned(tuple((key, values.get(key)) for key in keys.among(changed)), self.change_count)

    def _changed_after(self, mark: Any) -> dict[Any, None]:
        """Return the keys that have changed since then, those last that changed first, each once."""
        last = self.change_count
        first = last - len(self._changed)
        if not isinstance(mark, int) or not first <= mark <= last:
            raise ServerError(f"mark must be one of the last changes, {first} to {last}, got {mark!r}")
        return dict.fromkeys(islice(reversed(self._changed), last - mark))

    def snapshot(self) -> Any:
        """Return all keys with their values and sizes, and what has changed of late."""
        return dict(self.values), dict(self._sizes), self.change_count, tuple(self._changed)

    def restore(self, state: Any) -> None:
        """Hold what `state` holds."""
        values, sizes, self.change_count, changed = state
        self.values, self._sizes = dict(values), dict(sizes)
        self._changed = deque(changed, maxlen=CHANGES_KEPT)

    @property
    def size_bytes(self) -> int:
        """The bytes of all values, as their requests weighed."""
        return sum(self._sizes.values())
