"""A table: keys with versions, in memory, made by applying the records of a log in order.

Applying the same records in the same order gives the same table: so a restart can replay a log, and a replica
can be sent one. A *version* says which change of its key it is (1, 2, 3 and so on: staleness in versions is a
difference of these) and at which position of the log it was made.

Records come one after the other; one that changes nothing (`NO_KEY`: a mark in the log, such as the first
record of a new primary) only moves `position`. Values are never changed in place, so that copies may share
them. So they do with what was *restored*: values that were there before the first record. These have no
version until they are changed, and cost nothing for each table and snapshot that has them.

Source: state machine replication (Schneider, "Implementing Fault-Tolerant Services Using the State Machine
Approach", ACM Computing Surveys 22, 1990).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

_NOTHING: Mapping[Any, Any] = MappingProxyType({})


class _NoKey:
    """The key of a record that changes nothing."""

    def __repr__(self) -> str:
        return "NO_KEY"


NO_KEY = _NoKey()
"""The key of a record that changes nothing."""


@dataclass(frozen=True, slots=True)
class Record:
    """A change in a log: `key` is set to `value`; written in an `epoch`, at `time` (for observers only)."""

    key: Any
    value: Any
    epoch: int = 0
    time: float = 0.0


@dataclass(frozen=True, slots=True)
class Version:
    """A `value` of a key: its `number`-th, made by the record at `position`."""

    value: Any
    number: int
    position: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A table as it was after the record at `position`, which was of an `epoch`.

    Of the values that were `restored` those count that have no version.
    """

    position: int
    epoch: int
    versions: Mapping[Any, Version]
    restored: Mapping[Any, Any] = field(default_factory=lambda: _NOTHING, repr=False)

    @property
    def key_count(self) -> int:
        """How many keys it has, those of deleted values too."""
        return _key_count(self.versions, self.restored)


class Table:
    """Keys with versions, as of a `position` in a log; empty, or as a `snapshot` says.

    It is a collection of all its keys, those of deleted values too.
    """

    __slots__ = ("_restored", "_versions", "epoch", "position")

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        self._versions: dict[Any, Version] = {} if snapshot is None else dict(snapshot.versions)
        self._restored = _NOTHING if snapshot is None else snapshot.restored
        self.position = 0 if snapshot is None else snapshot.position
        self.epoch = 0 if snapshot is None else snapshot.epoch

    def __len__(self) -> int:
        return _key_count(self._versions, self._restored)

    def __contains__(self, key: object) -> bool:
        return key in self._versions or key in self._restored

    def __iter__(self) -> Iterator[Any]:
        restored = self._restored
        yield from restored
        yield from (key for key in self._versions if key not in restored)

    def value(self, key: Any) -> Any:
        """Return the value of `key`, `None` where it has none."""
        version = self._versions.get(key)
        return self._restored.get(key) if version is None else version.value

    def version(self, key: Any) -> Version | None:
        """Return the present version of `key`, if a record has made one."""
        return self._versions.get(key)

    def changed_after(self, position: int) -> Iterable[Any]:
        """Return the keys that were changed after `position` last."""
        return [key for key, version in self._versions.items() if version.position > position]

    def apply(self, position: int, record: Record) -> None:
        """Do what the record at `position` says, the next one."""
        assert position == self.position + 1, f"record {position} applied after {self.position}"
        self.position = position
        self.epoch = record.epoch
        key = record.key
        if key is not NO_KEY:
            old = self._versions.get(key)
            self._versions[key] = Version(record.value, 1 if old is None else old.number + 1, position)

    def snapshot(self) -> Snapshot:
        """Return a copy."""
        return Snapshot(self.position, self.epoch, dict(self._versions), self._restored)

    def values(self) -> dict[Any, Any]:
        """Return the values by key."""
        return {**self._restored, **{key: version.value for key, version in self._versions.items()}}


def _key_count(versions: Mapping[Any, Version], restored: Mapping[Any, Any]) -> int:
    if not restored:
        return len(versions)
    return len(restored) + sum(key not in restored for key in versions)
