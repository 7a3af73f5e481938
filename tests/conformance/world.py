"""The smallest distributed system: a client's host, a server's host, and a network of 10 ms one way between them.

The server is a function without cores or queues, so that calls do not disturb each other and what a caller should see can be said
without a computer. Everything that is built is kept in lists, for `invariants` to look at.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from models import Endpoint, FunctionEndpoint, Host, Network, Request, Response
from models.network import Connection
from models.workload import Client
from simulator import Environment, Process

ONE_WAY = 0.01


class World:
    """`web` calls `server`; `proxy` is there for chains that need a third host. `arrivals` are the times at which calls reached the server."""

    def __init__(self, *, seed: int = 1, trace: bool = False) -> None:
        self.env = Environment(seed=seed, trace=trace)
        self.network = Network(self.env, latencies=ONE_WAY)
        self.web = Host(self.env, "web")
        self.proxy = Host(self.env, "proxy")
        self.server = Host(self.env, "server")
        self.arrivals: list[float] = []
        self.served: list[float] = []
        self.endpoints: list[Endpoint] = []
        self.clients: list[Client] = []
        self.callers: list[Process] = []
        self.service = self.serve(1.0)

    @property
    def hosts(self) -> list[Host]:
        """All hosts."""
        return [self.web, self.proxy, self.server]

    def serve(self, duration: float, failure: Exception | None = None) -> FunctionEndpoint:
        """Return a service on the server's host that takes `duration` seconds and answers, or fails."""

        def handle(request: Request) -> Generator[Any, Any, Response]:
            self.arrivals.append(self.env.now)
            if duration:
                yield duration
            self.served.append(self.env.now)
            if failure is not None:
                raise failure
            return Response("answer")

        self.service = FunctionEndpoint(handle, host=self.server, name="service")
        return self.service

    def link(self, target: Endpoint | None = None, **settings: Any) -> Connection:
        """Return a connection from the client's host to the server's service."""
        connection = self.network.connect(self.web, target or self.service, **settings)
        self.endpoints.append(connection)
        return connection

    def client(self, target: Endpoint) -> Client:
        """Return a client that calls `target` from nowhere in particular."""
        client = Client(self.env, target)
        self.clients.append(client)
        return client

    def issue(self, client: Client, *times: float) -> None:
        """Let the client send one request at each of the times."""
        for time in times:
            self.at(time, lambda: self.callers.append(client.issue(Request())))

    def at(self, time: float, function: Callable[[], object]) -> None:
        """Call a function at a time."""
        self.env.call_later(time - self.env.now, function)
