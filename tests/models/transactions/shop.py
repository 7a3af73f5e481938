"""Three services on hosts of their own, 1 ms from each other, and clients: what both protocols are tested on.

Orders has a row per order, stock 10 of "book", payment 100 of each account.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from models import CallFailed, Endpoint, Host, Network, Request
from models.network.rules import PASS, Rule, Verdict
from models.storage import Disk
from models.transactions import Add, Orchestrator, Put, Saga, SagaObserver, SagaService, SagaStep
from models.transactions.sagas import OrchestratorSettings, SagaFlaws
from models.transactions.storing_node import StoringNode
from models.transactions.two_phase_commit import (
    TwoPhaseCoordinator,
    TwoPhaseFlaws,
    TwoPhaseObserver,
    TwoPhaseParticipant,
    TwoPhaseSettings,
)
from simulator import Environment
from simulator.randomness import Distribution

HOP, SYNC_TIME = 0.001, 0.002
NAMES = ("orders", "stock", "payment")
STOCK, MONEY = 10, 100
DATA = {
    "orders": {},
    "stock": {"book": STOCK},
    "payment": {"alice": MONEY, "bob": MONEY, "poor": 0, "shop": 0},
}
SETTINGS = OrchestratorSettings(step_timeout=0.05, pause=0.02, patience=0.3)
TWO_PHASE = TwoPhaseSettings(vote_timeout=0.3, retry_interval=0.1, lock_timeout=0.2, inquiry_interval=0.1)


def order_saga(order: Any, account: str = "alice", price: float = 10, *, locks: bool = False) -> Saga:
    """Place an order: row, stock, payment, row."""
    return Saga(
        (
            SagaStep("orders", (Put(order, "pending"),), (Put(order, "rejected"),)),
            SagaStep("stock", (Add("book", -1),), (Add("book", 1),)),
            SagaStep("payment", (Add(account, -price), Add("shop", price))),
            SagaStep("orders", (Put(order, "approved"),)),
        ),
        pivot=2,
        has_semantic_locks=locks,
    )


def order_changes(order: Any, account: str = "alice", price: float = 10) -> dict[str, Any]:
    """Return the same order as changes that are made all at once."""
    return {
        "orders": (Put(order, "approved"),),
        "stock": (Add("book", -1),),
        "payment": (Add(account, -price), Add("shop", price)),
    }


@dataclass(slots=True)
class Told:
    """What became of a call: `end` is its value, the name of a failure, or "silence"; at `time` s."""

    end: Any = "under way"
    time: float = -1.0


class Shop:
    """What the two shops have in common; `nodes` are the services and who leads them, by name."""

    leader: str

    def __init__(
        self,
        seed: int = 1,
        *,
        trace: bool = False,
        loss: float = 0.0,
        latencies: Distribution | float = HOP,
        duplicates: float = 0.0,
    ) -> None:
        self.env = Environment(seed=seed, trace=trace)
        self.network = Network(self.env, latencies=latencies, loss_probability=loss)
        self.hosts = {name: Host(self.env, name) for name in (*NAMES, self.leader)}
        self.web = Host(self.env, "web")
        if duplicates:
            places = list(self.hosts.values())
            self.network.override(places, places, duplicate_probability=duplicates)
        self.nodes: dict[str, StoringNode] = {}

    def disk(self, name: str) -> Disk:
        return Disk(self.hosts[name], sync_time=SYNC_TIME)

    @property
    def client(self) -> Endpoint:
        return self.network.connect(self.web, self.nodes[self.leader])

    def at(self, time: float, function: Callable[..., object], *arguments: Any) -> None:
        self.env.call_later(time - self.env.now, function, *arguments)

    def ask(
        self, request: Request, *, at: float = 0.0, patience: float = 60.0, target: Endpoint | None = None
    ) -> Told:
        """Return what will say how a call from the web ends."""
        told = Told()
        target = target or self.client

        def call() -> Generator[Any, Any, None]:
            told.end = "silence"
            try:
                with self.env.move_on_after(patience):
                    told.end = (yield from target.call(request)).value
            except CallFailed as failure:
                told.end = type(failure).__name__
            told.time = round(self.env.now, 6)

        self.at(at, lambda: self.env.process(call()))
        return told

    def crash(self, name: str, at: float, down_for: float, *, process: bool = False) -> None:
        """Crash a host, or only the process of its node, for so long."""
        what: Any = self.nodes[name] if process else self.hosts[name]
        self.at(at, what.crash)
        self.at(at + down_for, what.restart)

    def data(self, name: str) -> dict[Any, Any]:
        return self.nodes[name].data()

    @property
    def totals(self) -> tuple[float, float]:
        """The books and the money that there are, sold ones and spent money included."""
        approved = sum(value == "approved" for value in self.data("orders").values())
        return self.data("stock")["book"] + approved, sum(self.data("payment").values())


class SagaShop(Shop):
    """Three saga services and an orchestrator."""

    leader = "orchestrator"

    def __init__(
        self,
        seed: int = 1,
        *,
        flaws: SagaFlaws | None = None,
        settings: OrchestratorSettings = SETTINGS,
        wrap: Callable[[Environment, Endpoint], Endpoint] = lambda env, endpoint: endpoint,
        **world: Any,
    ) -> None:
        super().__init__(seed, **world)
        self.observer = SagaObserver(self.env)
        flaws = flaws or SagaFlaws()
        for name in NAMES:
            self.nodes[name] = SagaService(
                self.env,
                self.disk(name),
                self.network,
                data=DATA[name],
                observer=self.observer,
                flaws=flaws,
                name=name,
            )
        host = self.hosts[self.leader]
        self.nodes[self.leader] = Orchestrator(
            self.env,
            self.disk(self.leader),
            self.network,
            {name: wrap(self.env, self.network.connect(host, self.nodes[name])) for name in NAMES},
            observer=self.observer,
            settings=settings,
            flaws=flaws,
        )

    def second_orchestrator(self) -> Endpoint:
        """Return a way from the web to another orchestrator of the same services."""
        host = Host(self.env, "other")
        ways = {name: self.network.connect(host, self.nodes[name]) for name in NAMES}
        other = Orchestrator(
            self.env,
            Disk(host, sync_time=SYNC_TIME),
            self.network,
            ways,
            observer=self.observer,
            settings=SETTINGS,
            name="other",
        )
        return self.network.connect(self.web, other)

    def half_done(self) -> list[Any]:
        """Return the orders that are neither done everywhere nor nowhere, by the disks."""
        answers: dict[Any, list[str]] = {}
        for name in NAMES:
            for (saga, _), answer in self.nodes[name].store.surviving("inbox").items():
                answers.setdefault(saga, []).append(answer.what)
        return [saga for saga, told in answers.items() if told.count("done") not in (0, 4)]


class TwoPhaseShop(Shop):
    """Three participants and a coordinator."""

    leader = "coordinator"

    def __init__(
        self,
        seed: int = 1,
        *,
        flaws: TwoPhaseFlaws | None = None,
        settings: TwoPhaseSettings = TWO_PHASE,
        transport: str = "tcp",
        **world: Any,
    ) -> None:
        super().__init__(seed, **world)
        self.observer = TwoPhaseObserver(self.env)
        shared: dict[str, Any] = {
            "observer": self.observer,
            "settings": settings,
            "flaws": flaws or TwoPhaseFlaws(),
            "transport": transport,
        }
        for name in NAMES:
            self.nodes[name] = TwoPhaseParticipant(
                self.env, self.disk(name), self.network, data=DATA[name], name=name, **shared
            )
        participants: Any = {name: self.nodes[name] for name in NAMES}
        self.nodes[self.leader] = TwoPhaseCoordinator(
            self.env, self.disk(self.leader), self.network, participants, **shared
        )
        self._shared = shared

    def second_coordinator(self) -> Endpoint:
        """Return a way from the web to another coordinator of the same participants."""
        disk = Disk(Host(self.env, "other"), sync_time=SYNC_TIME)
        participants: Any = {name: self.nodes[name] for name in NAMES}
        other = TwoPhaseCoordinator(self.env, disk, self.network, participants, name="other", **self._shared)
        return self.network.connect(self.web, other)


class MessageFates(Rule):
    """Gives this verdict on the messages of these numbers, counted over the whole network from 0."""

    def __init__(self, numbers: Iterable[int], verdict: Verdict) -> None:
        self._count = 0
        self._numbers = frozenset(numbers)
        self._verdict = verdict

    def judge(self, source: Host, target: Host) -> Verdict:
        """Count a message, and give the verdict if it is one of them."""
        number, self._count = self._count, self._count + 1
        return self._verdict if number in self._numbers else PASS


def instants(shop: Shop, until: float) -> list[float]:
    """Run to a time, and return when anything happened, and a time between each two of these.

    A crash that is planned for an instant comes before all else that happens then.
    """
    times: list[float] = []
    while shop.env.peek() < until:
        if not times or shop.env.peek() > times[-1] + 1e-9:
            times.append(shop.env.peek())
        shop.env.step()
    return sorted([*times, *((one + other) / 2.0 for one, other in pairwise(times))])
