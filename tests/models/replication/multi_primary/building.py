"""What the tests of multi-primary stores are built from: hosts with a node each, clients, what they saw."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from models import CallFailed, Endpoint, Host, Network, Request
from models.network import Place
from models.replication import MultiPrimaryStore
from models.replication.multi_primary import MultiPrimaryFlaws, MultiPrimarySettings
from simulator import Environment

WAY = 0.125
"""One way through the network in seconds; a power of two, so that sums are exact."""

SYNC = 0.0625
"""How long a sync takes, in seconds."""

DONE = ("ok", None)
"""What an update is told."""

NO_FLAWS = MultiPrimaryFlaws()


def plain(**changes: Any) -> MultiPrimarySettings:
    """Settings with a disk whose syncs take `SYNC`."""
    return MultiPrimarySettings(**{"sync_time": SYNC, **changes})


@dataclass
class Told:
    """What one call was told, and when: `outcome` is ("ok", value), a failure's name, or None so far."""

    outcome: Any = None
    at: float | None = None


class World:
    """A store over hosts "n0", "n1" and so on, and a host "client"."""

    def __init__(
        self,
        settings: MultiPrimarySettings | None = None,
        *,
        count: int = 2,
        seed: int | None = None,
        latencies: Any = WAY,
        loss_probability: float = 0.0,
        flaws: MultiPrimaryFlaws = NO_FLAWS,
    ) -> None:
        self.env = Environment(seed=seed)
        self.network = Network(self.env, latencies=latencies, loss_probability=loss_probability)
        self.client_host = Host(self.env, "client")
        self.hosts = [Host(self.env, f"n{index}") for index in range(count)]
        self.store = MultiPrimaryStore(
            self.env, self.network, self.hosts, settings=settings or plain(), flaws=flaws, name="store"
        )
        self.nodes = self.store.nodes

    def client(self, node: int = 0) -> Endpoint:
        """A client whose own node is one of them."""
        return self.store.client(self.client_host, node=self.nodes[node])

    def call(self, node: int | Endpoint, request: Request, *, at: float | None = None) -> Told:
        """Let somebody call a node at a time (by default now), with no patience of its own that would end."""
        client = self.client(node) if isinstance(node, int) else node
        told = Told()
        self.at(self.env.now if at is None else at, self._start, client, request, told)
        return told

    def _start(self, client: Endpoint, request: Request, told: Told) -> None:
        self.env.process(self._call(client, request, told), "caller")

    def _call(self, client: Endpoint, request: Request, told: Told) -> Generator[Any, Any, None]:
        try:
            response = yield from client.call(request)
            told.outcome = ("ok", response.value)
        except CallFailed as failure:
            told.outcome = type(failure).__name__
        told.at = self.env.now

    def at(self, time: float, function: Callable[..., Any], *arguments: Any) -> None:
        """Let something happen at a time."""
        self.env.call_later(time - self.env.now, function, *arguments)

    def cut(self, source: Place, target: Place) -> None:
        """Cut one direction from now on."""
        self.network.partition(source, target, one_way=True)

    def run(self, duration: float = 8.0) -> None:
        """Let so much time go by."""
        self.env.run(until=self.env.now + duration)

    def put(self, request: Request, *, node: int = 0) -> None:
        """Make an update, and run until it is done, and not yet shown elsewhere."""
        told = self.call(node, request)
        self.run(2 * WAY + 1.5 * SYNC)
        assert told.outcome == DONE, told

    def held(self, key: Any) -> list[Any]:
        """What each node holds of a key, in the order of hosts."""
        return [held.get(key) for held in self.store.contents().values()]
