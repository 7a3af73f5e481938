"""First in, first out: fair, and under overload the way to serve everybody too late.

Whoever finds the room full is shed. With `age_max` it is the queue of customers with constant patience: who
has waited that long is shed, so that nobody is served who has waited longer.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from .discipline import Bounded, Waiter, WaitingRoom


@dataclass(frozen=True, slots=True)
class Fifo(Bounded):
    """Who has waited longest is next; at most `size_max` wait, for at most `age_max` seconds each.

    Example::

        ConcurrencyLimiter(env, instance, FixedLimit(8), queue=Fifo(100, age_max=0.5))
    """

    def room(self) -> WaitingRoom:
        """Return an empty room."""
        return _Line(self)


class _Line(WaitingRoom):
    __slots__ = ("_discipline", "_waiters")

    def __init__(self, discipline: Fifo) -> None:
        self._discipline = discipline
        # An OrderedDict, since popping from the front of a plain one gets slower with each.
        self._waiters: OrderedDict[Waiter, None] = OrderedDict()

    def patience(self, now: float) -> float:
        return self._discipline.age_max

    def enter(self, newcomer: Waiter, now: float) -> Waiter | None:
        if len(self._waiters) >= self._discipline.size_max:
            return newcomer
        self._waiters[newcomer] = None
        return None

    def next(self) -> Waiter:
        return self._waiters.popitem(last=False)[0]

    def leave(self, waiter: Waiter) -> None:
        del self._waiters[waiter]

    def __len__(self) -> int:
        return len(self._waiters)
