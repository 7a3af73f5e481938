"""A side of the shop: what becomes of an order when a step fails, and when it is asked for twice at once."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from models import Endpoint, FunctionEndpoint, Host, Request, TimedOut
from models.services import Instance, by_operation
from models.stocked_shop import ORDER, PAGE, Books, Entry, Shown
from models.stocked_shop.side import EDIT, Edit, Side, Visit, Ways
from models.stocked_shop.stock_record import TAKE
from simulator import Environment

from .building import ask


class Shop:
    """A side whose stock takes as long as is said for each unit that is asked for, and answers that.

    An answer `None` is that nobody knows. `stock` are the operations that it has done, `money` the kinds of
    what was written of payments, `asked` the other ways that were gone. Pages take a second.
    """

    def __init__(self, *takes: tuple[float, bool | None]) -> None:
        self.env = Environment(seed=1)
        self.host = Host(self.env, "web")
        self.stock: list[str] = []
        self.money: list[str] = []
        self.asked: list[str] = []
        self._takes = list(takes)
        self.books = Books()

        def end(answer: Any) -> Endpoint:
            return FunctionEndpoint(answer, host=self.host)

        self.side = Side(
            self.env,
            self.host,
            Ways(
                pages=end(lambda request: self._other("pages", 1.0)),
                prices=end(lambda request: self._other("prices")),
                edits=end(lambda request: self._other("edits")),
                stock=end(self._change_stock),
                money=end(self._write_money),
                warehouse=end(lambda request: self._other("warehouse")),
            ),
            self.books,
            Entry(0, 20.0, True),
            name="zone-a",
        )
        self.entrance = Instance(self.env, self.host, by_operation(self.side.handlers), name="shop")
        self.side.watch(self.entrance)

    def _other(self, name: str, duration: float = 0.0) -> Generator[Any, Any, None]:
        self.asked.append(name)
        yield duration

    def _change_stock(self, request: Request) -> Generator[Any, Any, bool]:
        if request.operation == TAKE:
            duration, answer = self._takes.pop(0)
            yield duration
            if answer is None:
                raise TimedOut("nobody knows")
            if not answer:
                return False
        self.stock.append(request.operation)
        return True

    def _write_money(self, request: Request) -> Generator[Any, Any, None]:
        yield from ()
        self.money.append(request.key[0])

    def order(self, at: float) -> list[Any]:
        return ask(self.env, self.entrance, Request(ORDER, Visit("1", 7)), at=at)


def test_unit_that_is_taken_after_another_attempt_at_the_order_has_failed_is_given_back_too() -> None:
    shop = Shop((1.0, None), (3.0, True))
    first, second = shop.order(0.0), shop.order(0.5)
    shop.env.run(until=2.0)
    assert shop.stock == ["give back"]
    shop.env.run(until=10.0)
    assert [end[0].__name__ for end in (first, second)] == ["DependencyFailed", "ServerError"]
    assert shop.stock == ["give back", "take", "give back"]
    assert shop.money == ["refund", "payment", "refund"]
    assert shop.side.open_count == 0
    again = shop.order(11.0)  # which takes nothing, and pays nothing
    shop.env.run(until=12.0)
    assert [end.__name__ for end in again] == ["ServerError"]
    assert len(shop.stock) == len(shop.money) == 3


def test_attempt_that_fails_when_another_was_confirmed_undoes_nothing() -> None:
    shop = Shop((3.0, None), (1.0, True))
    first, second = shop.order(0.0), shop.order(0.5)
    again = shop.order(4.0)
    shop.env.run(until=10.0)
    assert first[0].__name__ == "DependencyFailed"
    assert second == again == ["confirmed"]
    assert shop.stock == ["take"]
    assert shop.money == ["payment"]
    assert shop.side.open_count == 0


def test_two_attempts_that_both_succeed_send_the_order_out_once() -> None:
    shop = Shop((1.0, True), (2.0, True))
    ends = [shop.order(0.0), shop.order(0.5)]
    shop.env.run(until=10.0)
    assert ends == [["confirmed"], ["confirmed"]]
    assert shop.asked.count("warehouse") == 1
    assert len(shop.books.sales) == 1


def test_crash_cuts_an_attempt_short_that_was_alone_since_another_ended() -> None:
    """The first finds nothing left; of the second, which may have taken a unit meanwhile, nobody knows."""
    shop = Shop((1.0, False), (5.0, True))
    first, second = shop.order(0.0), shop.order(0.5)
    shop.env.call_later(2.0, shop.host.crash)
    shop.env.call_later(3.0, shop.host.restart)
    shop.env.run(until=20.0)
    assert (first, second) == (["sold out"], [])
    assert (shop.stock, shop.money) == (["give back"], ["refund"])
    assert shop.side.open_count == 0


def test_each_operation_asks_the_catalogue_its_own_way() -> None:
    shop = Shop((0.0, False))
    ask(shop.env, shop.entrance, Request(PAGE, Visit("", 7)), Request(EDIT, Edit(7, Entry(1, 18.0, True))))
    shop.env.run(until=2.0)
    shop.order(2.0)
    shop.env.run(until=3.0)
    assert shop.asked == ["pages", "edits", "prices"]


def test_page_is_judged_by_what_was_acknowledged_when_it_was_asked_for() -> None:
    shop = Shop()
    ask(shop.env, shop.entrance, Request(PAGE, Visit("", 7)))
    ask(shop.env, shop.entrance, Request(EDIT, Edit(7, Entry(1, 18.0, True))), at=0.5)
    ask(shop.env, shop.entrance, Request(PAGE, Visit("", 7)), at=1.5)
    shop.env.run(until=3.0)
    assert [shown for *_, shown in shop.books.pages] == [Shown.RIGHT, Shown.WRONG_PRICE]
