"""Earliest deadline first: taking turns in proportion to weights that may change between two turns.

Each item is due 1/weight after its last turn; the one that is due first is next. Costs log n a turn, where
smooth weighted round robin costs n; the weight of an item is asked for at its turns only. Ties go to the one
that has waited longest.

Source: the schedule of Envoy's weighted round robin and weighted least request (`EdfScheduler`). There a
change of hosts begins it anew; here those that stay keep their place, unless their weight has grown (`keep`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Generic, TypeVar

Item = TypeVar("Item")

_WEIGHT_MIN = 1e-300  # less is as much: a turn that is due at infinity would stop the clock


class EarliestDeadline(Generic[Item]):
    """Takes turns among items by weights (> 0), which `weight_of` tells."""

    __slots__ = ("_heap", "_now", "_order", "_weight_of")

    def __init__(self, weight_of: Callable[[Item], float]) -> None:
        self._weight_of = weight_of
        self._heap: list[tuple[float, int, Item]] = []
        self._order = count()
        self._now = 0.0

    def keep(self, items: Iterable[Item]) -> None:
        """Take turns among `items` from now on: those that are new begin as if they had just had a turn.

        So do those whose weight has grown so much that they would be due sooner: who had next to no weight
        at his last turn does not wait for what that was worth.
        """
        places = {id(item): (deadline, order) for deadline, order, item in self._heap}
        self._heap = [self._place(item, places.get(id(item))) for item in items]
        heapify(self._heap)

    def _place(self, item: Item, place: tuple[float, int] | None) -> tuple[float, int, Item]:
        due = self._due(item)
        if place is None or due < place[0]:
            return due, next(self._order), item
        return *place, item

    def turn(self) -> Item:
        """Return whose turn it is, and let it wait for its next one."""
        heap = self._heap
        self._now, _, item = heappop(heap)
        heappush(heap, (self._due(item), next(self._order), item))
        return item

    def _due(self, item: Item) -> float:
        return self._now + 1.0 / max(self._weight_of(item), _WEIGHT_MIN)
