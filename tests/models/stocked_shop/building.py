"""What the tests of stock are built from: hosts, stores, and what was told."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from models import CallFailed, Endpoint, Host, Network, Request
from models.replication import QuorumStore
from models.replication.quorums import Never, QuorumSettings
from models.stocked_shop import Order
from models.storage import GroupCommit
from simulator import Environment

SIDES = ("zone-a", "zone-b")


def order(number: int, *, item: int = 7, side: str = "zone-a", placed_at: float = 0.0) -> Order:
    return Order(str(number), item, side, placed_at)


def ask(env: Environment, endpoint: Endpoint, *requests: Request, at: float = 0.0) -> list[Any]:
    """Return a list that will hold what each request is told, one after the other: a value, or a failure."""
    ends: list[Any] = []

    def call() -> Generator[Any, Any, None]:
        yield at - env.now
        for request in requests:
            try:
                ends.append((yield from endpoint.call(request)).value)
            except CallFailed as failure:
                ends.append(type(failure))

    env.process(call())
    return ends


class TwoSides:
    """Two hosts, each with a node of a quorum store at level ONE, and clients that call the node at hand."""

    def __init__(self, *, latency: float = 0.01) -> None:
        self.env = Environment(seed=1)
        self.network = Network(self.env, latencies=latency)
        self.hosts = [Host(self.env, name) for name in SIDES]
        settings = QuorumSettings(
            replicas=2,
            read_level=1,
            write_level=1,
            durability=GroupCommit(),
            detection=None,
            speculation=Never(),
        )
        self.store = QuorumStore(self.env, self.network, self.hosts, settings=settings)

    def client(self, side: int) -> Endpoint:
        return self.store.client(self.hosts[side], contacts=[self.store.nodes[side]])
