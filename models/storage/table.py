"""A table: keys with versions, in memory, made by applying the records of a log in order.

Applying the same records in the same order gives the same table: so a restart can replay a log, and a replica
can be sent one. A *version* says which change of its key it is (1, 2, 3 and so on: staleness in versions is a
difference of these) and at which position of the log it was made.

Records come one after the other; one that changes nothing (`NO_KEY`: a mark in the log, such as the first
record of a new primary) only moves `position`. Values are never changed in place, so that copies may share
them.

Source: state machine replication (Schneider, "Implementing Fault-Tolerant Services Using the State Machine
Approach", ACM Computing Surveys 22, 1990).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


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
    """A table as it was after the record at `position`, which was of an `epoch`."""

    position: int
    epoch: int
    versions: Mapping[Any, Version]


class Table:
    """Keys with versions, as of a `position` in a log; empty, or as a `snapshot` says."""

    __slots__ = ("_versions", "epoch", "position")

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        self._versions: dict[Any, Version] = {} if snapshot is None else dict(snapshot.versions)
        self.position = 0 if snapshot is None else snapshot.position
        self.epoch = 0 if snapshot is None else snapshot.epoch

    def __len__(self) -> int:
        return len(self._versions)

    def value(self, key: Any) -> Any:
        """Return the value of `key`, `None` where it has none."""
        version = self._versions.get(key)
        return None if version is None else version.value

    def version(self, key: Any) -> Version | None:
        """Return the present version of `key`, if it has one."""
        return self._versions.get(key)

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
        return Snapshot(self.position, self.epoch, dict(self._versions))

    def values(self) -> dict[Any, Any]:
        """Return the values by key."""
        return {key: version.value for key, version in self._versions.items()}
