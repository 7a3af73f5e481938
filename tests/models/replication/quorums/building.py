"""What the tests of quorum stores are built from: hosts with a node each, clients, and what they saw."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

from models import CallFailed, Endpoint, Host, Network, Region, Request, Zone
from models.network import Place
from models.replication import read, write
from models.replication.quorums import Never, QuorumFlaws, QuorumSettings, QuorumStore
from models.storage import GroupCommit
from simulator import Environment

WAY = 0.125
"""One way through the network in seconds; a power of two, so that sums are exact."""

ROUND = 2 * WAY


def plain(**changes: Any) -> QuorumSettings:
    """Settings without detection, hints and speculation, and a disk that takes no time but loses nothing."""
    kept: dict[str, Any] = {
        "detection": None,
        "hints": None,
        "speculation": Never(),
        "durability": GroupCommit(),
        "sync_time": 0.0,
    }
    return QuorumSettings(**{**kept, **changes})


@dataclass
class Told:
    """What one call was told, and when: `outcome` is ("ok", value), a failure's name, or None so far."""

    outcome: Any = None
    at: float | None = None


class World:
    """A store over hosts "n0", "n1" and so on, and a host "client" for clients; n0 is their contact.

    `regions` says how many hosts stand in each region, one in each zone.
    """

    def __init__(
        self,
        settings: QuorumSettings | None = None,
        *,
        count: int = 3,
        regions: Sequence[int] = (),
        seed: int | None = None,
        latencies: Any = WAY,
        flaws: QuorumFlaws | None = None,
    ) -> None:
        self.env = Environment(seed=seed)
        self.network = Network(self.env, latencies=latencies)
        self.client_host = Host(self.env, "client")
        self.hosts = self._hosts(count, regions)
        self.store = QuorumStore(
            self.env, self.network, self.hosts, settings=settings or plain(), flaws=flaws, name="store"
        )
        self.nodes = self.store.nodes

    def _hosts(self, count: int, regions: Sequence[int]) -> list[Host]:
        if not regions:
            return [Host(self.env, f"n{index}") for index in range(count)]
        hosts: list[Host] = []
        for number, size in enumerate(regions):
            region = Region(f"region-{number}")
            for _ in range(size):
                zone = Zone(f"zone-{len(hosts)}", region)
                hosts.append(Host(self.env, f"n{len(hosts)}", zone=zone))
        return hosts

    def client(self, node: int = 0, **settings: Any) -> Endpoint:
        """A client whose contact is one node."""
        return self.store.client(self.client_host, contacts=[self.nodes[node]], **settings)

    def call(self, client: Endpoint, request: Request, *, at: float = 0.0) -> Told:
        """Let somebody call at a time, with no patience of its own that would end."""
        told = Told()
        self.env.call_later(at - self.env.now, self._start, client, request, told)
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

    def held(self, key: Any) -> list[Any]:
        """What each node holds of a key, in the order of hosts."""
        return [held.get(key) for held in self.store.contents().values()]

    def put(self, *values: Any, key: str = "x", node: int = 0) -> None:
        """Write values one after the other, and run until each is done."""
        client = self.client(node)
        for value in values:
            told = self.call(client, write(key, value), at=self.env.now)
            self.env.run(until=self.env.now + 8 * WAY)
            assert told.outcome == ("ok", None), told

    def get(self, key: str = "x", node: int = 0) -> Any:
        """Read through one node, and run until it is done."""
        told = self.call(self.client(node), read(key), at=self.env.now)
        self.env.run(until=self.env.now + 16 * WAY)
        return told.outcome


WRITTEN = ("ok", None)


def found(value: Any) -> tuple[str, Any]:
    """What a read tells that has found `value`."""
    return ("ok", value)
