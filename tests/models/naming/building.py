"""What the tests of naming are built from: two balancing hosts, a client's, and what answers there."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from models import FunctionEndpoint, Host, Network, Request
from models.naming import VirtualAddress
from simulator import Environment

WAY = 0.125
"""One way through the network in seconds; a power of two, so that sums are exact."""


class World:
    """Hosts "a" and "b", each with a server that answers with its host's name after `service_time`."""

    def __init__(self, seed: int | None = None, service_time: float = 0.0) -> None:
        self.env = Environment(seed=seed)
        self.network = Network(self.env, latencies=WAY)
        self.client = Host(self.env, "client")
        self.hosts = [Host(self.env, name) for name in "abc"]
        self.a, self.b, self.c = self.hosts
        self.servers = [self._server(host, service_time) for host in self.hosts]

    def _server(self, host: Host, service_time: float) -> FunctionEndpoint:
        def answer(request: Request) -> Generator[Any, Any, str]:
            if service_time:
                yield service_time
            yield from ()
            return host.name

        return FunctionEndpoint(answer, host=host, name=f"server on {host.name}")

    def pair(self, **settings: Any) -> VirtualAddress:
        """The first two behind one address, the first preferred."""
        return VirtualAddress(self.env, self.network, self.servers[:2], name="shop", **settings)

    def log(self, *kinds: str) -> list[tuple[float, str, str]]:
        """What was logged: when, what, on which host."""
        return [
            (record.time, record.kind.split(".")[1], record.subject)
            for record in self.env.event_log.of_kind(*kinds)
        ]

    def holders(self) -> list[tuple[float, str, str]]:
        """Who took the address and gave it up, and when."""
        return self.log("address.taken", "address.released")
