"""Floors: the version of each key below which a session may not be answered any more.

A version is what a store tells with its answers (`Response.version`): a position of a log with its epoch, a
timestamp, or a version vector. Of two of one key the store says which is newer: the larger one, or for
vectors the one that covers the other; a floor of two vectors that do not is what both know.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from ..versions import VersionVector


class Floors:
    """The newest version of each key that a session is to see again."""

    __slots__ = ("_floors",)

    def __init__(self) -> None:
        self._floors: dict[Hashable, Any] = {}

    def get(self, key: Hashable) -> Any:
        """Return the floor of `key`, `None` where every version will do."""
        return self._floors.get(key)

    def lift(self, key: Hashable, version: Any) -> None:
        """Let nothing older than `version` (`None`: nothing is there) do for `key` from now on."""
        if version is not None:
            floor = self._floors.get(key)
            self._floors[key] = version if floor is None else _newer(floor, version)


def is_behind(version: Any, floor: Any) -> bool:
    """Return whether `version` is older than `floor`, or is not known to be as new; `None` is nothing."""
    if floor is None:
        return False
    if version is None:
        return True
    if isinstance(floor, VersionVector):
        return not version.covers(floor)
    return bool(version < floor)


def _newer(one: Any, other: Any) -> Any:
    return one.merged(other) if isinstance(one, VersionVector) else max(one, other)
