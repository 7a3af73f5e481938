"""Adaptive LIFO: first come, first served while few wait; beyond that the newest is served first.

Under overload somebody must be late. Of those who have waited longest the callers have most likely given up,
so that work for them is wasted; the newest can still be answered in time. For the same reason it is the
oldest that is shed in favour of a newcomer where the room is full.

Sources: Maurer, "Fail at Scale" (ACM Queue 13(8), 2015), whose servers switch to LIFO as a queue begins to
form; the length at which they do is HHVM's `lifoSwitchThreshold` (`util/job-queue.h`). Shedding the oldest is
ours: HHVM's queue has no end, and Netflix's `LifoBlockingLimiter` turns the newcomer away, so that the old
ones stay at the bottom until the overload is over and are then worked on for nobody.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from ....validation import require_count
from .discipline import Bounded, Waiter, WaitingRoom


@dataclass(frozen=True, slots=True)
class Lifo(Bounded):
    """While more than `threshold` (0; a whole number >= 0, < `size_max`) wait, the newest is next.

    Up to there it is the oldest. With 0 the newest is always next. At most `size_max` wait, for at most
    `age_max` seconds each; beyond that the oldest is shed.
    """

    threshold: int = 0

    def __post_init__(self) -> None:
        """Check the parameters."""
        Bounded.__post_init__(self)  # `super()` fails in a dataclass with slots, which is another class
        require_count("threshold", self.threshold, lowest=0)
        if not self.threshold < self.size_max:
            raise ValueError(f"threshold must be < size_max ({self.size_max!r}), got {self.threshold!r}")

    def room(self) -> WaitingRoom:
        """Return an empty room."""
        return _Stack(self)


class _Stack(WaitingRoom):
    __slots__ = ("_discipline", "_waiters")

    def __init__(self, discipline: Lifo) -> None:
        self._discipline = discipline
        self._waiters: OrderedDict[Waiter, None] = OrderedDict()

    def patience(self, now: float) -> float:
        return self._discipline.age_max

    def enter(self, newcomer: Waiter, now: float) -> Waiter | None:
        waiters = self._waiters
        oldest = None
        if len(waiters) >= self._discipline.size_max:
            oldest = waiters.popitem(last=False)[0]
        waiters[newcomer] = None
        return oldest

    def next(self) -> Waiter:
        waiters = self._waiters
        return waiters.popitem(last=len(waiters) > self._discipline.threshold)[0]

    def leave(self, waiter: Waiter) -> None:
        del self._waiters[waiter]

    def __len__(self) -> int:
        return len(self._waiters)
