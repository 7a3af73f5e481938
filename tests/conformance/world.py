"""The smallest distributed system: a client's host, a server's host, and a network of 10 ms one way.

The server is a function without cores or queues, so that calls do not disturb each other and what a caller
should see can be said without a computer. Everything that is built is kept in lists, for `invariants` to look
at.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import cache
from typing import Any

from simpy.events import EventPriority

from models import CallFailed, Endpoint, FunctionEndpoint, Host, Network, Request, Response
from models.infrastructure import HostPool, HostType
from models.network import Connection, LocalityLatencies
from models.workload import Client
from simulator import Environment, Process

ONE_WAY = 0.01
_LATENCIES = LocalityLatencies.uniform(ONE_WAY)


@cache
def _host_type(scheduling: str) -> HostType:
    """Return what is the same in all worlds."""
    return HostType(scheduling=scheduling)


class World:
    """`web` calls `server`; `proxy` is there for chains that need a host in between.

    `here` is the host on which what is built next is to stand. `arrivals` are the times at which calls
    reached the server, `served` those at which it was done with them. `callers` are the processes of clients'
    requests, `squatters` others that hold something until they are cancelled.
    """

    def __init__(self, scheduling: str = "first-come") -> None:
        self.env = Environment(seed=1)
        self.network = Network(self.env, latencies=_LATENCIES)
        self.web, self.server = self.hosts = [Host(self.env, name) for name in ("web", "server")]
        self._make_proxy(scheduling)
        self.here = self.web
        self.arrivals: list[float] = []
        self.served: list[float] = []
        self.endpoints: list[Endpoint] = []
        self.clients: list[Client] = []
        self.callers: list[Process] = []
        self.squatters: list[Process] = []
        self.service = self.serve(1.0)

    def schedule_proxy(self, scheduling: str) -> None:
        """Let the host in between share its core out so: another, in place of one that nothing stands on."""
        if scheduling != self.scheduling:
            self._make_proxy(scheduling)

    def _make_proxy(self, scheduling: str) -> None:
        """Take the host in between, of one core, from a pool."""
        self.scheduling = scheduling
        self.pool = HostPool(self.env, "proxy", _host_type(scheduling))
        self.proxy = self.pool.provision(boots=False)
        self.hosts[2:] = [self.proxy]

    def serve(
        self, *durations: float, results: tuple[Response | CallFailed | None, ...] = (None,)
    ) -> FunctionEndpoint:
        """Return a service on the server's host that takes `durations`, and gives `results`, by turns."""
        call_count = 0

        def handle(request: Request) -> Generator[Any, Any, Any]:
            nonlocal call_count
            duration = durations[call_count % len(durations)]
            result = results[call_count % len(results)]
            call_count += 1
            self.arrivals.append(self.env.now)
            if duration:
                yield duration
            self.served.append(self.env.now)
            if isinstance(result, CallFailed):
                raise type(result)(*result.args)
            return "answer" if result is None else result

        self.service = FunctionEndpoint(handle, host=self.server, name="service")
        return self.service

    def link(self, target: Endpoint | None = None, **settings: Any) -> Connection:
        """Return a connection from here to the server's service."""
        connection = self.network.connect(self.here, target or self.service, **settings)
        self.endpoints.append(connection)
        return connection

    def client(self, target: Endpoint) -> Client:
        """Return a client that calls `target` from nowhere in particular."""
        client = Client(self.env, target)
        self.clients.append(client)
        return client

    def issue(self, client: Client, *times: float, host: Host | None = None) -> None:
        """Let the client send one request at each of the times; on `host`, if given, while that is up."""

        def send() -> None:
            if host is None:
                self.callers.append(client.issue(Request()))
            elif host.is_up:
                self.callers.append(host.start(client.send(Request())))

        for time in times:
            self.at(time, send)

    def end(self) -> None:
        """Forget everything, when nothing happens any more: for who makes worlds by the hundred thousand.

        What goes in circles would be there until the garbage collector looks for it, at a quarter of what a
        world costs. The environment finds again what it forgets here, should anybody still look at it.
        """
        for name in ("process", "timeout", "event", "all_of", "any_of"):
            del vars(self.env)[name]
        self.env._queue.clear()
        for endpoint in self.endpoints:
            if isinstance(endpoint, Connection):
                endpoint._there._followers.clear()
                endpoint._back._followers.clear()
        vars(self).clear()

    def at(self, time: float, function: Callable[[], object]) -> None:
        """Call a function at a time."""
        self.env.call_later(time - self.env.now, function)

    def first_at(self, time: float, function: Callable[[], object]) -> None:
        """Call a function at a time, before anything else that is due then."""
        self._schedule(time, EventPriority(-9), function)

    def last_at(self, time: float, function: Callable[[], object]) -> None:
        """Call a function at a time, when nothing else is left that is due then."""
        self._schedule(time, EventPriority(9), function)

    def _schedule(self, time: float, priority: EventPriority, function: Callable[[], object]) -> None:
        event = self.env.event()
        event._ok, event._value = True, None
        event.callbacks.append(lambda event: function())
        self.env.schedule(event, priority, time - self.env.now)
