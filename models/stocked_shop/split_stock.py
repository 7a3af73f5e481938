"""A record that nobody needs to agree on: each side writes down what it has sold, and all read everything.

For each item there is a page by the warehouse (how many units, as of which delivery, without which orders)
and one by each side with its own orders. What is left is the units less all orders that are on no other page
as handled. No page has two writers, so nothing is overwritten, whatever is cut: it is a counter that only
grows, one entry for each side (a G-Counter), with the orders' names for numbers. What one side does not know
yet of another it may sell once more: too much is sold in a cut, and as little too much as was sold there
beyond what was left.

Rules:

1. A side changes its page by reading it, adding to it and writing it: one order of an item at a time in each
   process, and there is one process on each side. It must see what it has written before: give it a `Session`
   around clients of a store that does not promise that. And of two of its writes the one that was sent later
   must win, or one that was given up comes late and takes the next back: timestamps are those of clients
   (`Versioning.CLIENT_CLOCK`), not of whoever coordinates.
2. Orders that the warehouse calls handled are dropped from a side's page with its next write.
3. An order that may have been written, and whose caller does not know, is written again as the same.

Leaves out: that a side's process has crashed and lost its session: where its replica has not come as far, it
overwrites its own page with less; and that its clock is set back, so that what it writes is older than what
it has written. Source: Shapiro, Preguica, Baquero and Zawirski, "A Comprehensive Study of Convergent and
Commutative Replicated Data Types" (INRIA RR-7506, 2011), specification 6.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from simulator import Environment, Permits

from ..endpoint import Call, Endpoint, Wrapper
from ..failures import ServerError
from ..replication import read, write
from ..request import Request, Response
from ..validation import require_count, require_each
from .order import Order
from .stock_record import COUNTED, DELIVERED, GIVE_BACK, LOOK, TAKE, Count, Delivery, on_behalf_of

WAREHOUSE = "warehouse"
"""The side that is none: where the units are."""


@dataclass(frozen=True, slots=True)
class WarehousePage:
    """So many `units` as of `delivery`, without what `handled` orders have had.

    Of the others those count that were placed at `placed_before` (s) or later.
    """

    units: int = 0
    delivery: int = 0
    handled: frozenset[Order] = frozenset()
    placed_before: float = float("-inf")

    def counts(self, order: Order) -> bool:
        """Return whether `order` is still to have one of the units."""
        return order not in self.handled and order.placed_at >= self.placed_before


_BLANK = WarehousePage()
_OF_SIDES = (TAKE, GIVE_BACK)
_ALL = (TAKE, GIVE_BACK, DELIVERED, COUNTED)


class SplitStock(Wrapper):
    """The stock as `side` sees and sells it, one of `sides` or `WAREHOUSE`.

    The warehouse has a page with orders too, for what it sends instead of something else. `target` is a
    client of any store that reads and writes, with a session of its own. The last `buffer` (>= 0) units of an
    item are not sold.

    Example::

        session = Session(env, [Timeout(env, quorums.client(web, read_level=1, write_level=1), 0.5)])
        stock = SplitStock(env, session, side="zone-a", sides=("zone-a", "zone-b"))
    """

    def __init__(
        self,
        env: Environment,
        target: Endpoint,
        *,
        side: str,
        sides: Sequence[str],
        buffer: int = 0,
        name: str = "stock",
    ) -> None:
        super().__init__(target, name=name)
        require_count("buffer", buffer, 0)
        sides = require_each("sides", sides, str)
        if WAREHOUSE in sides or side not in (WAREHOUSE, *sides):
            raise ValueError(f"side must be {WAREHOUSE!r} or one of sides {sides}, got {side!r}")
        self._env = env
        self._side = side
        self._others = tuple(each for each in (WAREHOUSE, *sides) if each != side)
        self._buffer = buffer
        self._turns: dict[int, Permits] = {}
        if self.host is not None:
            self.host.on_restart(self._start_afresh, endpoint=self.serving)

    def _start_afresh(self) -> None:
        self._turns = {}

    def call(self, request: Request) -> Call:
        """Do what `request` says; what a side may not do, since the page is another's, is a `ServerError`."""
        operation = request.operation
        if operation == LOOK:
            return Response((yield from self._look(request)))
        if operation not in (_ALL if self._side == WAREHOUSE else _OF_SIDES):
            raise ServerError(f"{self.name}: side {self._side!r} may not do {operation!r}")
        turn = self._turns.get(request.key)
        if turn is None:
            turn = self._turns[request.key] = Permits(self._env, 1)
        yield from turn.acquire()
        try:
            return Response((yield from self._change(request)))
        finally:
            turn.release()

    def _change(self, request: Request) -> Generator[Any, Any, bool | None]:
        operation, said = request.operation, request.value
        if operation == TAKE:
            return (yield from self._take(request))
        if operation == GIVE_BACK:
            own = yield from self._sold(request, self._side)
            if said in own:
                yield from self._write_sold(request, tuple(each for each in own if each != said))
            return None
        page = yield from self._units(request)
        new = _delivered(page, said) if operation == DELIVERED else _counted(page, said)
        if new is not page:
            yield from self.target.call(on_behalf_of(request, write(("units", request.key), new)))
        return None

    def _take(self, request: Request) -> Generator[Any, Any, bool]:
        own, order = (yield from self._sold(request, self._side)), request.value
        if order in own:
            return True
        page = yield from self._units(request)
        if (yield from self._left(request, page, own)) <= self._buffer:
            return False
        yield from self._write_sold(request, (*filter(page.counts, own), order))
        return True

    def _look(self, request: Request) -> Generator[Any, Any, int]:
        own = yield from self._sold(request, self._side)
        page = yield from self._units(request)
        return (yield from self._left(request, page, own))

    # -- pages ----------------------------------------------------------------------------------------------

    def _left(
        self, request: Request, page: WarehousePage, own: tuple[Order, ...]
    ) -> Generator[Any, Any, int]:
        left = page.units - sum(map(page.counts, own))
        for side in self._others:
            left -= sum(map(page.counts, (yield from self._sold(request, side))))
        return left

    def _sold(self, request: Request, side: str) -> Generator[Any, Any, tuple[Order, ...]]:
        asked = on_behalf_of(request, read(("sold", request.key, side)))
        return (yield from self.target.call(asked)).value or ()

    def _units(self, request: Request) -> Generator[Any, Any, WarehousePage]:
        asked = on_behalf_of(request, read(("units", request.key)))
        return (yield from self.target.call(asked)).value or _BLANK

    def _write_sold(self, request: Request, orders: tuple[Order, ...]) -> Call:
        return self.target.call(on_behalf_of(request, write(("sold", request.key, self._side), orders)))


def _delivered(page: WarehousePage, delivery: Delivery) -> WarehousePage:
    if delivery.number <= page.delivery:
        return page
    return WarehousePage(page.units + delivery.units, delivery.number, page.handled, page.placed_before)


def _counted(page: WarehousePage, count: Count) -> WarehousePage:
    if count.delivery < page.delivery:
        return page  # more has come since somebody counted
    return WarehousePage(count.units, count.delivery, count.handled, count.placed_before)
