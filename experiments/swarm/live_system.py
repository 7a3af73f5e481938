"""A system that runs: its parts, what is known of its calls, and what it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from models import Endpoint, Host, System
from models.balancing import Balancer
from models.network import Connection
from models.services import Instance, Service
from models.workload import Client
from simulator import Environment

from .detectors import Detection, ProbePort
from .hand_made_faults import BreakersByHand
from .part_kind import LivePart
from .plan import ClientPlan, ServicePlan, SystemPlan
from .wrapper_catalogue import Shelf


@dataclass(frozen=True, slots=True)
class LiveClient:
    """A client, its plan, and the longest that its calls may take (s; infinity: not known).

    `connections` are those on its way, also to instances that came later.
    """

    plan: ClientPlan
    client: Client
    bound: float
    connections: list[Connection]


@dataclass(slots=True)
class LiveSystem:
    """The parts of a system that runs; `others` are those of the plan's `parts`.

    `followed` says whose instances the targets of a balancer are.

    `is_limited` says whether every call in it is sure to end, however silent the network is: then it must run
    empty by itself when nobody asks any more. `tidy_instances` are those in which nothing is started that may
    outlive the call for which it was.
    """

    plan: SystemPlan
    env: Environment
    system: System
    clients: list[LiveClient] = field(default_factory=list)
    endpoints: list[Endpoint] = field(default_factory=list)
    shelf: Shelf = field(default_factory=Shelf)
    detections: list[Detection] = field(default_factory=list)
    followed: dict[Balancer, Service] = field(default_factory=dict)
    others: list[LivePart] = field(default_factory=list)
    tidy_instances: list[Instance] = field(default_factory=list)
    is_limited: bool = True

    @property
    def hosts(self) -> list[Host]:
        """All hosts."""
        return list(self.system.hosts.values())

    @property
    def parts(self) -> list[object]:
        """What is no endpoint: pools, budgets, switches, tables, faults, and who watches."""
        watching = [part for each in self.detections for part in each.parts]
        counting = [part for each in self.others for part in each.counting]
        return [*self.system.parts.values(), *watching, *counting]

    @property
    def moved_by_hand(self) -> set[str]:
        """The names of the breakers that a fault moves from state to state."""
        faults = [part for part in self.parts if isinstance(part, BreakersByHand)]
        return {breaker.name for fault in faults for breaker in fault.breakers}

    @property
    def instances(self) -> list[Instance]:
        """All instances of all services, also those that have stopped."""
        return [each for each in self.endpoints if isinstance(each, Instance)]

    @property
    def constant_latency(self) -> float:
        """How long messages are on their way where nothing happens to them (s; infinity: not known)."""
        latency = self.plan.latency
        return latency.mean if latency.law == "constant" else inf

    def probes_answered_by(self, instance: Instance) -> int:
        """How many of the calls that an instance has completed were probes."""
        ports = [each for each in self.endpoints if isinstance(each, ProbePort) and each.instance is instance]
        return sum(port.statistics().answered_count for port in ports)

    @property
    def background_count(self) -> int:
        """How many processes go on for ever until they are ended."""
        return self.shelf.background_count + sum(each.background_count for each in self.others)

    def instances_of(self, service: ServicePlan) -> list[Instance]:
        """All instances that a service has ever had."""
        return [each for each in self.instances if each.name.rpartition("-")[0] == service.name]
