"""Which resources a system has now, and what each is called in a text.

Hosts have cores, instances threads, paths with a bandwidth a wire. Pools and limiters are found where they
have a name, as parts of the system, and where they stand in front of what is called over the network. (What
a caller has put around a connection of its own nobody can find: give it a name.) Workers, too, are called by
nobody, and found as named parts, alone or as a pool, with the hosts that they stand on.

Resources that do the same are one in a text, "catalogue cores": the hosts of a service, its instances, the
links between two of those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ...endpoint import Wrapper
from ...infrastructure import Host
from ...network import Path
from ...resilience.bulkheads import Bulkhead, BulkheadPool, ThreadPoolBulkhead
from ...resilience.rate_limits import RateLimiter
from ...resilience.shedding import ConcurrencyLimiter
from ...services import Instance
from ...system import System
from ...workers import Backlog, Worker, WorkerPool
from .cores import HostCores
from .pools import LimiterPlaces, PoolPermits, PoolThreads
from .rate_limits import limiter_rate
from .resource import Resource
from .slots import MessagesInFlight, PoolSlots, WorkerSlots
from .threads import InstanceThreads
from .wires import PathWire

Kinds = Mapping[type, Callable[[Any], Resource | None]]
"""How a resource is made of an object of each type; `None` for one that has nothing to saturate."""

KINDS: Kinds = {
    Host: HostCores,
    Instance: InstanceThreads,
    Path: PathWire,
    BulkheadPool: PoolPermits,
    Bulkhead: lambda bulkhead: PoolPermits(bulkhead.pool),
    ThreadPoolBulkhead: PoolThreads,
    ConcurrencyLimiter: LimiterPlaces,
    RateLimiter: limiter_rate,
    Worker: WorkerSlots,
    WorkerPool: PoolSlots,
    Backlog: MessagesInFlight,
}
"""All kinds that there are."""


class Finder:
    """Finds the resources of `system`, of some `kinds`, again and again as the system changes."""

    def __init__(self, system: System, kinds: Kinds = KINDS) -> None:
        self._system = system
        self._kinds = kinds
        self._makers: dict[type, Callable[[Any], Resource | None] | None] = {}
        self._made: dict[object, Resource | None] = {}
        self._of_services: set[object] = set()
        self._on_ways: dict[object, Resource] = {}
        self._way_count = 0

    def find(self) -> dict[object, Resource]:
        """Return what there is now, by subject."""
        system = self._system
        instances = [instance for service in system.services.values() for instance in service.instances]
        self._of_services.update(instances)
        removed = self._of_services.difference(instances)
        found: dict[object, Resource] = {}
        self._add(found, system.hosts.values())
        self._add(found, instances)
        self._add(found, system.network.links)
        for part in system.parts.values():
            self._add(found, _inwards(part))
            self._add(found, (worker.host for worker in _workers(part) if not worker.host.is_gone))
        for subject, resource in self._reached().items():
            if subject not in removed:
                found.setdefault(subject, resource)
        return found

    def _reached(self) -> dict[object, Resource]:
        """Return what stands in front of what is called over the network, and that itself.

        Looked for only when there are new ways: in a large system there are many times more of them than
        hosts.
        """
        network = self._system.network
        if network.way_count != self._way_count:
            self._way_count = network.way_count
            for host in self._system.hosts.values():
                for reached in network.reached_from(host):
                    self._add(self._on_ways, _inwards(reached))
        return self._on_ways

    def _add(self, found: dict[object, Resource], things: Iterable[object]) -> None:
        for thing in things:
            resource = self._resource(thing)
            if resource is not None:
                found.setdefault(resource.subject, resource)

    def _resource(self, thing: object) -> Resource | None:
        make = self._maker(type(thing))
        if make is None:
            return None
        if thing not in self._made:
            self._made[thing] = make(thing)
        return self._made[thing]

    def _maker(self, found_type: type) -> Callable[[Any], Resource | None] | None:
        if found_type not in self._makers:
            makers = [make for kind, make in self._kinds.items() if issubclass(found_type, kind)]
            self._makers[found_type] = makers[0] if makers else None
        return self._makers[found_type]


def _inwards(thing: object) -> Iterator[object]:
    """Go from something through all that it stands around in the same process."""
    yield thing
    while isinstance(thing, Wrapper):
        thing = thing.target
        yield thing


def _workers(part: object) -> tuple[Worker, ...]:
    """Return the workers that a part is, or has, and that have not stopped."""
    workers = part.workers if isinstance(part, WorkerPool) else (part,) if isinstance(part, Worker) else ()
    return tuple(worker for worker in workers if not worker.instance.has_stopped)


class Names:
    """What resources are called: by the service, or the workers, that they are for, where there are any."""

    def __init__(self) -> None:
        self._services_on: dict[Host, dict[str, None]] = {}
        self._service_of: dict[Instance, str] = {}

    def learn(self, system: System) -> None:
        """Learn which service stands where now; what has been removed keeps its name."""
        for name, service in system.services.items():
            for instance in service.instances:
                self._learn(instance, name)
        for part in system.parts.values():
            for worker in _workers(part):
                self._learn(worker.instance, part.name)

    def _learn(self, instance: Instance, name: str) -> None:
        if instance not in self._service_of:
            self._service_of[instance] = name
            self._services_on.setdefault(instance.host, {})[name] = None

    def of(self, resource: Resource) -> str:
        """Return what a resource is called, together with those that do the same."""
        subject = resource.subject
        if isinstance(subject, Host):
            name = self._of_host(subject)
        elif isinstance(subject, Instance):
            name = self._service_of.get(subject, subject.name)
        elif isinstance(subject, Path):
            name = f"{self._of_host(subject.source)} to {self._of_host(subject.target)}"
        else:
            name = self._without_hosts(resource.name)
        return name if name.endswith(resource.kind) else f"{name} {resource.kind}"

    def _of_host(self, host: Host) -> str:
        return "+".join(self._services_on.get(host, ())) or host.name

    def _without_hosts(self, name: str) -> str:
        """Put services in place of the hosts that a name speaks of: there is one such part on each."""
        for host in sorted(self._services_on, key=lambda each: -len(each.name)):
            name = name.replace(host.name, self._of_host(host))
        return name
