"""The shop of the study `sagas`: three services, three servers that lead transactions, and who orders.

    orders, stock, payment   a host each, with a database each
    web-1, web-2, web-3      the shop's servers: each leads the transactions of the users that it has, with a
                             log of its own, as an application server does that holds its own coordinator

An order is a row, a piece of an item taken, and money paid. A share of them wants the *hot* item, of which
there are fewer than are wanted; `POOR` of all users cannot pay. An order ends done, refused (sold out, or
not paid), or failed: given up for another reason, or not answered while the user waited.

A message takes 2 ms one way and a sync 2 ms: services in several zones, with disks behind a network.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal

from models import Call, Endpoint, Host, Network, Request
from models.resilience import Timeout
from models.storage import Disk
from models.transactions import (
    Add,
    Ending,
    Orchestrator,
    Put,
    Saga,
    SagaObserver,
    SagaService,
    SagaStep,
    StoringNode,
    TwoPhaseCoordinator,
    TwoPhaseObserver,
    TwoPhaseParticipant,
    run,
)
from models.transactions.sagas import OrchestratorSettings
from models.transactions.two_phase_commit import HeuristicDecision, TwoPhaseSettings
from simulator import Environment
from simulator.randomness import Uniform

Way = Literal[
    "saga",
    "saga with semantic locks",
    "two-phase commit",
    "two-phase commit, peers asked",
    "two-phase commit, heuristic abort",
]

SERVICES = ("orders", "stock", "payment")
LEADERS = ("web-1", "web-2", "web-3")
HOT = "hot"
ITEMS, ACCOUNTS, PRICE, POOR = 500, 1000, 10, 0.2
MANY = 100_000
"""Pieces of each other item, and money of each account that has some."""

HOP, SYNC_TIME = 0.002, 0.002
PATIENCE = 2.0
"""Seconds that a user waits for an answer."""

LOCK_TIMEOUT, INQUIRY_INTERVAL, HEURISTIC_AFTER = 0.5, 0.2, 1.0
SAGA_SETTINGS = OrchestratorSettings(step_timeout=0.2, pause=0.02, patience=1.0)


def _two_phase_settings(way: str) -> TwoPhaseSettings:
    return TwoPhaseSettings(
        vote_timeout=1.0,
        retry_interval=0.2,
        lock_timeout=LOCK_TIMEOUT,
        inquiry_interval=INQUIRY_INTERVAL,
        asks_peers=way == "two-phase commit, peers asked",
        heuristic=HeuristicDecision(after=HEURISTIC_AFTER) if way.endswith("heuristic abort") else None,
    )


@dataclass(slots=True)
class Order:
    """An order: which `number`, of which `item`, from an account that `can_pay` or not; when it was sent.

    `ended_at` is when the user was told or gave up (s), and `end` "done", "refused" or "failed".
    """

    number: int
    item: str
    can_pay: bool
    sent_at: float
    ended_at: float | None = None
    end: str = ""

    @property
    def leader(self) -> str:
        """The server that has this user."""
        return LEADERS[self.number % len(LEADERS)]


class OrderShop:
    """The services and servers, for one `way` to place an order; `stock` pieces of the hot item."""

    def __init__(self, env: Environment, way: Way, *, stock: int) -> None:
        self.env = env
        self.way = way
        self.network = Network(env, latencies=HOP)
        self.hosts = {name: Host(env, name) for name in (*SERVICES, *LEADERS)}
        self.hot_stock = stock
        self.sagas = SagaObserver(env)
        self.two_phase = TwoPhaseObserver(env)
        self.is_saga = way.startswith("saga")
        self.services: Mapping[str, Any] = {name: self._service(name) for name in SERVICES}
        self.leaders: Mapping[str, StoringNode] = {name: self._leader(name) for name in LEADERS}

    def _disk(self, name: str) -> Disk:
        return Disk(self.hosts[name], sync_time=SYNC_TIME)

    def _service(self, name: str) -> StoringNode:
        data: dict[str, dict[Any, Any]] = {
            "orders": {},
            "stock": {HOT: self.hot_stock, **{_item(number): MANY for number in range(ITEMS)}},
            "payment": {_account(number): MANY for number in range(ACCOUNTS)},
        }
        place = self.env, self._disk(name), self.network
        if self.is_saga:
            return SagaService(*place, data=data[name], observer=self.sagas, name=name)
        settings = _two_phase_settings(self.way)
        return TwoPhaseParticipant(
            *place, data=data[name], observer=self.two_phase, settings=settings, name=name
        )

    def _leader(self, name: str) -> StoringNode:
        place = self.env, self._disk(name), self.network
        if self.is_saga:
            services = {
                each: self.network.connect(self.hosts[name], service)
                for each, service in self.services.items()
            }
            return Orchestrator(*place, services, observer=self.sagas, settings=SAGA_SETTINGS, name=name)
        settings = _two_phase_settings(self.way)
        return TwoPhaseCoordinator(
            *place, self.services, observer=self.two_phase, settings=settings, name=name
        )

    def work(self, order: Order, account: str) -> Any:
        """Return what a leader is to run for an order."""
        number, pays = order.number, Add(account, -PRICE)
        if not self.is_saga:
            return {
                "orders": (Put(number, "approved"),),
                "stock": (Add(order.item, -1),),
                "payment": (pays,),
            }
        steps = (
            SagaStep("orders", (Put(number, "pending"),), (Put(number, "rejected"),)),
            SagaStep("stock", (Add(order.item, -1),), (Add(order.item, 1),)),
            SagaStep("payment", (pays,)),
            SagaStep("orders", (Put(number, "approved"),)),
        )
        return Saga(steps, pivot=2, has_semantic_locks=self.way == "saga with semantic locks")

    # -- what observers see ---------------------------------------------------------------------------------

    def is_in_the_middle(self, leader: str, orders: Sequence[Order]) -> bool:
        """Whether `leader` is in the middle of an order of the hot item by somebody who can pay.

        Under two-phase commit: all participants have promised, and nothing is decided. In a saga: the piece
        is taken, and not paid.
        """
        if self.is_saga:
            sagas = self.leaders[leader].store["sagas"].items()
            return any(
                progress.number == 2
                and not progress.is_turned_back
                and orders[number].item == HOT
                and orders[number].can_pay
                for number, progress in sagas
            )
        promised: dict[Any, set[str]] = {}
        hot = set()
        for stay in self.two_phase.stays[-60:]:
            if stay.name[0] == leader and stay.prepared_at is not None and stay.ended_at is None:
                promised.setdefault(stay.name, set()).add(stay.participant)
                if HOT in stay.keys:
                    hot.add(stay.name)
        return any(
            len(where) == len(SERVICES) and name in hot and name not in self.two_phase.decisions
            for name, where in promised.items()
        )

    def half_done_times(self) -> list[float]:
        """Return for how long each order was to be seen at one service and not at another (s)."""
        if self.is_saga:
            return self.sagas.half_done_times()
        ends: dict[Any, list[tuple[float, bool]]] = {}
        for stay in self.two_phase.stays:
            if stay.prepared_at is not None and stay.ended_at is not None:
                ends.setdefault(stay.name, []).append((stay.ended_at, stay.end.endswith("commit")))
        times = []
        for name, seen in ends.items():
            commits = [time for time, is_commit in seen if is_commit]
            if commits:
                is_whole = len(commits) == len(self.two_phase.decisions.get(name, commits))
                times.append((max(commits) if is_whole else self.env.now) - min(commits))
        return times

    def hot_stays(self) -> list[tuple[float, float]]:
        """Return from when until when (s) the hot item was held by one order after the other."""
        now = self.env.now
        if self.is_saga:
            held = [(mark.marked_at, mark.unmarked_at) for mark in self.sagas.marks if mark.key == HOT]
        else:
            held = [(stay.locked_at, stay.ended_at) for stay in self.two_phase.stays if HOT in stay.keys]
        return [(start, now if end is None else end) for start, end in held]

    def undecided_at(self, time: float, leader: str, orders: Sequence[Order]) -> list[tuple[float, float]]:
        """Return from when until when those of `leader`'s hot orders were undecided that were at `time`."""
        if self.is_saga:
            stays = [
                (life.changed_at, life.ended_at)
                for number, life in self.sagas.lives.items()
                if orders[number].item == HOT and orders[number].leader == leader
            ]
        else:
            stays = [
                (stay.prepared_at, stay.ended_at)
                for stay in self.two_phase.stays
                if HOT in stay.keys and stay.name[0] == leader
            ]
        now = self.env.now
        ended = [(start, now if end is None else end) for start, end in stays if start is not None]
        return [(start, end) for start, end in ended if start <= time < end]

    def missing(self) -> tuple[float, float]:
        """Return how many pieces, and payments, too many or too few there are for the approved orders."""
        approved = sum(value == "approved" for value in self.services["orders"].data().values())
        sold = self.hot_stock + ITEMS * MANY - sum(self.services["stock"].data().values())
        paid = (ACCOUNTS * MANY - sum(self.services["payment"].data().values())) / PRICE
        return abs(sold - approved), abs(paid - approved)


