"""One side of the shop: the service in one zone, which shows pages, takes orders, and sees them through.

An order, step by step: the catalogue's entry (not listed: no); a unit of stock (none left: sold out); the
payment; a message to the warehouse. The last is left with a durable outbox on the same host, and then the
customer is told that the order is confirmed: what the warehouse makes of it comes later, and may be an
apology.

What fails half way is *cancelled*: the unit is given back and the money refunded, by the outbox, until it is
done, whether or not either was ever taken. Which orders are under way, confirmed and cancelled stands in a
durable book; a restart finds those that the crash has cut short, and cancels them (a saga: Garcia-Molina and
Salem, 1987). A customer who asks again under the number of his order is told the same if it is confirmed, is
refused if it is cancelled, and joins in if it is under way: every step may be repeated.

Leaves out: customers who repeat an order on another side under the same number, as the sides' books do not
know of each other; and a unit that is taken late, by a request that timed out and takes effect after it was
given back: it is missing until a count drops the order (`reservation_time`).
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from simulator import Environment

from ..endpoint import Call, Endpoint
from ..failures import CallFailed, ServerError
from ..infrastructure import Host
from ..replication import read, write
from ..request import Request, Response
from ..resilience import Outbox
from ..services import Handler, Instance
from .books import Books, Entry
from .order import Order
from .stock_record import give_back, take
from .warehouse import ship

PAGE, ORDER, EDIT = "page", "order", "edit"
CONFIRMED, SOLD_OUT, NOT_LISTED = "confirmed", "sold out", "not listed"
CANCEL = "cancel"

_UNTIL_ACCEPTED = 0.1


@dataclass(frozen=True, slots=True)
class Visit:
    """What a user comes for: an `item`, and the `number` of his order, if he orders."""

    number: str
    item: int


@dataclass(frozen=True, slots=True)
class Edit:
    """A new `entry` for an `item`."""

    item: int
    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How a side's host reaches what it needs: all are clients on that host, protected.

    The catalogue has three, one for each operation, since each may ask it at another level.
    """

    pages: Endpoint
    prices: Endpoint
    edits: Endpoint
    stock: Endpoint
    money: Endpoint
    warehouse: Endpoint


