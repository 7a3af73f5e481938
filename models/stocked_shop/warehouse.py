"""The warehouse: where a confirmed order meets the shelf, and what is done about those that find it empty.

States of an order here: *unknown* -> *shipped*, *substituted* or *refunded*, for good. Rules:

1. An order that comes is picked at once. If no unit is there, another item is offered, which the customer
   takes with `substitute_probability`, if the record has one left and the shelf too. Otherwise the money goes
   back. The first is compensation with an apology, the second an apology with compensation (Newman).
2. What was done to an order is written down in the same instant, and is durable: an order that comes again is
   told the same, and nothing is done, but that money which could not be given back is.
3. Deliveries come on their own; each is told to the record, again and again until that has taken it.
4. Every `count_interval` all shelves are counted, one after the other, and the records corrected, unless the
   count before is still under way: a record is never told what is older than what it was told last. An order
   that took a unit longer than `reservation_time` ago, and never came, has no unit any more: whoever took it
   has died over it. With a cut that is longer than that, or a side whose clock is behind by as much, it may
   yet come, and then one unit was sold twice.
5. A crash of the warehouse takes who is under way; the world, the book of orders and the deliveries that are
   to be told stay.
6. A unit of another item that was asked for, for whatever became of the asking, is free in the record after
   the next count when the order has ended.

The record is reached over the network, as every other client reaches it: a warehouse that is cut off from a
store that wants a majority cannot say what it sees.

Source: Newman, "Building Microservices" (1st ed. 2015), chapter 11, "And the Real World"; Helland and
Campbell, "Building on Quicksand" (CIDR 2009), section "Memories, guesses and apologies".
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import Any

from simulator import Environment
from simulator.randomness import Uniform

from ..endpoint import Endpoint, require_endpoint
from ..failures import CallFailed, ServerError
from ..infrastructure import Host
from ..network import Network
from ..nodes import Node
from ..request import Request
from ..validation import (
    require_count,
    require_duration,
    require_each,
    require_finite_duration,
    require_kind,
    require_unit_interval,
)
from .order import Fate, Order
from .shelf import Shelf
from .stock_record import Count, Delivery, counted, delivered, take_instead

SHIP = "ship"


def ship(order: Order) -> Request:
    """Return the request that sends out what was ordered."""
    return Request(SHIP, order)


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseSettings:
    """What the warehouse does, and when; times in seconds.

    Of each item `units` (>= 1) are delivered at first and then every `delivery_interval` (> 0, may be
    infinite). Shelves are counted every `count_interval` (> 0, may be infinite). `reservation_time` (> 0, may
    be infinite) and `substitute_probability` (in [0, 1]): see `warehouse`. `retry_pause` (> 0): between two
    attempts to tell the record of a delivery.
    """

    units: int = 20
    delivery_interval: float = inf
    count_interval: float = inf
    reservation_time: float = inf
    substitute_probability: float = 0.0
    retry_pause: float = 0.5

    def __post_init__(self) -> None:
        """Check all."""
        require_count("units", self.units)
        for name in ("delivery_interval", "count_interval", "reservation_time"):
            require_duration(name, getattr(self, name))
        require_unit_interval("substitute_probability", self.substitute_probability)
        require_finite_duration("retry_pause", self.retry_pause)


class Warehouse(Node):
    """The warehouse on `host`, with its `shelf`, and the record in `stock`, a client on the same host.

    `refund` is an endpoint, on the same host too, that takes `Request("refund", order)` and gives the money
    back, or sees to it (an `Outbox`). `fates` by order, in the order in which they came: a durable book.
    Stream: "<name>/offers".
    """

    def __init__(
        self,
        env: Environment,
        host: Host,
        network: Network,
        shelf: Shelf,
        stock: Endpoint,
        refund: Endpoint,
        *,
        items: Sequence[int],
        settings: WarehouseSettings,
        name: str = "warehouse",
    ) -> None:
        require_kind("shelf", shelf, Shelf)
        require_kind("settings", settings, WarehouseSettings)
        for what, endpoint in (("stock", stock), ("refund", refund)):
            require_endpoint(what, endpoint)
            if endpoint.host is not host:
                raise ValueError(
                    f"{what} must be on {host!r} as the warehouse is, got one on {endpoint.host!r}"
                )
        self.shelf = shelf
        self.fates: dict[Order, Fate] = {}
        self._stock = stock
        self._refund = refund
        self._items: tuple[int, ...] = require_each("items", items, int)
        self._settings = settings
        self._handled: dict[int, set[Order]] = {item: set() for item in self._items}
        self._delivery_count = 0
        self._untold: dict[tuple[int, Delivery], None] = {}
        self._offered: dict[Order, int] = {}  # another item, of which the record may hold a unit for an order
        self._unrefunded: dict[Order, None] = {}
        self._accepts = env.sampler(f"{name}/offers", Uniform(0.0, 1.0))
        self.count_failed_count = 0
        super().__init__(env, host, network, name=name, threads=10_000)
        self._deliver()

    # -- the world ------------------------------------------------------------------------------------------

    def _deliver(self) -> None:
        """Have units of every item come: lorries do not crash with the host."""
        settings = self._settings
        self._delivery_count += 1
        delivery = Delivery(self._delivery_count, settings.units)
        for item in self._items:
            self.shelf.deliver(item, delivery.units)
            self._untold[item, delivery] = None
        if self.is_awake:
            self._tell()
        if settings.delivery_interval < inf:
            self.env.call_later(settings.delivery_interval, self._deliver)

    # -- the record -----------------------------------------------------------------------------------------

    def remember(self) -> None:
        """Remember only who is telling the record of what: the books are on paper."""
        self._is_telling = False
        self._is_counting = False

    def wake_up(self) -> None:
        """Tell what was not told, and count from now on."""
        self._tell()
        if self._settings.count_interval < inf:
            self.after(self._settings.count_interval, self._count)

    def _tell(self) -> None:
        if self._untold and not self._is_telling:
            self._is_telling = True
            self.run(self._tell_all(), "deliveries")

    def _tell_all(self) -> Generator[Any, Any, None]:
        """Tell the record of all deliveries, those of an item in their order: it ignores an earlier one."""
        while self._untold:
            waiting = set()
            for item, delivery in list(self._untold):
                if item in waiting:
                    continue
                try:
                    yield from self._stock.call(delivered(item, delivery))
                    del self._untold[item, delivery]
                except CallFailed:
                    waiting.add(item)
            if waiting:
                yield self._settings.retry_pause / self.host.clock_rate
        self._is_telling = False

    def _count(self) -> None:
        if not self._is_counting:
            self._is_counting = True
            self.run(self._count_all(), "count")
        self.after(self._settings.count_interval, self._count)

    def _count_all(self) -> Generator[Any, Any, None]:
        placed_before = self.host.clock() - self._settings.reservation_time
        for item in self._items:
            # Of one instant, so that an order is either handled or has its unit still on the shelf.
            handled = frozenset(self._handled[item])
            count = Count(self.shelf.count(item), self._delivery_count, handled, placed_before)
            try:
                yield from self._stock.call(counted(item, count))
            except CallFailed:
                self.count_failed_count += 1
        self._is_counting = False

    # -- orders ---------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Generator[Any, Any, Fate]:
        """Send out an order, or apologise; answer how it ended."""
        if request.operation != SHIP:
            raise ServerError(f"{self.name} knows no {request.operation!r}")
        order: Order = request.key
        if order not in self.fates and self.shelf.pick(order.item):
            self._close(order, Fate.SHIPPED)
        if order not in self.fates:
            yield from self._compensate(order)
        if order in self._unrefunded:
            yield from self._refund.call(Request("refund", order))
            self._unrefunded.pop(order, None)
        return self.fates[order]

    def _compensate(self, order: Order) -> Generator[Any, Any, None]:
        substitute = yield from self._substitute(order)
        if order in self.fates:
            return  # it came twice, and the other one was faster
        if substitute is not None and self.shelf.pick(substitute):
            self._close(order, Fate.SUBSTITUTED)
        else:
            self._close(order, Fate.REFUNDED)
            self._unrefunded[order] = None

    def _substitute(self, order: Order) -> Generator[Any, Any, int | None]:
        """Return another item of which the record has given the order a unit, if there is one."""
        if len(self._items) == 1 or self._accepts() >= self._settings.substitute_probability:
            return None
        place = self._items.index(order.item)
        other = self._items[(place + 1) % len(self._items)]
        self._offered[order] = other
        with suppress(CallFailed):
            if (yield from self._stock.call(take_instead(other, order))).value:
                return other
        return None

    def _close(self, order: Order, fate: Fate) -> None:
        """Write down how it ended: it takes nothing more from any shelf."""
        self.fates[order] = fate
        self._handled[order.item].add(order)
        if order in self._offered:
            self._handled[self._offered.pop(order)].add(order)
