"""What the tests of deployments are built from: a shop on some hosts, users, and a controller.

Everything is constant: a way through the network takes 10 ms, an answer 100 ms and no core, a start 2 s, and
a user asks every 50 ms. So what is lost, and when an upgrade is over, can be said without a computer.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from models import Host, Network, Request, ServerError, System
from models.balancing import Balancer, RoundRobin, Weighted
from models.deployment import Deployment, Draining, Routes, Version, VersionCalls
from models.instance_groups import HostSource
from models.services import Instance
from models.workload import Client
from simulator import Environment

WAY = 0.01
ANSWER = 0.1
START = 2.0
GAP = 0.05

Handle = Callable[[Instance, Request], Generator[Any, Any, Any]]


def good(instance: Instance, request: Request) -> Generator[Any, Any, str]:
    """Answer with the version, after a while."""
    yield ANSWER
    return instance.version


def erring(instance: Instance, request: Request) -> Generator[Any, Any, str]:
    """Fail, after a while."""
    yield ANSWER
    raise ServerError("a bug")


def version(name: str = "2", handle: Handle = good, start_time: float = START) -> Version:
    """Return a version whose instances do that."""
    return Version(name=name, make_handler=lambda host: handle, start_time=start_time)


class Town:
    """A shop of `count` instances, each on a host; users who ask the edge; a controller on a host of its own.

    With `is_routed` requests can be sent by version; `make_hosts` makes the source of new hosts.
    """

    def __init__(
        self,
        count: int = 3,
        *,
        is_routed: bool = False,
        discovery_delay: float = 0.0,
        draining: Draining | None = None,
        make_hosts: Callable[[System], HostSource] | None = None,
        interval: float = 1.0,
    ) -> None:
        self.env = Environment(seed=1)
        self.system = system = System(self.env, network=Network(self.env, latencies=WAY))
        self.hosts = [system.add_host(f"host-{number}") for number in range(1, count + 1)]
        self.shop = system.add_service("shop", self.hosts, lambda host: good, start_time=START)
        self.edge: Host = system.add_host("edge")
        self.controller: Host = system.add_host("controller")
        self.routes = Routes(system, self.shop) if is_routed else None
        self.balancer: Balancer = (
            system.balanced(self.edge, self.shop, policy=RoundRobin(), discovery_delay=discovery_delay)
            if self.routes is None
            else self.routes.balanced(self.edge, policy=Weighted(), discovery_delay=discovery_delay)
        )
        self.seen = VersionCalls(self.env)
        self.seen.watch(self.balancer)
        self.deployment = Deployment(
            system,
            self.shop,
            host=self.controller,
            draining=draining or Draining(),
            hosts=None if make_hosts is None else make_hosts(system),
            routes=self.routes,
            balancers=[self.balancer],
            interval=interval,
        )
        users = system.add_host("users")
        self.client = Client(self.env, system.network.connect(users, self.balancer))

    def users_come(self, *, since: float = 0.0, until: float, gap: float = GAP) -> None:
        """Let one user ask every `gap` seconds."""
        for number in range(round((until - since) / gap)):
            self.env.call_later(since + number * gap - self.env.now, self.client.issue, Request())

    def at(self, time: float, function: Callable[..., object], *arguments: Any) -> None:
        """Call a function at a time."""
        self.env.call_later(time - self.env.now, function, *arguments)

    @property
    def lost_count(self) -> int:
        """How many requests were not answered, hung ones included."""
        counts = self.client.table.counts()
        return self.client.table.issued - counts["ok"]

    @property
    def versions(self) -> list[str]:
        """The version of each instance of the shop, in order."""
        return [instance.version for instance in self.shop.instances]

    def logged(self) -> list[tuple[float, str]]:
        """Return when the deployment said what."""
        return [
            (round(record.time, 6), str(record.detail["step"]))
            for record in self.env.event_log.of_kind("deploy")
        ]
