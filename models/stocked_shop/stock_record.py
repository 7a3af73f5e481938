"""What the record says of an item's stock, what may be asked of it, and how that changes it.

    take        an order takes a unit; the answer says whether it has one: True, or False where none is left
    give back   the order takes none after all
    delivered   units were put on the shelf
    counted     somebody has been at the shelf: so many are there, whatever the record has said
    look        how many are left to sell

The record is not the stock. It says how many units were on the shelf when that was last looked at, and which
orders are to have one of them; what is left is the difference. What breaks in between it does not know.

Orders stand in the record by name, and deliveries by number, so that what is repeated takes effect once: an
idempotency key that is kept in the same place, and changed in the same step, as what it protects. A count
says which deliveries it has seen, and is void where the record knows of a later one. Orders leave the record
when the shelf is counted: *handled* ones (their unit has left the shelf, or never will) with what the count
says, and those that were placed long ago and never came to the warehouse (`placed_before`), since
whoever took the unit has crashed over it. Source: Newman, "Building Microservices" (1st ed. 2015), chapter
11, "And the Real World", for the difference; Helland, "Building on Quicksand" (CIDR 2009), for what follows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from ..failures import ServerError
from ..request import Request
from ..validation import require_count
from .order import Order

TAKE = "take"
GIVE_BACK = "give back"
DELIVERED = "delivered"
COUNTED = "counted"
LOOK = "look"


@dataclass(frozen=True, slots=True)
class Delivery:
    """Delivery `number` (1, 2, 3 ... of an item) of so many `units`."""

    number: int
    units: int

    def __post_init__(self) -> None:
        """Check both."""
        require_count("number", self.number)
        require_count("units", self.units)


@dataclass(frozen=True, slots=True)
class Count:
    """So many `units` were on the shelf when `handled` were the orders that take nothing more from it.

    `delivery` is the number of the last one that had come by then. Orders that were placed before
    `placed_before` (s) and are not handled are dropped too.
    """

    units: int
    delivery: int
    handled: frozenset[Order]
    placed_before: float = -inf

    def __post_init__(self) -> None:
        """Check the numbers."""
        require_count("units", self.units, 0)
        require_count("delivery", self.delivery, 0)


@dataclass(frozen=True, slots=True)
class StockRecord:
    """So many `units` as of `delivery` number so-and-so, and the `orders` that are to have one each."""

    units: int = 0
    delivery: int = 0
    orders: tuple[Order, ...] = ()

    @property
    def available(self) -> int:
        """How many are left to sell; below 0 when too many were sold."""
        return self.units - len(self.orders)


def take(order: Order) -> Request:
    """Return the request that takes a unit for `order`."""
    return Request(TAKE, order.item, order)


def take_instead(item: int, order: Order) -> Request:
    """Return the request that takes a unit of another `item` for `order`."""
    return Request(TAKE, item, order)


def give_back(order: Order) -> Request:
    """Return the request that takes no unit for `order` after all."""
    return Request(GIVE_BACK, order.item, order)


def delivered(item: int, delivery: Delivery) -> Request:
    """Return the request that adds a delivery."""
    return Request(DELIVERED, item, delivery)


def counted(item: int, count: Count) -> Request:
    """Return the request that corrects the record by a count."""
    return Request(COUNTED, item, count)


def look(item: int) -> Request:
    """Return the request that asks how many are left to sell."""
    return Request(LOOK, item)


def on_behalf_of(request: Request, made: Request) -> Request:
    """Return `made`, which asks the store, with the deadline and the priority of the `request` it is for."""
    return replace(made, deadline=request.deadline, priority=request.priority)


def changed(record: StockRecord, request: Request, buffer: int = 0) -> tuple[StockRecord, Any]:
    """Return the record after `request`, the same object where nothing changes, and the answer.

    The last `buffer` units are not sold. Raises `ServerError` for an operation that there is not.
    """
    change = _CHANGES.get(request.operation)
    if change is None:
        raise ServerError(f"operation must be one of {', '.join(_CHANGES)}, got {request.operation!r}")
    return change(record, request.value, buffer)


def _take(record: StockRecord, order: Order, buffer: int) -> tuple[StockRecord, Any]:
    if order in record.orders:
        return record, True
    if record.available <= buffer:
        return record, False
    return replace(record, orders=(*record.orders, order)), True


def _give_back(record: StockRecord, order: Order, buffer: int) -> tuple[StockRecord, Any]:
    if order not in record.orders:
        return record, None
    return replace(record, orders=tuple(each for each in record.orders if each != order)), None


def _deliver(record: StockRecord, delivery: Delivery, buffer: int) -> tuple[StockRecord, Any]:
    if delivery.number <= record.delivery:
        return record, None
    return replace(record, units=record.units + delivery.units, delivery=delivery.number), None


def _count(record: StockRecord, count: Count, buffer: int) -> tuple[StockRecord, Any]:
    if count.delivery < record.delivery:
        return record, None  # more has come since somebody counted
    orders = tuple(
        each for each in record.orders if each not in count.handled and each.placed_at >= count.placed_before
    )
    return StockRecord(count.units, count.delivery, orders), None


def _look(record: StockRecord, value: object, buffer: int) -> tuple[StockRecord, Any]:
    return record, record.available


_CHANGES: dict[str, Callable[[StockRecord, Any, int], tuple[StockRecord, Any]]] = {
    TAKE: _take,
    GIVE_BACK: _give_back,
    DELIVERED: _deliver,
    COUNTED: _count,
    LOOK: _look,
}
