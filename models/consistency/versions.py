"""Versions of a key: who wrote the value that a read tells, where every write writes another value.

A write is a write, or a compare-and-set that was done or may have been. A version is older than another if
it was there before the other was asked for: its write had ended by then, or somebody had read it. What nobody
wrote, None, is older than all. Of other pairs nothing is known, since a store may put concurrent writes in
any order; nothing is concluded from those.

Lists and counters are left out: their reads name no single write.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from .intervals import READ, Interval, intervals_by_key
from .operation import Operation


@dataclass(slots=True)
class Version:
    """A value of a key; `write` is None for the initial one. By the rank `there_by` it was there."""

    key: Any
    value: Hashable
    write: Interval | None
    there_by: int

    @property
    def asked_at(self) -> int:
        """The rank at which it was asked for."""
        return -1 if self.write is None else self.write.call

    def is_older_than(self, other: Version) -> bool:
        """Whether it was there before the other was asked for."""
        return self.there_by < other.asked_at


@dataclass(slots=True)
class KeyVersions:
    """The versions of one key, by value, and its reads with the version that each tells.

    A read of what nobody has written is in `unexplained`: that proves a store wrong by itself.
    """

    key: Any
    versions: dict[Hashable, Version]
    reads: list[tuple[Interval, Version]]
    unexplained: list[Interval]

    def written(self) -> list[Version]:
        """All versions that somebody wrote, or may have written, by invocation."""
        return [each for each in self.versions.values() if each.write is not None]


def versions_by_key(history: Sequence[Operation]) -> dict[Any, KeyVersions]:
    """Return the versions of each key. Raises `ValueError` if one value was written twice to a key."""
    return {key: _versions(key, intervals) for key, intervals in intervals_by_key(history).items()}


def _versions(key: Any, intervals: list[Interval]) -> KeyVersions:
    found = KeyVersions(key, {None: Version(key, None, None, -1)}, [], [])
    for each in intervals:
        if _may_have_written(each):
            value = each.value[1] if each.operation.kind == "compare-and-set" else each.value
            if value in found.versions:
                raise ValueError(
                    f"writes must be of values that differ, got {value!r} twice on key {key!r} "
                    "(None counts as one)"
                )
            found.versions[value] = Version(key, value, each, each.end)
    for each in intervals:
        if each.operation.kind == READ:
            version = found.versions.get(each.result)
            if version is None:
                found.unexplained.append(each)
            else:
                version.there_by = min(version.there_by, each.end)
                found.reads.append((each, version))
    return found


def _may_have_written(interval: Interval) -> bool:
    kind = interval.operation.kind
    if kind == "compare-and-set":
        return bool(interval.result) or not interval.is_known
    if kind not in (READ, "write"):
        raise ValueError(
            f"operations must be one of read, write, compare-and-set, got {kind!r}: no read names one write"
        )
    return kind == "write"