class Side:
    """The shop on `host`; `name` is its zone's. `first_entry` is what the catalogue says before any edit.

    `outbox` holds what is still to be sent or undone.
    """

    def __init__(
        self, env: Environment, host: Host, ways: Ways, books: Books, first_entry: Entry, *, name: str
    ) -> None:
        self.name = name
        self.host = host
        self._env = env
        self._ways = ways
        self._books = books
        self._first_entry = first_entry
        # Durable books, by the number of the order.
        self._under_way: dict[Order, int] = {}
        self._confirmed: dict[Order, None] = {}
        self._cancelled: dict[Order, None] = {}
        self._to_undo: dict[Order, None] = {}
        self.outbox = Outbox(
            env,
            _BackOffice(ways),
            host=host,
            in_order=False,
            capacity=float("inf"),
            workers=8,
            name=f"orders of {name}",
        )

    @property
    def handlers(self) -> dict[str, Handler]:
        """What is done for each operation."""
        return {PAGE: self._page, ORDER: self._order, EDIT: self._edit}

    @property
    def open_count(self) -> int:
        """How many orders are under way, to be undone, or left with the outbox."""
        return len(self._under_way) + len(self._to_undo) + len(self.outbox.undelivered)

    def watch(self, instance: Instance) -> None:
        """Cancel at each restart of `instance` what its crash has cut short."""
        instance.on_restart(lambda: self._start_afresh(instance))

    def _start_afresh(self, instance: Instance) -> None:
        for order in self._under_way:
            self._cancel(order)
        self._under_way.clear()
        if self._to_undo:
            process = self._env.process(self._undo_all(), f"{self.name} cancels what was cut short")
            self.host.bind(process, instance)

    def _undo_all(self) -> Generator[Any, Any, None]:
        process: Any = self._env.active_process
        try:
            for order in list(self._to_undo):
                yield from self._undo(order)
        finally:
            self.host.release(process)

    def _undo(self, order: Order) -> Generator[Any, Any, None]:
        """Leave it with the outbox, which may start again a moment later than the instance."""
        while order in self._to_undo:
            with suppress(CallFailed):
                yield from self.outbox.call(Request(CANCEL, order))
                del self._to_undo[order]
                return
            yield _UNTIL_ACCEPTED

    # -- operations -----------------------------------------------------------------------------------------

    def _page(self, instance: Instance, request: Request) -> Generator[Any, Any, Entry]:
        item = request.key.item
        began_at, newest = self._env.now, self._books.newest(item)
        entry = yield from self._entry(self._ways.pages, item)
        self._books.showed(began_at, self.name, newest, entry)
        return entry

    def _edit(self, instance: Instance, request: Request) -> Generator[Any, Any, None]:
        edit = request.key
        yield from self._ways.edits.call(write(("entry", edit.item), edit.entry))
        self._books.edited(edit.item, edit.entry)

    def _order(self, instance: Instance, request: Request) -> Generator[Any, Any, str]:
        visit = request.key
        order = Order(visit.number, visit.item, self.name, self.host.clock())
        if order in self._confirmed:
            return CONFIRMED
        self._require_not_cancelled(order)
        entry = yield from self._entry(self._ways.prices, order.item)
        if not entry.is_listed:
            return NOT_LISTED
        self._under_way[order] = self._under_way.get(order, 0) + 1
        try:
            answer = yield from self._sell(order, entry)
        except CallFailed:
            self._ends(order)
            self._cancel(order)
            yield from self._undo(order)
            raise
        self._ends(order)
        return answer

    def _sell(self, order: Order, entry: Entry) -> Generator[Any, Any, str]:
        ways = self._ways
        if not (yield from ways.stock.call(take(order))).value:
            self._books.sold_out.append((self._env.now, self.name))
            return SOLD_OUT
        yield from ways.money.call(write(("payment", order.number), entry.price))
        self._require_not_cancelled(order)
        if order not in self._confirmed:
            yield from self.outbox.call(ship(order))
            self._confirmed[order] = None
            self._books.sold(order, self._env.now, entry.price)
        return CONFIRMED

    def _entry(self, way: Endpoint, item: int) -> Generator[Any, Any, Entry]:
        found = (yield from way.call(read(("entry", item)))).value
        return self._first_entry if found is None else found

    # -- the books ------------------------------------------------------------------------------------------

    def _ends(self, order: Order) -> None:
        count = self._under_way.pop(order, 0)
        if count > 1:
            self._under_way[order] = count - 1

    def _cancel(self, order: Order) -> None:
        """Write down that `order` is cancelled and to be undone, unless one of its attempts was faster.

        Each attempt that fails is undone: it may have taken a unit after that of another was given back.
        """
        if order in self._confirmed:
            return
        self._to_undo[order] = None
        if order not in self._cancelled:
            self._cancelled[order] = None
            self._books.cancelled.append((self._env.now, self.name))

    def _require_not_cancelled(self, order: Order) -> None:
        if order in self._cancelled:
            raise ServerError(f"order {order.number} was cancelled")


class _BackOffice(Endpoint):
    """Sends confirmed orders to the warehouse, and undoes cancelled ones; asked again until it has."""

    name = "back office"

    def __init__(self, ways: Ways) -> None:
        self.host = ways.warehouse.host
        self._ways = ways

    def call(self, request: Request) -> Call:
        """Do one thing of an order."""
        if request.operation != CANCEL:
            return (yield from self._ways.warehouse.call(request))
        yield from self._ways.stock.call(give_back(request.key))
        yield from self._ways.money.call(write(("refund", request.key.number), True))
        return Response()
