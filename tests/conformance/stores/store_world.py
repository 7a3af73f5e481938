"""A store on hosts a, b and c, 10 ms from each other, from a monitor and from clients; what it is asked."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from models import CallFailed, Endpoint, Host, Network, Request
from models.network import LocalityLatencies
from models.nodes import Node
from simulator import Environment, Process

from .catalogue import StoreKind

HOP = 0.01
_LATENCIES = LocalityLatencies.uniform(HOP)


@dataclass(slots=True)
class Told:
    """What became of a call: `end` is its value, the name of a failure, or "silence"; at `time` s."""

    end: Any = "under way"
    time: float = -1.0


class StoreWorld:
    """A store of a `kind`, and clients. `warm_up` seconds are run, so that a leader is there."""

    def __init__(self, kind: StoreKind, *, seed: int = 1, trace: bool = False, warm_up: float = 2.0) -> None:
        self.kind = kind
        self.env = Environment(seed=seed, trace=trace)
        self.network = Network(self.env, latencies=_LATENCIES)
        self.hosts = [Host(self.env, name) for name in "abc"[: kind.host_count]]
        self.monitor = Host(self.env, "monitor")
        self.web = Host(self.env, "web")
        self.store = kind.build(self.env, self.network, self.hosts, self.monitor)
        self.client = self.new_client()
        self.env.run(until=warm_up)

    def new_client(self) -> Endpoint:
        """Return another client on the clients' host."""
        return self.kind.client(self.store, self.web)

    @property
    def all_hosts(self) -> Mapping[str, Host]:
        """Everybody by name: the nodes, the clients' host, and a monitor's or directory's."""
        hosts = [*self.hosts, self.web, *([self.monitor] if self.kind.monitor_names else [])]
        return {host.name: host for host in hosts}

    def node(self, name: str) -> Node:
        """Return the node on the host of that name."""
        return self.store.nodes["abc".index(name)]

    def at(self, time: float, function: Callable[..., object], *arguments: Any) -> None:
        """Call a function at a time."""
        self.env.call_later(time - self.env.now, function, *arguments)

    def ask(
        self,
        request: Request,
        *,
        after: float = 0.0,
        client: Endpoint | None = None,
        patience: float = 30.0,
    ) -> Told:
        """Return what will say how a call ends that is made `after` so many seconds, and given up."""
        told = Told()
        self.env.call_later(after, self.begin, request, told, client or self.client, patience)
        return told

    def begin(self, request: Request, told: Told, client: Endpoint, patience: float) -> Process:
        """Make a call now; return its process."""

        def call() -> Generator[Any, Any, None]:
            end: Any = "silence"
            try:
                with self.env.move_on_after(patience):
                    end = (yield from client.call(request)).value
            except CallFailed as failure:
                end = type(failure).__name__
            told.end, told.time = end, self.env.now

        return self.env.process(call())

    def now(self, request: Request, *, client: Endpoint | None = None, patience: float = 30.0) -> Any:
        """Ask, run until that has ended, and return how."""
        told = self.ask(request, client=client, patience=patience)
        while told.time < 0.0:
            self.env.run(until=self.env.now + 0.05)
        return told.end

    def held(self, key: Any) -> list[Any]:
        """Return what each node holds of a key."""
        return [contents.get(key) for contents in self.store.contents().values()]

    def ever_held(self, busy_until: float = inf) -> set[Any]:
        """Return a set that will have every value that a node holds at any time from now on, nearly.

        An observer looks every 40 ms, in which a message goes to and fro twice; and once a second from
        `busy_until` on, when nobody writes any more: what comes late then stays.
        """
        values: set[Any] = set()

        def look() -> None:
            for contents in self.store.contents().values():
                values.update(contents.values())
            self.env.call_later(4.0 * HOP if self.env.now < busy_until else 1.0, look)

        look()
        return values

    def cut(self, source: str, target: str) -> Any:
        """Cut one direction; return what heals it."""
        hosts = self.all_hosts
        return self.network.partition(hosts[source], hosts[target], one_way=True)

    def isolate(self, name: str) -> Any:
        """Cut a host off from all others, both ways."""
        hosts = self.all_hosts
        others = [host for host in hosts.values() if host is not hosts[name]]
        return self.network.partition(hosts[name], others)

    def life(self) -> list[str]:
        """Return the names of all processes that there are, sorted."""
        return sorted(process.name for process in self.env.processes)
