"""What the schedule holds: calls of functions, and instants at which several things are due.

The schedule of an environment is a heap of times and a dictionary from each time to what is due then. Times
are almost always distinct, so that almost always the dictionary holds the one item itself: a heap of plain
numbers is compared at a third of the cost of one of tuples. Where a second item is due at the same time, or
one with another than the normal priority, an `Instant` holds them all, and puts them into SimPy's order:
priority, then sequence number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any

from simpy.events import NORMAL


class Call:
    """A function that will be called at a later time; made by `Environment.call_later`."""

    __slots__ = ("arguments", "function", "sequence")

    def __init__(
        self, function: Callable[..., object], arguments: tuple[Any, ...], sequence: int = 0
    ) -> None:
        self.function: Callable[..., object] | None = function
        self.arguments = arguments
        self.sequence = sequence

    def cancel(self) -> None:
        """Do not call the function after all; does nothing once it was called."""
        self.function = None


class Instant:
    """All that is due at one time: `add` in any order, then `take` in SimPy's order."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: list[tuple[int, int, Any]] = []

    def __bool__(self) -> bool:
        return bool(self._entries)

    def add(self, priority: int, sequence: int, item: Any) -> None:
        """Add an item with SimPy's `priority` and its sequence number."""
        self._entries.append((priority, sequence, item))

    def add_normal(self, item: Any) -> None:
        """Add an item of normal priority that was alone until now."""
        self.add(NORMAL, sequence_of(item), item)

    def take(self) -> Iterator[tuple[int, Any]]:
        """Take out, in order, the items up to normal priority; if there are none, the first of the rest."""
        self._entries.sort(key=itemgetter(0, 1))
        count = sum(priority <= NORMAL for priority, _, _ in self._entries) or 1
        taken, self._entries = self._entries[:count], self._entries[count:]
        return ((priority, item) for priority, _, item in taken)


class Early:
    """An item that is due now with a priority before urgent; it waits at the front of the urgent queue."""

    __slots__ = ("item", "priority")

    def __init__(self, priority: int, item: Any) -> None:
        self.priority = priority
        self.item = item


def sequence_of(item: Any) -> int:
    """Return the sequence number of an item: a wake-up's token, or the attribute of anything else."""
    return item[1] if type(item) is tuple else item.sequence  # type: ignore[no-any-return]
