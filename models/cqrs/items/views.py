"""What is asked of items, and no stream answers by itself: three read models of one log."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from ...request import Request
from ..projections import PoisonEvent, ReadModel, Rows
from .events import Cancelled, Reserved, Restocked

BEST_SELLERS = "best-sellers"


class StockPerItem(ReadModel):
    """What is left of each item."""

    __slots__ = ()

    def apply(self, event: Any, rows: Rows) -> None:
        """Count."""
        left = rows.get(event.item, 0)
        rows[event.item] = left - event.units if isinstance(event, Reserved) else left + event.units


class OrdersPerCustomer(ReadModel):
    """The orders of each customer with their items and units, in the order in which they were made."""

    __slots__ = ()

    def apply(self, event: Any, rows: Rows) -> None:
        """Add an order, or take it away."""
        if isinstance(event, Restocked):
            return
        had = rows.get(event.customer, ())
        entry = (event.order, event.item, event.units)
        if isinstance(event, Reserved):
            rows[event.customer] = (*had, entry)
        elif entry in had:
            place = had.index(entry)
            rows[event.customer] = had[:place] + had[place + 1 :]
        else:
            raise PoisonEvent(f"order {event.order!r} is cancelled, and was never made")


class BestSellers(ReadModel):
    """The units sold of each item; `best-sellers` with the key n: the n items of which most are."""

    __slots__ = ()

    def apply(self, event: Any, rows: Rows) -> None:
        """Count."""
        if isinstance(event, Reserved):
            rows[event.item] = rows.get(event.item, 0) + event.units
        elif isinstance(event, Cancelled):
            rows[event.item] = rows.get(event.item, 0) - event.units

    def answer(self, request: Request, rows: Mapping[Hashable, Any]) -> Any:
        """Return one item's units, or the items that sell best, the best first."""
        if request.operation == BEST_SELLERS:
            return tuple(sorted(rows, key=lambda item: -rows[item])[: request.key])
        return ReadModel.answer(self, request, rows)


def best_sellers(count: int) -> Request:
    """Return the request for the `count` items that sell best."""
    return Request(BEST_SELLERS, count)
