"""The table of a replica: the newest version that it knows of each key, in memory.

What is durable is in the replica's log, from which the table is made again. A key whose newest version is
nothing but tombstones is dropped once they are older than the grace (seconds of the host's clock), whenever
somebody looks at it: until then it keeps an older version, which another replica may still have, from coming
back. After that such a version does come back, if it is there. Source: Cassandra's `gc_grace_seconds`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ...hashing import hash_of
from ..versions import Cell, Siblings


class Table:
    """Versions by key, with tombstones for `grace` seconds (>= 0) of `clock`."""

    __slots__ = ("_clock", "_deleted", "_fingerprints", "_grace", "_versions")

    def __init__(self, grace: float, clock: Callable[[], float]) -> None:
        self._grace = grace
        self._clock = clock
        self._versions: dict[Any, Any] = {}
        self._deleted: dict[Any, float] = {}
        self._fingerprints: dict[Any, tuple[Any, tuple[int, int]]] = {}

    def get(self, key: Any) -> Any:
        """Return the version of `key`, `None` where there is none (any more)."""
        if self._deleted and key in self._deleted and self._clock() - self._deleted[key] >= self._grace:
            self._drop(key)
        return self._versions.get(key)

    def __getitem__(self, key: Any) -> Any:
        """Return the version of `key`, which is there."""
        return self._versions[key]

    def __iter__(self) -> Iterator[Any]:
        """Go through the keys that are there, those that are deleted too."""
        for key in [key for key in self._deleted if self._clock() - self._deleted[key] >= self._grace]:
            self._drop(key)
        return iter(list(self._versions))

    @property
    def versions(self) -> Mapping[Any, Any]:
        """The versions by key, also those that `get` would drop: to be looked at, now."""
        return self._versions

    def restore(self, versions: Mapping[Any, Cell | Siblings]) -> None:
        """Have these versions, none of which is deleted, in the place of all there is."""
        self._versions = dict(versions)
        self._deleted.clear()

    def merge(self, key: Any, version: Cell | Siblings) -> None:
        """Know `version` too."""
        current = self._versions.get(key)
        merged = version if current is None else current.merged(version)
        self._versions[key] = merged
        deleted_at = merged.is_dead_since()
        if deleted_at is None:
            self._deleted.pop(key, None)
        else:
            self._deleted[key] = deleted_at

    def _drop(self, key: Any) -> None:
        del self._versions[key], self._deleted[key]
        self._fingerprints.pop(key, None)

    def fingerprint(self, key: Any) -> tuple[int, int]:
        """Return the hash of `key`, and 64 bits that depend on key and version, and on nothing else."""
        version = self._versions[key]
        known = self._fingerprints.get(key)
        if known is None or known[0] is not version:
            hashed = hash_of(key)
            known = (version, (hashed, hash_of((hashed, version.identity()))))
            self._fingerprints[key] = known
        return known[1]
