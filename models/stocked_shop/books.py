"""The shop's books, and what it earned: kept by an observer, who sees everything when it happens.

What a page showed is compared with the newest entry of the catalogue that was acknowledged when the page was
asked for: the price may be another by then, and the item withdrawn (a ghost). What became of orders is in the
warehouse's book.

    profit = price - cost             of each unit shipped as ordered
           + price - cost - apology   of each that was substituted
           - apology                  of each that was refunded
           - cost                     of each that broke

A sale that was refused costs nothing here, as no money moves; it is missing in the profit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from ..validation import require_from_zero
from .order import Fate, Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What things cost, in one currency, each >= 0: a `unit`, and an `apology` (a voucher, and time)."""

    unit: float = 14.0
    apology: float = 20.0

    def __post_init__(self) -> None:
        """Check all."""
        for name in ("unit", "apology"):
            require_from_zero(name, getattr(self, name))


class Shown(IntEnum):
    """What a page showed."""

    RIGHT = 0
    WRONG_PRICE = 1
    GHOST = 2
    """An item that had been withdrawn."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the catalogue says of an item since edit number `edit`: `price`, and whether it `is_listed`."""

    edit: int
    price: float
    is_listed: bool


@dataclass(frozen=True, slots=True)
class Sale:
    """A confirmed order: when (s), and for how much."""

    at: float
    amount: float


class Books:
    """What was shown and sold so far.

    `pages` are (time, side, what was shown); `sales` by order; `sold_out` and `cancelled` are (time, side) of
    orders that found no unit left, and of those that were given up half done.
    """

    def __init__(self) -> None:
        self.pages: list[tuple[float, str, Shown]] = []
        self.sales: dict[Order, Sale] = {}
        self.sold_out: list[tuple[float, str]] = []
        self.cancelled: list[tuple[float, str]] = []
        self._newest: dict[int, Entry] = {}

    def edited(self, item: int, entry: Entry) -> None:
        """Note that an entry was acknowledged."""
        present = self._newest.get(item)
        if present is None or present.edit < entry.edit:
            self._newest[item] = entry

    def newest(self, item: int) -> Entry | None:
        """Return the newest acknowledged entry of `item`."""
        return self._newest.get(item)

    def showed(self, at: float, side: str, newest: Entry | None, shown: Entry | None) -> None:
        """Note what a page showed that was asked for when `newest` was the newest entry."""
        self.pages.append((at, side, _judged(newest, shown)))

    def sold(self, order: Order, at: float, amount: float) -> None:
        """Note that a customer's order was confirmed; repeated, it is the same sale."""
        self.sales.setdefault(order, Sale(at, amount))

    def profit(self, fates: Mapping[Order, Fate], broken_count: int, costs: Costs) -> float:
        """Return what was earned by all orders of which the warehouse knows how they ended."""
        earned = -costs.unit * broken_count
        for order, fate in fates.items():
            if fate is not Fate.REFUNDED:
                earned += self.sales[order].amount - costs.unit
            if fate is not Fate.SHIPPED:
                earned -= costs.apology
        return earned


def _judged(newest: Entry | None, shown: Entry | None) -> Shown:
    if newest is None or shown is None or shown.edit >= newest.edit:
        return Shown.RIGHT
    if shown.is_listed and not newest.is_listed:
        return Shown.GHOST
    return Shown.RIGHT if shown.price == newest.price else Shown.WRONG_PRICE
