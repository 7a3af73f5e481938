"""What the tests of health checks are built from: a balancer on a proxy, over instances on hosts."""

from __future__ import annotations

from typing import Any

from models import Endpoint, Host, Network
from models.balancing import Balancer
from models.balancing.health_checks import HealthChecker, HealthCheckSettings
from models.services import Instance, Work
from simulator import Environment

WAY = 0.125
"""One way through the network in seconds; a power of two, so that sums are exact."""


class World:
    """A balancer on host "proxy" over connections to instances on hosts "s0", "s1" and so on."""

    def __init__(
        self,
        count: int = 1,
        *,
        handler: Any = None,
        seed: int | None = None,
        balancer: dict[str, Any] | None = None,
        connecting: dict[str, Any] | None = None,
        **instance: Any,
    ) -> None:
        self.env = Environment(seed=seed)
        self.network = Network(self.env, latencies=WAY)
        self.proxy = Host(self.env, "proxy")
        self.hosts: list[Host] = []
        self.instances: list[Instance] = []
        self.ways: list[Endpoint] = []
        self._handler = Work(0.0) if handler is None else handler
        self._instance = instance
        self._connecting = connecting or {}
        for _ in range(count):
            self.make_way()
        self.balancer = Balancer(self.env, self.ways, host=self.proxy, name="shop", **(balancer or {}))

    def make_way(self) -> Endpoint:
        """One more instance, on a host of its own, and the way to it."""
        host = Host(self.env, f"s{len(self.hosts)}")
        instance = Instance(self.env, host, self._handler, name=host.name, **self._instance)
        way = self.network.connect(self.proxy, instance, name=host.name, **self._connecting)
        self.hosts.append(host)
        self.instances.append(instance)
        self.ways.append(way)
        return way

    def check(self, settings: HealthCheckSettings, **others: Any) -> HealthChecker:
        """Let the balancer's targets be checked."""
        return HealthChecker(self.env, self.balancer, settings, **others)

    def marks(self) -> list[tuple[float, str, str]]:
        """What was logged: when, "down" or "up", who."""
        return [
            (record.time, record.kind.removeprefix("health."), record.subject)
            for record in self.env.event_log.of_kind("health.down", "health.up")
        ]

    def healthy(self) -> list[str]:
        """The names of the targets that the balancer takes to be healthy."""
        return [each.name for each in self.balancer.statistics().targets if each.is_healthy]


def every(interval: float = 5.0, timeout: float = 1.0, **others: Any) -> HealthCheckSettings:
    """Settings of whole numbers."""
    return HealthCheckSettings(interval=interval, timeout=timeout, **others)
