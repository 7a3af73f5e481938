"""Both sides of a small shop, 10 ms from each other and from the users: what a user is told, and when."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from itertools import count
from typing import Any

from models import CallFailed, Endpoint, Host, Network, Request
from models.cqrs import (
    Command,
    CommandHandler,
    DiskEventLog,
    FromTheCommandSide,
    OwnView,
    Projection,
    ProjectionSettings,
    TwoSides,
    UntilItIsThere,
    carry_out,
)
from models.cqrs.items import ItemDecider, Reserve, Restock, StockPerItem
from models.network import LocalityLatencies
from models.resilience import ConstantBackoff, Retry, Timeout
from models.resilience.circuit_breaker import CircuitBreaker, resilience4j
from models.resilience.hedging import Hedge
from models.storage import Disk
from simulator import Environment

HOP, SYNC, BEHIND = 0.01, 0.005, 0.25
"""`BEHIND`: how long after a command the read model reads on, where it is behind."""

PATIENCE = 0.5
BREAKER = resilience4j(minimum_calls=5, open_duration=1.0, trial_count=1)
_LATENCIES = LocalityLatencies.uniform(HOP)

REMEDIES = ("none", "wait", "wait, or less", "own view", "command side")
Wrap = Callable[[Environment, Endpoint], Endpoint]

WRAPPERS: dict[str, Wrap] = {
    "timeout": lambda env, inner: Timeout(env, inner, PATIENCE),
    "retry": lambda env, inner: Retry(env, inner, attempts=2, backoff=ConstantBackoff(delay=0.1)),
    "breaker": lambda env, inner: CircuitBreaker(env, inner, BREAKER),
    "hedge": lambda env, inner: Hedge(env, inner, after=0.3),
}


@dataclass(slots=True)
class Told:
    """How a call ended: its value, the name of a failure, or "silence"; after how many seconds."""

    end: Any = "under way"
    after: float = -1.0
    degraded: tuple[str, ...] = ()


class TwoSidesWorld:
    """A log, a handler, a read model; 10 units of item 7, of which the user has reserved 1 just now.

    Where the read model `is_behind`, it will read that in a quarter of a second. `inside` wrappers, outermost
    first, stand around the connection to the read model, `outside` ones around the remedy.
    """

    def __init__(
        self, remedy: str, *, is_behind: bool, inside: tuple[str, ...] = (), outside: tuple[str, ...] = ()
    ) -> None:
        self.env = env = Environment(seed=1, trace=True)
        self.network = Network(env, latencies=_LATENCIES)
        hosts = {name: Host(env, name) for name in ("log", "handler", "stock", "web")}
        self.hosts = hosts
        self.log = DiskEventLog(env, self.network, hosts["log"], disk=Disk(hosts["log"], sync_time=SYNC))
        self.handler = CommandHandler(
            env, hosts["handler"], self.network, self.log.client(hosts["handler"]), ItemDecider()
        )
        self.stock = Projection(
            env,
            hosts["stock"],
            self.network,
            self.log.client(hosts["stock"]),
            StockPerItem(),
            settings=ProjectionSettings(wait=0.0, interval=BEHIND),
            disk=Disk(hosts["stock"], sync_time=SYNC),
            name="stock",
        )
        self.parts: list[Endpoint] = []
        queries = self._wrapped(self.network.connect(hosts["web"], self.stock), inside)
        commands = self.network.connect(hosts["web"], self.handler)
        self.remedy = _remedy(remedy, commands, queries)
        self.user = self._wrapped(self.remedy, outside)
        self._ids = count(1)
        self.carry_out(Restock(10))
        self.run_on(1.0)
        self._before_a_poll()
        self.carry_out(Reserve("own order", "ann"))
        if not is_behind:
            self.run_on(1.0)

    def _wrapped(self, inner: Endpoint, names: tuple[str, ...]) -> Endpoint:
        for name in reversed(names):
            inner = WRAPPERS[name](self.env, inner)
            self.parts.append(inner)
        return inner

    def _before_a_poll(self) -> None:
        """Let time pass until the read model has just asked, and will not ask again for a while."""
        node = self.log.node
        asked = node.read_count
        while node.read_count == asked:
            self.run_on(0.001)

    def carry_out(self, intent: Any) -> Told:
        """Carry a command out, and say how that ended."""
        return self.ask(carry_out(Command(f"c{next(self._ids)}", 7, intent)))

    def ask(self, request: Request, *, patience: float = 5.0) -> Told:
        """Ask, and run until that has ended, or the user has given up."""
        told, start = Told(), self.env.now

        def call() -> Generator[Any, Any, None]:
            end: Any = "silence"
            try:
                with self.env.move_on_after(patience):
                    response = yield from self.user.call(request)
                    end, told.degraded = response.value, response.degraded
            except CallFailed as failure:
                end = type(failure).__name__
            told.end, told.after = end, round(self.env.now - start, 6)

        self.env.run(until=self.env.process(call()))
        return told

    def run_on(self, duration: float) -> None:
        """Let time pass."""
        self.env.run(until=self.env.now + duration)

    def life(self) -> list[str]:
        """The names of all processes that there are, sorted."""
        return sorted(process.name for process in self.env.processes)


def _remedy(name: str, commands: Endpoint, queries: Endpoint) -> TwoSides:
    if name.startswith("wait"):
        less = name.endswith("less")
        return UntilItIsThere(commands, queries, patience=1.0, settles_for_less=less)
    if name == "own view":
        return OwnView(commands, queries, StockPerItem())
    if name == "command side":
        return FromTheCommandSide(commands, queries, lambda state: state.left)
    return TwoSides(commands, queries)


TROUBLES: dict[str, Callable[[TwoSidesWorld], object]] = {
    "healthy": lambda world: None,
    "process down": lambda world: world.stock.crash(),
    "host down": lambda world: world.hosts["stock"].crash(),
    "question cut": lambda world: world.network.partition(
        world.hosts["web"], world.hosts["stock"], one_way=True
    ),
    "answer cut": lambda world: world.network.partition(
        world.hosts["stock"], world.hosts["web"], one_way=True
    ),
    "log down": lambda world: world.hosts["log"].crash(),
    "handler down": lambda world: world.handler.crash(),
}
