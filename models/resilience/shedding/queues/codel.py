"""Controlled delay: long patience while the queue runs empty now and then, short patience when it does not.

A queue is there for bursts. One that has not been empty for `interval` is no burst but an overload, and
whoever waits in it only makes everybody late. Rule, on arrival: if the room has not been empty for more than
`interval`, the newcomer may wait `target` seconds, else `interval` seconds. Those who are there already keep
what they were given.

It sets the patience only; the order is that of the room it stands around, whose own `age_max` holds too. With
`Lifo` in it that is the pair which Facebook runs.

Source: the variant of CoDel (Nichols and Jacobson, "Controlling Queue Delay", 2012) in Maurer, "Fail at
Scale" (ACM Queue 13(8), 2015), with its values: M = 5 ms, N = 100 ms. Leaves out the other variant of the
same house, folly's `Codel`, which judges by the shortest delay in an interval, and sheds as it dequeues.
"""

from __future__ import annotations

from dataclasses import dataclass

from ....validation import require_finite_duration
from .discipline import QueueDiscipline, Waiter, WaitingRoom
from .fifo import Fifo


@dataclass(frozen=True, slots=True)
class CoDel(QueueDiscipline):
    """Newcomers wait `interval` s (0.1) at most, and `target` s (0.005) where a queue has stood for longer.

    `around` (`Fifo()`) is the room it controls. `target` must be less than `interval`.

    Example::

        CoDel(around=Lifo(1000))
    """

    target: float = 0.005
    interval: float = 0.1
    around: QueueDiscipline = Fifo()

    def __post_init__(self) -> None:
        """Check the parameters."""
        require_finite_duration("target", self.target)
        require_finite_duration("interval", self.interval)
        if not self.target < self.interval:
            raise ValueError(f"target must be < interval ({self.interval!r} s), got {self.target!r}")
        if not isinstance(self.around, QueueDiscipline):
            raise TypeError(f"around must be a QueueDiscipline, such as Fifo(100), got {self.around!r}")

    def room(self) -> WaitingRoom:
        """Return an empty room around an empty room."""
        return _Controlled(self)


class _Controlled(WaitingRoom):
    __slots__ = ("_around", "_discipline", "_standing_since", "full")

    def __init__(self, discipline: CoDel) -> None:
        self._discipline = discipline
        self._around = discipline.around.room()
        self._standing_since = 0.0  # when it was last empty; of no account while it is
        self.full = self._around.full

    def patience(self, now: float) -> float:
        discipline = self._discipline
        is_standing = len(self._around) > 0 and now - self._standing_since > discipline.interval
        return min(discipline.target if is_standing else discipline.interval, self._around.patience(now))

    def enter(self, newcomer: Waiter, now: float) -> Waiter | None:
        if not len(self._around):
            self._standing_since = now
        return self._around.enter(newcomer, now)

    def next(self) -> Waiter:
        return self._around.next()

    def leave(self, waiter: Waiter) -> None:
        self._around.leave(waiter)

    def __len__(self) -> int:
        return len(self._around)
