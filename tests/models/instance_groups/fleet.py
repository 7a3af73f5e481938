"""A fleet: a group of instances on hosts of a pool, and calls to them."""

from __future__ import annotations

from math import inf
from typing import Any

from models import Call, CallFailed, Request, Response, Zone
from models.infrastructure import HostPool, HostType
from models.instance_groups import InstanceGroup
from models.services import Instance, Pause, Service
from simulator import Environment
from simulator.randomness import Constant

BOOT, START = 60.0, 10.0


class Fleet:
    """A group of a service whose calls take 5 s, on hosts of a pool; the first are there at the beginning."""

    def __init__(
        self,
        count: int = 2,
        *,
        host_count_max: float = inf,
        boot: Any = BOOT,
        start: float = START,
        **settings: Any,
    ) -> None:
        self.env = Environment(seed=1)
        self.zone = Zone("zone")
        self.pool = HostPool(
            self.env,
            "host",
            HostType(boot_time=boot, price=1.0),
            zones=[self.zone],
            host_count_max=host_count_max,
        )
        hosts = [self.pool.provision(boots=False) for _ in range(count)]
        self.service = Service(self.env, "shop", hosts, lambda host: Pause(Constant(5.0)), start_time=start)
        self.group = InstanceGroup(self.env, self.service, self.pool, count, **settings)
        self.ends: list[tuple[float, str]] = []

    def at(self, time: float, function: Any, *args: Any) -> None:
        self.env.call_later(time, function, *args)

    def call(self, instance: Instance) -> None:
        self.env.process(self._call(instance))

    def _call(self, instance: Instance) -> Call:
        try:
            yield from instance.call(Request("get"))
        except CallFailed as failure:
            self.ends.append((self.env.now, type(failure).__name__))
        else:
            self.ends.append((self.env.now, "ok"))
        return Response()

    def seen(self) -> tuple[int, int, int]:
        """Wanted, paid for, ready."""
        return self.group.desired_count, len(self.pool.hosts), self.group.ready_count

    def names(self) -> list[str]:
        return [instance.name for instance in self.group.instances]

    def kinds(self, *kinds: str) -> list[tuple[float, str]]:
        return [(record.time, record.kind) for record in self.env.event_log.of_kind(*kinds)]
