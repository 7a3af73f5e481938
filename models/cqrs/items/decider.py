"""The rules for an item: what is reserved is never more than what has come.

An order that has its units already is not given them twice: nothing happens.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..commands import Decider, Refusal
from .events import Cancelled, Reserved, Restocked
from .intents import Cancel, Reserve, Restock


@dataclass(frozen=True, slots=True)
class ItemState:
    """What is known of `item`: units that are `left`, and the event by which each order has its own."""

    item: Hashable
    left: int = 0
    orders: Mapping[Hashable, Reserved] = field(default_factory=dict)


class ItemDecider(Decider):
    """The rules for an item."""

    __slots__ = ()

    def objection(self, intent: Any) -> str | None:
        """Object to what is none of the three, and to less than one unit."""
        if not isinstance(intent, Restock | Reserve | Cancel):
            return f"nobody knows how to {type(intent).__name__}"
        if not isinstance(intent, Cancel) and intent.units < 1:
            return f"units must be >= 1, got {intent.units}"
        return None

    def initial(self, stream: Hashable) -> ItemState:
        """Return an item of which nothing has come."""
        return ItemState(stream)

    def decide(self, state: ItemState, intent: Any) -> Sequence[Any] | Refusal:
        """Return what happens."""
        if isinstance(intent, Restock):
            return [Restocked(state.item, intent.units)]
        had = state.orders.get(intent.order)
        if isinstance(intent, Reserve):
            if had is not None:
                return []
            if intent.units > state.left:
                return Refusal(f"only {state.left} left")
            return [Reserved(state.item, intent.order, intent.customer, intent.units)]
        if had is None:
            return Refusal("no such order")
        return [Cancelled(had.item, had.order, had.customer, had.units)]

    def evolve(self, state: ItemState, event: Any) -> ItemState:
        """Return the item after `event`."""
        if isinstance(event, Restocked):
            return ItemState(state.item, state.left + event.units, state.orders)
        orders = dict(state.orders)
        if isinstance(event, Reserved):
            orders[event.order] = event
            return ItemState(state.item, state.left - event.units, orders)
        del orders[event.order]
        return ItemState(state.item, state.left + event.units, orders)
