"""By priority: the most important first, first in, first out among equals.

Where the room is full the least important one is shed in favour of a newcomer that is more important than it,
of equals the youngest; a newcomer that is not, is shed itself. Under lasting overload the less important
starve; `age_max` tells them so in time. What is in flight is never interrupted.

Source: non-preemptive priorities (Cobham 1954) with push-out. Priorities are kept as levels, of which there
should be a few: finding the next costs a look at each.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from .discipline import Bounded, Waiter, WaitingRoom


@dataclass(frozen=True, slots=True)
class ByPriority(Bounded):
    """Who has the highest `request.priority` is next; at most `size_max` wait, for `age_max` seconds each."""

    def room(self) -> WaitingRoom:
        """Return an empty room."""
        return _Levels(self)


class _Levels(WaitingRoom):
    __slots__ = ("_discipline", "_levels", "_size")

    def __init__(self, discipline: ByPriority) -> None:
        self._discipline = discipline
        self._levels: dict[int, OrderedDict[Waiter, None]] = {}  # none is empty
        self._size = 0

    def patience(self, now: float) -> float:
        return self._discipline.age_max

    def enter(self, newcomer: Waiter, now: float) -> Waiter | None:
        loser = None
        if self._size >= self._discipline.size_max:
            lowest = min(self._levels)
            if newcomer.priority <= lowest:
                return newcomer
            loser = next(reversed(self._levels[lowest]))
            self.leave(loser)
        self._levels.setdefault(newcomer.priority, OrderedDict())[newcomer] = None
        self._size += 1
        return loser

    def next(self) -> Waiter:
        waiter = next(iter(self._levels[max(self._levels)]))
        self.leave(waiter)
        return waiter

    def leave(self, waiter: Waiter) -> None:
        level = self._levels[waiter.priority]
        del level[waiter]
        self._size -= 1
        if not level:
            del self._levels[waiter.priority]

    def __len__(self) -> int:
        return self._size
