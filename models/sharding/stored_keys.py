"""How keys are called in the stores of shards: with the epoch under which they were written.

A key that is read or written under another epoch is another key to the store. So nothing that an earlier
owner, or an earlier attempt at a move, still does can be seen by anybody: it happens in a namespace that no
table names any more.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..replication.scans import KeySet
from .partitioner import Partitioner


class StoredKey(NamedTuple):
    """Key `key` of a sharded store, as its shard's store has it: under `epoch`."""

    epoch: int
    key: Any


@dataclass(frozen=True, slots=True)
class Stretch:
    """The tokens from `start` on and before `end` (`None`: no end), whose keys are held under `epoch`."""

    start: Any
    end: Any
    epoch: int


@dataclass(frozen=True, slots=True)
class StoredRange(KeySet):
    """The stored keys of one `epoch` with tokens from `start` on and before `end` (`None`: no end).

    What is no `StoredKey` is not in it.
    """

    partitioner: Partitioner
    start: Any
    end: Any
    epoch: int

    def __contains__(self, stored: object) -> bool:
        """Return whether `stored` is in the set."""
        if not isinstance(stored, StoredKey) or stored.epoch != self.epoch:
            return False
        token = self.partitioner.token(stored.key)
        return bool(self.start <= token and (self.end is None or token < self.end))


@dataclass(frozen=True, slots=True)
class StoredStretches(KeySet):
    """The stored keys whose key, as clients call it, is in `keys`, in `stretches`, each under its epoch.

    The stretches stand in their order. What is no `StoredKey` is not in the set.
    """

    partitioner: Partitioner
    keys: KeySet
    stretches: tuple[Stretch, ...]
    _bounds: tuple[Any, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Note where the stretches begin, but the first."""
        object.__setattr__(self, "_bounds", tuple(each.start for each in self.stretches[1:]))

    @property
    def listed(self) -> Collection[StoredKey] | None:
        """The stored keys, where the keys are known one by one."""
        listed = self.keys.listed
        if listed is None:
            return None
        stored = ((self._stretch_of(key), key) for key in listed)
        return [StoredKey(stretch.epoch, key) for stretch, key in stored if stretch is not None]

    def __contains__(self, stored: object) -> bool:
        """Return whether `stored` is in the set."""
        if not isinstance(stored, StoredKey) or stored.key not in self.keys:
            return False
        stretch = self._stretch_of(stored.key)
        return stretch is not None and stretch.epoch == stored.epoch

    def _stretch_of(self, key: Any) -> Stretch | None:
        token = self.partitioner.token(key)
        stretch = self.stretches[bisect_right(self._bounds, token)]
        return stretch if stretch.start <= token and (stretch.end is None or token < stretch.end) else None
