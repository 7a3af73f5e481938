"""Users of the shop of `cqrs`: many who ask, and some who order and then look at what they have ordered.

Questions are about a customer's orders, each customer as often. An order is for one unit of an item; as soon
as it is accepted its user looks at the item's page. Whether that page has his order, and the orders of others
that had been accepted when he asked, is what `Looks` counts: of these the last of each item, half as many as
a page shows, since older ones may have left the page for newer ones.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from models import CallFailed, Endpoint, Response
from models.cqrs import Accepted, Command, carry_out
from models.cqrs.items import Reserve
from models.replication import READ, read
from models.workload import OpenLoop, Operation, OperationMix
from simulator import Environment, RequestTable
from simulator.randomness import Exponential, Uniform

from .cqrs_shop import CUSTOMERS, ITEMS, SHOWN, customer_key, item_key

MakeClient = Callable[[], Endpoint]
"""Makes the client of one user who orders: what he remembers is his own."""


@dataclass(slots=True)
class Looks:
    """What users saw who looked at an item that they had just ordered, from `start` s on.

    `times` and `order_times` are seconds to an answer: to a look, and to an order.
    """

    start: float
    times: list[float] = field(default_factory=list)
    order_times: list[float] = field(default_factory=list)
    count: int = 0
    failed_count: int = 0
    own_missed_count: int = 0
    others_missed_count: int = 0


class Users:
    """Users of a shop: `questions` is the table of those who ask, `looks` what those saw who ordered."""

    def __init__(
        self,
        env: Environment,
        queries: Endpoint,
        make_client: MakeClient,
        *,
        query_rate: float,
        command_rate: float,
        start: float,
        end: float,
    ) -> None:
        self._env = env
        self._make_client = make_client
        self._chance = env.sampler("users/chance", Uniform(0.0, 1.0))
        self._gap = env.sampler("users/gap", Exponential(1.0 / command_rate))
        self._numbers = count(1)
        self._accepted = {number: deque[str](maxlen=SHOWN // 2) for number in range(ITEMS)}
        self.looks = Looks(start)
        customers = env.sampler("users/customer", Uniform(0.0, 1.0))
        asking = OpenLoop(
            env,
            queries,
            rate=query_rate,
            mix=OperationMix(Operation(name=READ)),
            keys=lambda: customer_key(int(customers() * CUSTOMERS)),
            until=end,
            name="questions",
        )
        self.questions: RequestTable = asking.table
        env.process(self._come(end), "users who order")

    def _come(self, end: float) -> Generator[Any, Any, None]:
        while self._env.now < end:
            yield self._gap()
            self._env.process(self._order_and_look(), "user who orders")

    def _order_and_look(self) -> Generator[Any, Any, None]:
        env, looks, number = self._env, self.looks, next(self._numbers)
        item = int(self._chance() * ITEMS)
        order, customer = f"order {number}", customer_key(int(self._chance() * CUSTOMERS))
        client, asked_at = self._make_client(), env.now
        try:
            answer = yield from client.call(
                carry_out(Command(number, item_key(item), Reserve(order, customer)))
            )
        except CallFailed:
            return
        if not isinstance(answer.value, Accepted):
            return
        others = list(self._accepted[item])
        self._accepted[item].append(order)
        counts = asked_at >= looks.start
        if counts:
            looks.order_times.append(env.now - asked_at)
        looked_at = env.now
        try:
            page: Response | None = yield from client.call(read(item_key(item)))
        except CallFailed:
            page = None
        if counts:
            self._judge(page, order, others, env.now - looked_at)

    def _judge(self, page: Response | None, order: str, others: list[str], time: float) -> None:
        looks = self.looks
        looks.count += 1
        if page is None:
            looks.failed_count += 1
            return
        looks.times.append(time)
        shown = page.value or ()
        looks.own_missed_count += order not in shown
        looks.others_missed_count += any(other not in shown for other in others)
