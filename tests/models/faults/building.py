"""What the tests of faults strike: a small system in two zones, with a service that everybody calls."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from models import CallFailed, Host, Network, Region, Request, Zone
from models.endpoint import Endpoint
from models.faults import (
    ClockSkew,
    DependencyOutage,
    DiskLoss,
    ErrorBurst,
    Fault,
    Flapping,
    HostCrash,
    LinkDelay,
    LinkLoss,
    NetworkOutage,
    NetworkPartition,
    PoolLeak,
    PowerOutage,
    ProcessCrash,
    SlowAnswers,
    SlowHost,
)
from models.resilience.bulkheads import ConnectionPool
from models.services import Instance, Service
from models.storage import Disk
from simulator import Environment

WAY = 0.125
"""One way through the network in seconds; powers of two, so that sums are exact."""
WORK = 0.5
PATIENCE = 64.0


class World:
    """`web` calls the two instances of `payment`, one in each zone of a region; nothing is random.

    A call without trouble takes WAY + WORK + WAY.
    """

    def __init__(self, *, seed: int | None = None) -> None:
        self.env = env = Environment(seed=seed)
        self.network = Network(env, latencies=WAY)
        self.region = Region("eu")
        self.zones = [Zone(name, self.region) for name in ("eu-a", "eu-b")]
        self.web = Host(env, "web-1")
        self.hosts = [Host(env, f"pay-{number}", zone=zone) for number, zone in enumerate(self.zones, 1)]
        self.worked: list[tuple[str, float]] = []
        self.payment = Service(env, "payment", self.hosts, lambda host: self._serve, threads=10)
        self.pool = ConnectionPool(env, 4, wait_max=1.0, name="orders")

    def _serve(self, instance: Instance, request: Request) -> Generator[Any, Any, str]:
        yield WORK
        self.worked.append((instance.name, self.env.now))
        return "paid"

    def call(self, source: Host, target: Endpoint) -> tuple[Any, float]:
        """Call now; return the answer or the kind of failure, and how long it took (no answer: None)."""
        seen: list[tuple[Any, float]] = []
        start = self.env.now
        endpoint = self.network.connect(source, target)

        def story() -> Generator[Any, Any, None]:
            try:
                response = yield from endpoint.call(Request())
            except CallFailed as failure:
                seen.append((type(failure).__name__, self.env.now - start))
            else:
                seen.append((response.value, self.env.now - start))

        caller = self.env.process(story())
        self.env.run(until=start + PATIENCE)
        caller.cancel()
        self.env.run(until=start + PATIENCE + 1.0)
        return seen[0] if seen else (None, PATIENCE)

    def pay(self) -> tuple[Any, float]:
        """Call the first instance from the web host."""
        return self.call(self.web, self.payment.instances[0])

    def log(self, *kinds: str) -> list[tuple[float, str, str, object]]:
        """Return when what happened to whom, and the mode."""
        return [
            (record.time, record.kind, record.subject, record.detail.get("mode"))
            for record in self.env.event_log.of_kind(*kinds)
        ]

    def faults_logged(self) -> list[tuple[float, str, str, object]]:
        return self.log("fault.start", "fault.end")


HEALTHY = ("paid", WAY + WORK + WAY)


@dataclass(frozen=True, slots=True)
class Sample:
    """One kind of fault: how to make one, what to look at, and what is seen while it lasts."""

    make: Callable[[World], Fault]
    look: Callable[[World], Any]
    trouble: Any
    kind: str
    subject: str

    def __repr__(self) -> str:
        return self.kind


def _clock_error(world: World) -> float:
    return world.hosts[0].clock() - world.env.now


SAMPLES = (
    Sample(
        lambda world: ProcessCrash(world.payment.instances[0]),
        World.pay,
        ("Refused", 2 * WAY),
        "process crash",
        "payment-1",
    ),
    Sample(lambda world: HostCrash(world.hosts[0]), World.pay, (None, PATIENCE), "host crash", "pay-1"),
    Sample(lambda world: PowerOutage(world.zones[0]), World.pay, (None, PATIENCE), "power outage", "eu-a"),
    Sample(
        lambda world: NetworkOutage(world.network, world.zones[0]),
        World.pay,
        (None, PATIENCE),
        "network outage",
        "eu-a",
    ),
    Sample(
        lambda world: NetworkPartition(world.network, world.web, world.hosts),
        World.pay,
        (None, PATIENCE),
        "partition",
        "web-1 - pay-1, pay-2",
    ),
    Sample(
        lambda world: LinkDelay(world.network, world.web, world.zones[0], 2.0),
        World.pay,
        ("paid", 2 * WAY + WORK + 4.0),
        "delay",
        "web-1 - eu-a",
    ),
    Sample(
        lambda world: LinkLoss(world.network, world.web, world.region, 1.0, one_way=True),
        World.pay,
        (None, PATIENCE),
        "packet loss",
        "web-1 -> eu",
    ),
    Sample(
        lambda world: SlowHost(world.hosts[0], 0.25),
        lambda world: world.hosts[0].speed,
        0.25,
        "slow host",
        "pay-1",
    ),
    Sample(lambda world: ClockSkew(world.hosts[0], -5.0), _clock_error, -5.0, "clock skew", "pay-1"),
    Sample(lambda world: ErrorBurst(world.payment), World.pay, ("ServerError", 2 * WAY), "errors", "payment"),
    Sample(
        lambda world: SlowAnswers(world.payment.instances[0], 3.0),
        World.pay,
        ("paid", 2 * WAY + WORK + 3.0),
        "slow answers",
        "payment-1",
    ),
    Sample(lambda world: DependencyOutage(world.payment), World.pay, (None, PATIENCE), "silent", "payment"),
    Sample(
        lambda world: DependencyOutage(world.payment, "errors"),
        World.pay,
        ("ServerError", 2 * WAY),
        "errors",
        "payment",
    ),
    Sample(
        lambda world: DependencyOutage(world.payment, "slow", delay=2.0),
        World.pay,
        ("paid", 2 * WAY + WORK + 2.0),
        "slow",
        "payment",
    ),
    Sample(
        lambda world: DependencyOutage(world.payment, "refused"),
        World.pay,
        ("Refused", 2 * WAY),
        "refused",
        "payment",
    ),
    Sample(
        lambda world: PoolLeak(world.pool, count=3),
        lambda world: world.pool.statistics().free_count,
        1,
        "pool leak",
        "orders",
    ),
    Sample(
        lambda world: Flapping(HostCrash(world.hosts[0]), up=1000.0, down=1000.0),
        World.pay,
        (None, PATIENCE),
        "flapping host crash",
        "pay-1",
    ),
    Sample(lambda world: DiskLoss(Disk(world.hosts[0])), World.pay, (None, PATIENCE), "disk loss", "pay-1"),
)
