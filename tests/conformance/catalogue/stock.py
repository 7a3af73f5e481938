"""Stock: several requests to a store for each that is asked, in turns, or in a race."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

from models import Endpoint, Request
from models.endpoint import Call
from models.endpoint import Wrapper as WrapperEndpoint
from models.outcome import Outcome
from models.replication import READ
from models.stocked_shop import AgreedStock, Order, SplitStock, StockRecord
from models.stocked_shop.split_stock import WarehousePage
from models.stocked_shop.stock_record import TAKE

from ..bulkhead_expectation import BulkheadModel
from ..expectation import Clock, Done, Node, Withdraw, WrapperModel
from ..world import World
from .wrapper import Wrapper

ATTEMPTS = 2
_PLENTY = 1_000_000


@dataclass(frozen=True, slots=True)
class Item:
    """The one item that there is, for the sake of what was `asked`."""

    asked: Request = field(compare=False)


class Customer(WrapperEndpoint):
    """Takes a unit of the one item for a new order, whatever it is asked."""

    def __init__(self, target: Endpoint) -> None:
        super().__init__(target, name="customer")
        self._count = 0

    def call(self, request: Request) -> Call:
        self._count += 1
        order = Order(str(self._count), 0, "a", 0.0)
        return self.target.call(Request(TAKE, Item(request), order))


class StoreBehind(WrapperEndpoint):
    """A store that is where `target` is, which is asked what the customer was.

    It takes effect when that answers, and keeps `held`.
    """

    def __init__(self, target: Endpoint, held: Any = None) -> None:
        super().__init__(target, name=target.name)
        self._held = held

    def call(self, request: Request) -> Call:
        item: Item = request.key[1]
        response = yield from self.target.call(item.asked)
        return replace(response, value=self._effect(request))

    def _effect(self, request: Request) -> Any:
        if request.operation == READ:
            return self._held
        expected, new = request.value
        is_there = self._held == expected
        if is_there:
            self._held = new
        return is_there


class PagesBehind(StoreBehind):
    """The same with plenty of units, and pages on which nobody has sold anything."""

    def _effect(self, request: Request) -> Any:
        return WarehousePage(_PLENTY) if request.key[0] == "units" else None


class InTurnModel(WrapperModel):
    """Asks so many `times`, one after the other, as long as it is answered; the answer is a full one."""

    def __init__(self, clock: Clock, inner: Node, times: int) -> None:
        super().__init__(clock, inner)
        self.times = times

    def ask(self, done: Done) -> Withdraw:
        left = self.times

        def answered(outcome: Outcome) -> None:
            nonlocal left, current
            left -= 1
            if not outcome.is_answer:
                done(outcome)
            elif left:
                current = self.inner.ask(answered)
            else:
                done(Outcome.OK)

        current = self.inner.ask(answered)

        def withdraw(killed: bool) -> None:
            current(killed)

        return withdraw


class RaceModel(WrapperModel):
    """Reads and sets; whom another has overtaken in between begins again, and is rejected at last."""

    def __init__(self, clock: Clock, inner: Node) -> None:
        super().__init__(clock, inner)
        self.version = 0

    def ask(self, done: Done) -> Withdraw:
        read: int | None = None
        attempts = ATTEMPTS

        def answered(outcome: Outcome) -> None:
            nonlocal read, attempts, current
            if not outcome.is_answer:
                done(outcome)
                return
            if read is None:
                read = self.version
            elif read == self.version:
                self.version += 1
                done(Outcome.OK)
                return
            else:
                read, attempts = None, attempts - 1
                if not attempts:
                    done(Outcome.REJECTED)
                    return
            current = self.inner.ask(answered)

        current = self.inner.ask(answered)

        def withdraw(killed: bool) -> None:
            current(killed)

        return withdraw


def _split(world: World, inner: Endpoint) -> Endpoint:
    return Customer(SplitStock(world.env, PagesBehind(inner), side="a", sides=("a",)))


def _agreed(world: World, inner: Endpoint) -> Endpoint:
    return Customer(AgreedStock(StoreBehind(inner, StockRecord(_PLENTY)), attempts=ATTEMPTS))


class SplitModel(BulkheadModel):
    """One at a time, each with three pages to read and one to write."""

    def counts(self) -> dict[str, Any]:
        return {}


WRAPPERS = (
    Wrapper(
        name="SplitStock",
        build=_split,
        model=lambda clock, inner, host: SplitModel(clock, InTurnModel(clock, inner, 4), room=inf),
    ),
    Wrapper(name="AgreedStock", build=_agreed, model=lambda clock, inner, host: RaceModel(clock, inner)),
)
