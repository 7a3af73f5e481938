"""A plan turned into a live system: its parts are there, its load and its faults are in the schedule.

Whatever a service needs is reached from each of its hosts over connections, balancers and wrappers of that
host's own. What is known of calls beforehand, how long they may take and whether they are sure to end, is
worked out on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

from models import Endpoint, Host, Network, System
from models.balancing import Balancer, Connect, Policy, follow
from models.balancing.health_checks import HEALTH
from models.network import Connection
from models.resilience.idempotency import Effect, EffectLog
from models.services import Dependency, Instance, Service, Step, Work, by_operation, in_parallel, in_sequence
from simulator import Environment

from .choices import Names, completed
from .detectors import PROBE_WORK, detect
from .fault_catalogue import FAULTS
from .live_system import LiveClient, LiveSystem
from .part_kind import LivePart, at, probed_services
from .parts import PARTS
from .plan import (
    REGION,
    ClientPlan,
    DependencyPlan,
    PartPlan,
    ServicePlan,
    SystemPlan,
    WayPlan,
    WrapperPlan,
)
from .plan_rules import require_sound
from .planned_load import start_load
from .policy_catalogue import POLICIES
from .wrapper_catalogue import WRAPPERS, Site, WrapperKind


@dataclass(frozen=True, slots=True)
class _Way:
    """An endpoint, and what is known of its calls.

    `bound` is the longest that they may take (infinity: not known). `ends` says whether they are sure to end,
    and `is_limited` whether all that they start is. `connections` are those on it.
    """

    endpoint: Endpoint
    connections: list[Connection] = field(default_factory=list)
    bound: float = inf
    ends: bool = False
    is_limited: bool = True

    def wrapped(self, endpoint: Endpoint, kind: WrapperKind, given: dict[str, Any]) -> _Way:
        """Return the way with one more wrapper around it."""
        return _Way(
            endpoint,
            self.connections,
            bound=kind.bound(self.bound, **given),
            ends=self.ends or kind.limits,
            is_limited=self.is_limited and (self.ends or not kind.detaches),
        )


def build(plan: SystemPlan, *, trace: bool = False) -> LiveSystem:
    """Build the system that `plan` describes, with a trace digest if asked for.

    Raises Misuse for a plan that cannot be built, naming the place in it, the value and the rule.
    """
    require_sound(plan)
    return _Builder(plan, trace=trace).build()


class _Builder:
    def __init__(self, plan: SystemPlan, *, trace: bool) -> None:
        self.plan = plan
        self.names = Names.of(plan)
        env = Environment(seed=plan.seed, trace=trace)
        network = Network(env, latencies=plan.latency.distribution())
        self.live = LiveSystem(plan, env, System(env, network=network))

    def build(self) -> LiveSystem:
        plan, system = self.plan, self.live.system
        region = system.add_region(REGION)
        for zone in plan.zones:
            system.add_zone(zone, region)
        for rack in plan.racks:
            system.add_rack(rack.name, system.zone(rack.zone))
        for index, host in enumerate(plan.hosts):
            with at(f"hosts.{index}"):
                system.add_host(
                    host.name,
                    system.zone(host.zone) if host.zone is not None else None,
                    rack=system.rack(host.rack) if host.rack is not None else None,
                    cores=host.cores,
                    scheduling=host.scheduling,
                    boot_time=host.boot_time,
                    speed=host.speed,
                    memory_gib=inf if host.memory_gib is None else host.memory_gib,
                )
        for index, service in enumerate(plan.services):
            self.add_service(f"services.{index}", service)
        for index, part in enumerate(plan.parts):
            self._add_part(f"parts.{index}.parameters", part)
        for index, client in enumerate(plan.clients):
            self._add_client(f"clients.{index}", client)
        for live_part in self.live.others:
            live_part.complete(self.live)
        for index in range(len(plan.faults)):
            self._plan_fault(index)
        return self.live

    # -- services

    def add_service(self, place: str, service: ServicePlan) -> Service:
        """Add a service of the plan, or of a part."""
        system = self.live.system
        together = in_sequence if service.together == "in sequence" else in_parallel
        effects = system.add_part(f"effects of {service.name}", EffectLog())

        probed = self.plan.checked_services() | probed_services(self.plan.parts, PARTS)
        is_checked = service.name in probed
        made: dict[Host, int] = {}

        def make_handler(host: Host) -> Step:
            made[host] = made.get(host, 0) + 1
            # On one host there may be several, one after the other too.
            caller = f"{service.name} on {host.name}" + (f" #{made[host]}" if made[host] > 1 else "")
            needed = [
                Dependency(
                    self._need(f"{place}.dependencies.{index}.way", host, caller, dependency.way),
                    required=dependency.required,
                    name=dependency.way.service,
                )
                for index, dependency in enumerate(service.dependencies)
            ]
            steps: list[Step] = [Work(service.demand.distribution()), *needed]
            step = together(*steps) if needed else steps[0]
            if service.has_effects:
                step = in_sequence(step, Effect(effects))
            return by_operation({HEALTH: Work(PROBE_WORK)}, otherwise=step) if is_checked else step

        def front(instance: Instance) -> Endpoint:
            self.live.endpoints.append(instance)
            if not service.guards and not any(map(_detaches, service.dependencies)):
                self.live.tidy_instances.append(instance)
            way = self._wrapped(
                f"{place}.guards",
                _Way(instance),
                instance.host,
                instance.name,
                service.guards,
                side_by_side=f"guards of {instance.name}",
            )
            return way.endpoint

        with at(place):
            return system.add_service(
                service.name,
                [system.host(name) for name in service.hosts],
                make_handler,
                front=front,
                threads=service.threads,
                queue_size_max=service.waiting_max,
                resources=service.resources,
            )

    def _need(self, place: str, host: Host, caller: str, plan: WayPlan) -> Endpoint:
        way = self._way(place, host, caller, plan)
        self._note(way)
        return way.endpoint

    def _note(self, way: _Way) -> None:
        """Note whether what begins on this way is sure to end."""
        self.live.is_limited = self.live.is_limited and way.is_limited and way.ends

    # -- other parts

    def _add_part(self, place: str, plan: PartPlan) -> None:
        live, kind = self.live, PARTS[plan.kind]
        given = completed(kind.parameters, plan.parameters, place, self.names)
        with at(place):
            part = live.system.add_part(plan.name, kind.build(self, plan, **given))
        live.others.append(part)
        live.endpoints += part.endpoints

    def _asked(self, name: str) -> LivePart | None:
        """Return the part of that name, if it is one and no service."""
        return next((part for part in self.live.others if part.name == name), None)

    def inner_way(self, host: Host, caller: str, plan: WayPlan, *, policy: Policy | None = None) -> Endpoint:
        """Build a way to a service that no client and no service has in the plan, and note what is known."""
        way = self._way(caller, host, caller, plan, policy)
        self._note(way)
        return way.endpoint

    # -- ways

    def _way(self, place: str, host: Host, caller: str, plan: WayPlan, policy: Policy | None = None) -> _Way:
        """Build the way from `host`, where `caller` is, to a service."""
        live = self.live
        standing = host if plan.balancer_host is None else live.system.host(plan.balancer_host)
        connections: list[Connection] = []
        links: list[_Way] = []
        reached: dict[Endpoint, Instance] = {}

        def linked(way: Endpoint, name: str) -> Endpoint:
            link = self._wrapped(
                f"{place}.links",
                _Way(way),
                standing,
                f"{caller} to {name}",
                plan.links,
                side_by_side=f"links of {caller}",
            )
            links.append(link)
            return link.endpoint

        def connect(instance: Instance) -> Endpoint:
            connection = self.connect(standing, live.system.front_of(instance), plan)
            connections.append(connection)
            link = linked(connection, instance.name)
            reached[link] = instance
            return link

        name = f"balancer of {caller} to {plan.service}"
        balancer = self._balancer(standing, name, plan, policy or POLICIES[plan.policy])
        if (part := self._asked(plan.service)) is not None:
            balancer.add(linked(part.connect(self, standing, plan), part.name))
        else:
            self._follow(balancer, plan, connect)
        self._detect(standing, plan, balancer, reached)
        is_limited = all(link.is_limited for link in links)
        ends = all(link.ends for link in links)
        if standing is host:
            bound = max((link.bound for link in links), default=inf)
            way = _Way(balancer, connections, bound, ends, is_limited)
        else:
            # What waits there for an answer has nobody but the links to tell it that none will come.
            connection = self.connect(host, balancer, plan)
            connections.append(connection)
            way = _Way(connection, connections, is_limited=is_limited and ends)
        side_by_side = f"wrappers of {caller}"
        return self._wrapped(f"{place}.wrappers", way, host, caller, plan.wrappers, side_by_side=side_by_side)

    def _balancer(self, standing: Host, name: str, plan: WayPlan, policy: Policy) -> Balancer:
        live = self.live
        balancer = Balancer(
            live.env,
            [],
            policy=policy,
            host=standing,
            panic_threshold=plan.panic_threshold,
            fails_in_panic=plan.fails_in_panic,
            name=name,
        )
        live.endpoints.append(balancer)
        return balancer

    def _follow(self, balancer: Balancer, plan: WayPlan, connect: Connect) -> None:
        service = self.live.followed[balancer] = self.live.system.service(plan.service)
        follow(self.live.env, balancer, service, connect, delay=plan.discovery_delay)
        if balancer.policy.uses_weights:
            for weight, target in enumerate(balancer.targets, 1):
                balancer.set_weight(target, weight)

    def _detect(
        self, standing: Host, plan: WayPlan, balancer: Balancer, reached: dict[Endpoint, Instance]
    ) -> None:
        live = self.live

        def connect(port: Endpoint) -> Connection:
            live.endpoints.append(port)
            return self.connect(standing, port, plan)

        if plan.health_checks is not None or plan.ejects_outliers:
            detection = detect(
                live.env,
                plan,
                balancer,
                connect=connect,
                instance_of=reached.__getitem__,
                latency=live.constant_latency,
            )
            live.detections.append(detection)

    def connect(self, source: Host, target: Endpoint, plan: WayPlan) -> Connection:
        system = self.live.system
        connection = system.network.connect(
            source,
            target,
            transport=plan.transport,
            propagate_cancellation=plan.propagate_cancellation,
        )
        system.connections.append(connection)
        self.live.endpoints.append(connection)
        return connection

    def _wrapped(
        self,
        place: str,
        way: _Way,
        host: Host,
        owner: str,
        plans: Sequence[WrapperPlan],
        *,
        side_by_side: str,
    ) -> _Way:
        """Put wrappers around the end of a way, the innermost of which comes last in `plans`.

        Chains with the same `side_by_side` are never inside each other.
        """
        used: set[str] = set()
        for index, plan in reversed(list(enumerate(plans))):
            kind = WRAPPERS[plan.kind]
            here = f"{place}.{index}"
            given = completed(kind.parameters, plan.parameters, f"{here}.parameters", self.names)
            name = f"{plan.name} of {owner}"
            site = Site(self.live.system, host, name, self.live.shelf, side_by_side, used)
            with at(f"{here}.parameters"):
                endpoint = kind.build(site, way.endpoint, **given)
            self.live.endpoints += [*self.live.shelf.endpoints, endpoint]
            self.live.shelf.endpoints.clear()
            way = way.wrapped(endpoint, kind, given)
        return way

    # -- load

    def _add_client(self, place: str, plan: ClientPlan) -> None:
        live = self.live
        host = live.system.host(plan.host)
        way = self._way(f"{place}.way", host, plan.name, plan.way)
        self._note(way)
        target = way.endpoint
        if (part := self._asked(plan.way.service)) is not None:
            target = part.front(target, plan.name)
            if target is not way.endpoint:
                live.endpoints.append(target)
        with at(f"{place}.load"):
            client = start_load(live.env, plan, target, host, self.plan.load_end)
        live.clients.append(LiveClient(plan, client, way.bound, way.connections))

    # -- faults

    def _plan_fault(self, index: int) -> None:
        plan, live = self.plan.faults[index], self.live
        kind = FAULTS[plan.kind]
        place = f"faults.{index}.parameters"
        given = completed(kind.parameters, plan.parameters, place, self.names)
        end = min(plan.end, self.plan.load_end)
        if plan.start >= self.plan.load_end:
            return
        if kind.ends_by_itself:
            given["until"] = end
        with at(place):
            fault = kind.build(live.system, plan.name, **given)
            live.system.add_part(plan.name, fault)
        live.is_limited = live.is_limited and not kind.leaves_callers
        live.env.call_later(plan.start, fault.inject)
        live.env.call_later(end, fault.heal)


def _detaches(dependency: DependencyPlan) -> bool:
    """Return whether something on the way to a dependency may go on when its caller has gone."""
    return any(WRAPPERS[wrapper.kind].detaches for wrapper in dependency.way.all_wrappers)