class Shoppers(Endpoint):
    """Places an order for each request: draws who wants what, asks the user's server, notes what was told.

    Draws from the streams "orders/item" and "orders/account", whatever the way, so that ways meet the same.
    """

    def __init__(self, env: Environment, shop: OrderShop, *, hot_share: float) -> None:
        self.name = "shoppers"
        self.orders: list[Order] = []
        self._env = env
        self._shop = shop
        self._hot_share = hot_share
        self._numbers = count()
        self._draw_hot = env.sampler("orders/hot", Uniform(0.0, 1.0))
        self._draw_item = env.sampler("orders/item", Uniform(0.0, 1.0))
        self._draw_poor = env.sampler("orders/poor", Uniform(0.0, 1.0))
        self._draw_account = env.sampler("orders/account", Uniform(0.0, 1.0))
        users = Host(env, "users")
        self._servers = {
            name: Timeout(env, shop.network.connect(users, leader), PATIENCE)
            for name, leader in shop.leaders.items()
        }

    def call(self, request: Request) -> Call:
        """Place an order; a refusal is an answer, and what is given up for other reasons fails."""
        number = next(self._numbers)
        is_hot = self._draw_hot() < self._hot_share
        item = _item(int(self._draw_item() * ITEMS))
        can_pay = self._draw_poor() >= POOR
        account = _account(int(self._draw_account() * ACCOUNTS))
        order = Order(number, HOT if is_hot else item, can_pay, self._env.now)
        self.orders.append(order)
        work = self._shop.work(order, account if can_pay else f"poor {number}")
        order.end = "failed"
        try:
            response = yield from self._servers[order.leader].call(run(number, work))
            order.end = _end_of(response.value)
        finally:
            order.ended_at = self._env.now
        return response


def _end_of(ending: Ending) -> str:
    if ending.is_done:
        return "done"
    return "refused" if ending.reason.startswith("too little") else "failed"


def _item(number: int) -> str:
    return f"item {number}"


def _account(number: int) -> str:
    return f"account {number}"
