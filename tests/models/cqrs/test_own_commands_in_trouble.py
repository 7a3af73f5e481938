"""Users who look at what they have just ordered while read models crash, are cut off, and are rebuilt."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import CallFailed
from models.balancing import Balancer, RoundRobin
from models.cqrs import Accepted, Command, OwnView, ProjectionSettings, TwoSides, UntilItIsThere, carry_out
from models.cqrs.items import OrdersPerCustomer, Reserve, Restock
from models.replication import read
from models.resilience import Timeout

from .cqrs_plant import CqrsPlant

ORDERS = 60
VIEWS = ProjectionSettings(wait=0.0, interval=0.03, retry_pause=0.02, patience=0.1)


def looks(remedy: str) -> list[bool]:
    """Return of each look that was answered whether it showed the user's own order."""
    plant = CqrsPlant()
    handler = plant.add_handler()
    views = [plant.add_projection(OrdersPerCustomer(), f"orders-{n}", settings=VIEWS) for n in range(2)]
    plant.command(7, Restock(1_000))
    start, seen = plant.env.now, []

    def user(number: int) -> Generator[Any, Any, None]:
        queries = Balancer(
            plant.env, [plant.way(view) for view in views], policy=RoundRobin(), host=plant.web
        )
        sides = (plant.way(handler), Timeout(plant.env, queries, 1.0))
        client: TwoSides = {
            "wait": lambda: UntilItIsThere(*sides, patience=0.5),
            "own view": lambda: OwnView(*sides, OrdersPerCustomer()),
            "none": lambda: TwoSides(*sides),
        }[remedy]()
        for place in range(3):
            order = f"{number}-{place}"
            answer = yield from client.call(carry_out(Command(order, 7, Reserve(order, number))))
            assert isinstance(answer.value, Accepted)
            try:
                page = yield from client.call(read(number))
            except CallFailed:
                continue
            seen.append(order in [each[0] for each in page.value or ()])

    for number in range(ORDERS):
        plant.at(start + 0.03 * number, lambda n=number: plant.env.process(user(n)))
    for number in range(12):
        view = views[number % 2]
        at = start + 0.1 + 0.15 * number
        struck: Any = view if number % 3 else view.host
        if number % 4 == 3:
            plant.at(at, lambda v=view: None if v.is_rebuilding or not v.is_awake else v.rebuild())
        else:
            plant.at(at, struck.crash)
            plant.at(at + 0.06, struck.restart)
    plant.run_on(6.0)
    return seen


@pytest.mark.slow
@pytest.mark.parametrize("remedy", ["wait", "own view"])
def test_who_has_a_remedy_never_misses_an_own_order_in_an_answer(remedy: str) -> None:
    seen = looks(remedy)
    assert len(seen) > 2 * ORDERS
    assert all(seen)


def test_who_has_none_misses_most() -> None:
    seen = looks("none")
    assert sum(seen) < len(seen) / 2
