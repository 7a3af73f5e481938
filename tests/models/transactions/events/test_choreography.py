"""A choreographed saga: services that react to each other's events, and nobody who leads."""

from __future__ import annotations

from typing import Any

import pytest

from models import Request
from models.transactions import Add, Put
from models.transactions.events import Event, EventService, Reaction, ThroughOutbox

from ..shop import DATA, MONEY, NAMES, STOCK, Shop, instants

OUTBOX = ThroughOutbox(poll_interval=0.01, send_timeout=0.05)
REACTIONS: dict[str, dict[str, Any]] = {
    "orders": {
        "place": lambda event: Reaction(
            (Put(event.key, "pending"),), (Event("placed", event.key, event.value),)
        ),
        "paid": lambda event: Reaction((Put(event.key, "approved"),)),
        "rejected": lambda event: Reaction((Put(event.key, "rejected"),)),
    },
    "stock": {
        "placed": lambda event: Reaction(
            (Add("book", -1),),
            (Event("reserved", event.key, event.value),),
            (Event("rejected", event.key),),
        ),
        "unpaid": lambda event: Reaction((Add("book", 1),), (Event("rejected", event.key),)),
    },
    "payment": {
        "reserved": lambda event: Reaction(
            (Add(event.value, -10), Add("shop", 10)),
            (Event("paid", event.key),),
            (Event("unpaid", event.key),),
        ),
    },
}
SUBSCRIBED = {
    "placed": "stock",
    "reserved": "payment",
    "paid": "orders",
    "unpaid": "stock",
    "rejected": "orders",
}


class Dance(Shop):
    """The three services, each with an outbox and an inbox."""

    leader = "nobody"

    def __init__(self, **world: Any) -> None:
        super().__init__(**world)
        for name in NAMES:
            self.nodes[name] = EventService(
                self.env,
                self.disk(name),
                self.network,
                reactions=REACTIONS[name],
                publishing=OUTBOX,
                data=DATA[name],
                name=name,
            )
        for service in self.nodes.values():
            for kind, name in SUBSCRIBED.items():
                connection = self.network.connect(service.host, self.nodes[name])
                service.subscribe(kind, connection)  # type: ignore[attr-defined]

    def order(self, number: int, account: str, at: float = 0.0) -> Any:
        orders = self.network.connect(self.web, self.nodes["orders"])
        return self.ask(Request("place", key=number, value=account), at=at, target=orders, patience=1.0)


@pytest.mark.parametrize(("account", "state"), [("alice", "approved"), ("poor", "rejected")])
def test_order_is_answered_at_once_and_approved_or_rejected_later(account: str, state: str) -> None:
    shop = Dance()
    told = shop.order(1, account)
    shop.env.run(until=0.01)
    assert (told.end, shop.data("orders")) == ("done", {1: "pending"})
    shop.env.run(until=1.0)
    assert shop.data("orders") == {1: state}
    assert shop.totals == (STOCK, 2 * MONEY)


@pytest.mark.slow
@pytest.mark.parametrize("process", [True, False])
@pytest.mark.parametrize("account", ["alice", "poor"])
@pytest.mark.parametrize("name", NAMES)
def test_crash_at_any_instant_leaves_an_order_approved_or_rejected(
    name: str, account: str, process: bool
) -> None:
    whole = Dance()
    whole.order(1, account)
    times = instants(whole, 0.12)
    assert len(times) > 40
    states = set()
    for time in times:
        shop = Dance()
        shop.order(1, account)
        shop.crash(name, time, 0.1, process=process)
        shop.env.run(until=2.0)
        assert shop.totals == (STOCK, 2 * MONEY), time
        states.add(shop.data("orders").get(1))
    state = "approved" if account == "alice" else "rejected"
    assert states - {None} == {state}  # one that was never written was never answered
    assert None not in states or name == "orders"
