"""A small shop on an event log: the log, handlers, projections and users, each on a host of its own."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from models import CallFailed, Endpoint, Host, Network, Request
from models.cqrs import Accepted, Command, CommandHandler, DiskEventLog, Projection, RaftEventLog, carry_out
from models.cqrs.items import BestSellers, ItemDecider, OrdersPerCustomer, Restock, Restocked, StockPerItem
from models.cqrs.log import Commit, EventLog, append_commit
from models.resilience import Timeout
from models.storage import Disk, DurabilityPolicy, GroupCommit
from simulator import Environment, Process

HOP, SYNC = 0.001, 0.004
MODELS = (StockPerItem(), OrdersPerCustomer(), BestSellers())
MakeLog = Callable[["CqrsPlant"], EventLog]


@dataclass(slots=True)
class Told:
    """What became of a call: `end` is its value, the name of a failure, or "silence"; at `time` s."""

    end: Any = "under way"
    time: float = -1.0
    version: Any = None


def on_disk(policy: DurabilityPolicy | None = None, **settings: Any) -> MakeLog:
    """Return what makes a log on one host."""

    def make(plant: CqrsPlant) -> EventLog:
        host = plant.new_host("log")
        disk = Disk(host, sync_time=SYNC)
        return DiskEventLog(
            plant.env, plant.network, host, disk=disk, policy=policy or GroupCommit(), **settings
        )

    return make


def on_raft(plant: CqrsPlant) -> EventLog:
    """Make a log on three hosts."""
    return RaftEventLog(plant.env, plant.network, [plant.new_host(f"log-{name}") for name in "abc"])


class CqrsPlant:
    """A log, and what is added to it; `patience` is that of everybody's calls of the log."""

    def __init__(self, make_log: MakeLog | None = None, *, seed: int = 1, patience: float = 0.5) -> None:
        self.env = Environment(seed=seed, trace=True)
        self.network = Network(self.env, latencies=HOP)
        self.hosts: dict[str, Host] = {}
        self.patience = patience
        self.web = self.new_host("web")
        self.log = (make_log or on_disk())(self)
        self.handlers: list[CommandHandler] = []
        self.projections: list[Projection] = []
        self._ids = count(1)

    def new_host(self, name: str) -> Host:
        """Return a new host."""
        self.hosts[name] = host = Host(self.env, name)
        return host

    def log_client(self, host: Host) -> Endpoint:
        """Return a client of the log that gives up."""
        return Timeout(self.env, self.log.client(host), self.patience)

    def add_handler(self, name: str = "commands", **settings: Any) -> CommandHandler:
        """Add a handler on a host of its name."""
        host = self.new_host(name)
        settings.setdefault("disk", Disk(host, sync_time=SYNC))
        handler = CommandHandler(
            self.env, host, self.network, self.log_client(host), ItemDecider(), name=name, **settings
        )
        self.handlers.append(handler)
        return handler

    def add_projection(
        self, model: Any = MODELS[0], name: str = "stock", *, source: Any = None, **settings: Any
    ) -> Projection:
        """Add a projection on a host of its name; `source` puts something around its client of the log."""
        disk = settings.setdefault("disk", None) or Disk(self.new_host(name), sync_time=SYNC)
        host, settings["disk"] = disk.host, disk
        client = self.log.client(host)
        client = client if source is None else source(client)
        projection = Projection(self.env, host, self.network, client, model, name=name, **settings)
        self.projections.append(projection)
        return projection

    def way(self, node: Endpoint) -> Endpoint:
        """Return a connection from the users' host."""
        return self.network.connect(self.web, node)

    # -- asking

    def ask(self, target: Endpoint, request: Request, *, at: float = 0.0, patience: float = 30.0) -> Told:
        """Return what will say how a call ends that is made at a time, and given up after a while."""
        told = Told()
        self.env.call_later(max(0.0, at - self.env.now), self._begin, target, request, told, patience)
        return told

    def _begin(self, target: Endpoint, request: Request, told: Told, patience: float) -> Process:
        def call() -> Generator[Any, Any, None]:
            end: Any = "silence"
            try:
                with self.env.move_on_after(patience):
                    response = yield from target.call(request)
                    end, told.version = response.value, response.version
            except CallFailed as failure:
                end = type(failure).__name__
            told.end, told.time = end, round(self.env.now, 6)

        return self.env.process(call())

    def now(self, target: Endpoint, request: Request) -> Any:
        """Ask, run until that has ended, and return how."""
        return self.told(target, request).end

    def told(self, target: Endpoint, request: Request) -> Told:
        """Ask, run until that has ended, and return what was told."""
        told = self.ask(target, request, at=self.env.now)
        while told.time < 0.0:
            self.env.run(until=self.env.now + 0.001)
        return told

    def command(self, item: Any, intent: Any, *, handler: CommandHandler | None = None) -> Any:
        """Carry a command out through a handler (by default the first one) and return the answer."""
        made = Command(f"c{next(self._ids)}", item, intent)
        return self.now(self.way(handler or self.handlers[0]), carry_out(made))

    def at(self, time: float, function: Callable[..., object], *arguments: Any) -> None:
        """Call a function at a time."""
        self.env.call_later(time - self.env.now, function, *arguments)

    def run_on(self, duration: float) -> None:
        """Let time pass."""
        self.env.run(until=self.env.now + duration)

    def commits(self) -> Sequence[Commit]:
        """What is in the log."""
        return self.log.commits()

    def life(self) -> list[str]:
        """The names of all processes that there are, sorted."""
        return sorted(process.name for process in self.env.processes)


def sell(plant: CqrsPlant, count: int, *, start: float = 0.0, every: float = 0.002) -> None:
    """Let so many commits of one unit each of items 0, 1 and 2 come, without a handler."""
    client = plant.log.client(plant.web)
    for number in range(count):
        request = append_commit(number % 3, [Restocked(number % 3, 1)], command=(start, number), time=start)
        plant.at(start + every * number, lambda r=request: plant.ask(client, r, at=plant.env.now))


def plant_with_stock(
    units: int = 3, *, handlers: int = 1, make_log: Any = None, **settings: Any
) -> CqrsPlant:
    """Return a plant with handlers, and so many units of item 7."""
    plant = CqrsPlant(make_log)
    for number in range(handlers):
        plant.add_handler(f"commands-{number + 1}", **settings)
    plant.env.run(until=2.0)
    assert isinstance(plant.command(7, Restock(units)), Accepted)
    return plant
