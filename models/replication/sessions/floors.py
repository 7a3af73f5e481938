"""Floors: the version of each key below which a session may not be answered any more.

A version is what a store tells with its answers (`Response.version`): a position of a log with its epoch, a
timestamp, or a version vector. Of two of one key the store says which is newer: the larger one, or for
vectors the one that covers the other; a floor of two vectors that do not is what both know.

A scan has one version for all of its keys, where the store tells one: that of a log, or of a whole node. It
has to reach the floors of all that it is about; and what has been seen by a scan every later answer has to
reach, whatever its key: that is more than is needed, and simple, as keys that a scan did not tell count too.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import reduce
from typing import Any

from ..scans import KeySet
from ..versions import VersionVector


class Floors:
    """The newest version of each key that a session is to see again."""

    __slots__ = ("_floors", "_scanned")

    def __init__(self) -> None:
        self._floors: dict[Hashable, Any] = {}
        self._scanned: Any = None  # below which nothing will do, of any key

    def get(self, key: Hashable) -> Any:
        """Return the floor of `key`, `None` where every version will do."""
        floor = self._floors.get(key)
        return floor if self._scanned is None else _newer_of(floor, self._scanned)

    def among(self, keys: KeySet) -> Any:
        """Return the floor of a scan of `keys`."""
        floors = (self._floors[key] for key in keys.among(self._floors))
        return reduce(_newer_of, floors, self._scanned)

    def lift(self, key: Hashable, version: Any) -> None:
        """Let nothing older than `version` (`None`: nothing is there) do for `key` from now on."""
        if version is not None:
            self._floors[key] = _newer_of(self._floors.get(key), version)

    def lift_all(self, version: Any) -> None:
        """Let nothing older than `version` do for any key from now on (`None`: nothing is known)."""
        self._scanned = _newer_of(self._scanned, version)


def is_behind(version: Any, floor: Any) -> bool:
    """Return whether `version` is older than `floor`, or is not known to be as new; `None` is nothing."""
    if floor is None:
        return False
    if version is None:
        return True
    if isinstance(floor, VersionVector):
        return not version.covers(floor)
    return bool(version < floor)


def _newer_of(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    return one.merged(other) if isinstance(one, VersionVector) else max(one, other)
