"""What has become of the updates that clients asked for, counted by an observer who sees all nodes.

Where one value replaces another whole, an update is made on the one that was there: its *base*. The base of
that, and so on, are what it has replaced, one after the other, each by a node that had it: its *lineage*. In
the end a key has one value. An acknowledged update that is in its lineage was there, and was replaced by
somebody who could have seen it. One that is not was *overwritten*: whoever replaced it had not seen it, or
had seen it and lost to it afterwards. That is the lost update, and each acknowledged one is counted once,
however many nodes have met the conflict: acknowledged = in a lineage + overwritten + gone. An update that
sets no such value (of a counter, a set, siblings) overwrites none, and is never overwritten.

Vectors alone would not do: a node that holds one of two concurrent updates, and has thrown the other away,
has seen both.

Conflicts are counted by vectors: pairs of updates of a key of which neither's node had the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .messages import Dot, Update


class Ledger:
    """The book of one store; nodes write into it, and nothing that they do depends on it."""

    def __init__(self) -> None:
        # By the identity of the value that was set, which is kept here, so that no other comes to have it.
        self._set: dict[int, tuple[Any, Dot, Any]] = {}
        self._acknowledged: dict[Dot, None] = {}
        self._conflicts: dict[tuple[Dot, Dot], None] = {}
        self.taken_count = 0
        self.shipped_count = 0
        self.repeated_count = 0
        self.duplicate_count = 0

    @property
    def acknowledged_count(self) -> int:
        """How many updates were acknowledged."""
        return len(self._acknowledged)

    @property
    def conflict_count(self) -> int:
        """How many pairs of updates were found in conflict, by any node."""
        return len(self._conflicts)

    def taken(self, update: Update, value: Any, base: Any) -> None:
        """A node has taken `update` of a client, which has left `value` where `base` was (`None`: none)."""
        self.taken_count += 1
        if value is not base:
            self._set[id(value)] = value, update.dot, base

    def acknowledged(self, update: Update) -> None:
        """A node has told its client that `update` is done."""
        self._acknowledged[update.dot] = None

    def in_conflict(self, one: Update, other: Update) -> None:
        """A node has met two updates of which neither's maker had the other."""
        pair = (one.dot, other.dot) if one.dot < other.dot else (other.dot, one.dot)
        self._conflicts[pair] = None

    def shipped(self, count: int, repeated_count: int) -> None:
        """A node has sent so many updates to a peer, some of them not for the first time."""
        self.shipped_count += count
        self.repeated_count += min(max(repeated_count, 0), count)

    def gone(self, vectors: Iterable[Mapping[str, int]]) -> list[Dot]:
        """Return the acknowledged updates that no node has any more, by the nodes' `vectors`."""
        known: dict[str, int] = {}
        for vector in vectors:
            for origin, number in vector.items():
                known[origin] = max(number, known.get(origin, 0))
        return [dot for dot in self._acknowledged if known.get(dot[0], 0) < dot[1]]

    def overwritten(self, winners: Iterable[Any], gone: Iterable[Dot]) -> list[Dot]:
        """Return the acknowledged updates, but for those `gone`, that are in no lineage of the `winners`."""
        in_a_lineage: set[Dot] = set()
        for winner in winners:
            value = winner
            while value is not None:
                _, dot, value = self._set[id(value)]
                if dot in in_a_lineage:
                    break
                in_a_lineage.add(dot)
        spared = in_a_lineage.union(gone)
        return [dot for _, dot, _ in self._set.values() if dot in self._acknowledged and dot not in spared]
