"""What a node has: its updates, which it keeps in a log, and the versions that these make of its keys.

Two views. *Latest* is after every update that is in the log, durable or not: new updates are made from it.
*Shown* is after those that are committed, and is what readers, clients and other nodes are told of; so nobody
is told of what a crash may take.

Updates of one origin are taken in their order, each once. One that comes before its turn waits; one that has
been taken is known by its number, and dropped: that is what makes a message that comes twice, or a node that
is told by several, harmless.

Two updates of a key are in conflict if neither of the nodes that made them had the other. Each node knows the
*heads* of a key: the updates that no other one it has was made on. Source: Petersen et al., "Flexible Update
Propagation for Weakly Consistent Replication" (SOSP 1997), for logs that are prefixes of each origin's and
the vectors that say how long; Parker et al. (1983) for conflicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ...storage import Log
from .flaws import MultiPrimaryFlaws
from .messages import Update

_NOTHING: tuple[Any, ...] = (None, frozenset())


class Entry:
    """What is known of a key: the merged `version`, and the `heads`."""

    __slots__ = ("heads", "version")

    def __init__(self, version: Any, heads: tuple[Update, ...]) -> None:
        self.version = version
        self.heads = heads


class Holdings:
    """What there is after no update; `in_conflict(update, head)` is told of each conflict that it meets."""

    __slots__ = (
        "_early",
        "_flaws",
        "_in_conflict",
        "appended",
        "by_origin",
        "committed",
        "latest",
        "position",
        "shown",
    )

    def __init__(self, flaws: MultiPrimaryFlaws, in_conflict: Callable[[Update, Update], object]) -> None:
        self._flaws = flaws
        self._in_conflict = in_conflict
        self.latest: dict[Any, Entry] = {}
        self.shown: dict[Any, Entry] = {}
        self.appended: dict[str, int] = {}
        self.committed: dict[str, int] = {}
        self.by_origin: dict[str, dict[int, Update]] = {}
        self.position = 0
        self._early: dict[str, dict[int, Update]] = {}

    def is_old(self, update: Update) -> bool:
        """Return whether it has been taken already."""
        return update.number <= self.appended.get(update.origin, 0)

    def in_turn(self, update: Update) -> Iterable[Update]:
        """Return what can be taken now that `update`, which is not old, is here: nothing, or more than it."""
        origin, number = update.origin, update.number
        early = self._early.setdefault(origin, {})
        early[number] = update
        next_number = number if self._flaws.skips_gaps else self.appended.get(origin, 0) + 1
        while next_number in early:
            yield early.pop(next_number)
            next_number += 1

    def append(self, update: Update, log: Log[Update]) -> int:
        """Take `update`, write it to `log`, and return its position there."""
        self._know(update)
        return log.append(update)

    def _know(self, update: Update) -> None:
        self.appended[update.origin] = update.number
        self.by_origin.setdefault(update.origin, {})[update.number] = update
        entry = self.latest.get(update.key)
        if entry is not None:
            for head in entry.heads:
                if not update.has_seen(head) and not head.has_seen(update):
                    self._in_conflict(update, head)
        self._merge(self.latest, update)

    def show_until(self, log: Log[Update], position: int) -> None:
        """Show the updates of `log` up to `position`; those that are shown stay so."""
        for each in range(self.position + 1, position + 1):
            update = log[each]
            self.committed[update.origin] = update.number
            self._merge(self.shown, update)
        self.position = max(self.position, position)

    def replay(self, log: Log[Update], until: int) -> None:
        """Take and show what is in `log` up to a position, from the beginning: nothing was there before."""
        for position in range(1, until + 1):
            self._know(log[position])
        self.show_until(log, until)

    def _merge(self, entries: dict[Any, Entry], update: Update) -> None:
        entry, theirs = entries.get(update.key), update.version
        if entry is None:
            merged = Entry(theirs, (update,))
        else:
            version = theirs if self._flaws.merges_by_arrival else entry.version.merged(theirs)
            merged = Entry(version, _heads(entry.heads, update))
        if self._flaws.forgets_tombstones and merged.version.shown() in _NOTHING:
            entries.pop(update.key, None)
        else:
            entries[update.key] = merged


def _heads(heads: tuple[Update, ...], update: Update) -> tuple[Update, ...]:
    if any(head.has_seen(update) for head in heads):
        return heads
    return (*(head for head in heads if not update.has_seen(head)), update)
