"""Versions of a sharded store: what the shard's store tells, under the epoch of the range.

The versions of two shards have nothing to do with each other, but their epochs do: an owner begins with all
that was acknowledged by the one before, under a later epoch. So of two versions of one key that of the later
epoch is the newer one, and under one epoch the store's own decide: so a session goes on when its keys move.
That is so of all that the owner has, and not of each of its replicas: one that lags behind the copy tells an
older value, or nothing, under the later epoch, and a session takes it. So until the new owner's replicas have
come as far as the copy, a session that reads from any of them may go back; reads that show what was
acknowledged do not.

A read that has found nothing, and so has no version, has one here if its range has ever moved: that of the
epoch alone, since a key that was deleted is not copied.
"""

from __future__ import annotations

from typing import Any

from ..replication.versions import VersionVector


class PlacedVersion(VersionVector):
    """The `version` of a shard's store, `None` for nothing there, under `epoch`.

    It is to sessions what a version vector is: one that covers another, or not, and may be merged with it.
    """

    __slots__ = ("epoch", "version")

    def __init__(self, epoch: int, version: Any) -> None:
        super().__init__(version if isinstance(version, VersionVector) else None)
        self.epoch = epoch
        self.version = version

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PlacedVersion) and (self.epoch, self.version) == (other.epoch, other.version)

    __hash__ = None

    def __bool__(self) -> bool:
        """Say that it is one, whether it has counts or not."""
        return True

    def __repr__(self) -> str:
        return f"PlacedVersion({self.epoch}, {self.version!r})"

    def covers(self, other: VersionVector) -> bool:
        """Return whether it is at least as new as `other`, of the same key and store."""
        assert isinstance(other, PlacedVersion)
        if self.epoch != other.epoch:
            return self.epoch > other.epoch
        if self.version is None or other.version is None:
            return other.version is None
        if isinstance(self.version, VersionVector):
            return self.version.covers(other.version)
        return bool(self.version >= other.version)

    def merged(self, other: VersionVector) -> VersionVector:
        """Return the newer one, or of two vectors under one epoch what either knows."""
        if self.covers(other):
            return self
        assert isinstance(other, PlacedVersion)
        return other if other.covers(self) else PlacedVersion(self.epoch, self.version.merged(other.version))
