"""Systems drawn from a seed, swarm style.

Each system is allowed a random half of all features there are: kinds of wrappers, policies, faults and load,
a third of the kinds of other parts, and habits such as several zones or callers who give up. Within those it
draws freely. A generator that always allows everything makes systems that are all alike, and in which one
feature hides what another would show (where every queue is short nothing ever waits); it is the subsets that
make rare combinations, and absences, likely. Source: Groce, Zhang, Eide, Chen and Regehr, "Swarm Testing"
(ISSTA 2012).

In a system that is "in step" every time is a multiple of 50 ms: things happen at one instant, in an order
that nobody promises, and must be right all the same.

Leaves out: long runs and heavy load. A bug needs a combination more often than it needs a crowd, and small
systems are many.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any, TypeVar

from .choices import Names, OwnHosts, drawn
from .fault_catalogue import FAULTS, can_strike
from .fleet_drawing import with_fleet
from .part_kind import own_hosts
from .parts import PARTS
from .plan import (
    ClientPlan,
    ClosedLoadPlan,
    DependencyPlan,
    DurationPlan,
    FaultPlan,
    HealthChecksPlan,
    HostPlan,
    Keys,
    LoadPlan,
    OpenLoadPlan,
    PartPlan,
    RackPlan,
    ReplayedLoadPlan,
    RequestPlan,
    Scheduling,
    ScriptedLoadPlan,
    ServicePlan,
    Shape,
    SystemPlan,
    Value,
    WayPlan,
    WrapperPlan,
)
from .plan_rules import hosts_for, unmanaged
from .policy_catalogue import POLICIES
from .wrapper_catalogue import WRAPPERS

_Item = TypeVar("_Item")

LOADS = ("open", "closed", "scripted", "replayed")
SHAPES: tuple[Shape, ...] = ("steady", "flash crowd", "steps")
HABITS = (
    "balancers on hosts",
    "bursts",
    "callers on hosts",
    "callers who give up",
    "cancellation that travels",
    "cuts",
    "datagrams",
    "fair shares",
    "guards",
    "health checks",
    "in parallel",
    "in step",
    "late news",
    "links with wrappers",
    "long chains of wrappers",
    "no time limits",
    "optional dependencies",
    "orders",
    "outlier ejection",
    "processor sharing",
    "racks",
    "short queues",
    "zones",
)
# Rarer than the others: without time limits a system need not run empty, which is much of what is checked.
_RARE = {"no time limits": 0.2}
# Each makes a system larger: of those with several there must be some, and not only such.
_SHARE_OF_PARTS = 0.3
_CALM = 0.4  # of the systems in which something is ordered: nothing else happens there
_OF_PARTS = 0.4  # how often trouble is sought where other parts than services are
_PARTS_FAULTS = {fault for kind in PARTS.values() for fault in kind.faults}
_CUTTING = ("network_outage", "partition", "power_outage")
_GRID = 0.05
_KEYS: tuple[Keys, ...] = ("none", "few", "own")
_FEW_KEYS = (None, "a", "b")


def draw_plan(seed: int) -> SystemPlan:
    """Return the system of a seed: always the same one, as long as the catalogues are."""
    return with_fleet(_Drawing(seed).plan(), seed)


class _Drawing:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        # What is in the system is drawn here, what happens in it by the environment's own streams.
        self.random = random = Random(seed)
        self.habits = {habit for habit in HABITS if random.random() < _RARE.get(habit, 0.5)}
        self.kinds = {
            side: _some(random, [name for name, kind in WRAPPERS.items() if side in kind.sides])
            for side in ("caller", "server")
        }
        self.policies = _some(random, list(POLICIES)) or [next(iter(POLICIES))]
        self.faults = _some(random, [name for name, kind in FAULTS.items() if not kind.is_order])
        small = [name for name, kind in PARTS.items() if not kind.needs_fleet]
        self.parts = [name for name in small if random.random() < _SHARE_OF_PARTS]
        self.loads = _some(random, LOADS) or list(LOADS)
        self.load_end = random.choice([4.0, 10.0])
        self.wrapper_count = 0
        self.zones: tuple[str, ...] = ()
        self.racks: tuple[RackPlan, ...] = ()
        self.hosts: list[HostPlan] = []
        self.links: list[tuple[str, str]] = []
        self.can_be: dict[Value, list[str]] = {}
        self.own_hosts: list[str] = []

    def plan(self) -> SystemPlan:
        if "zones" in self.habits:
            self.zones = tuple(f"zone-{number}" for number in range(1, self.random.randint(2, 4)))
        if "racks" in self.habits:
            self.racks = tuple(
                RackPlan(name=f"rack-{number} in {zone}", zone=zone)
                for zone in self.zones
                for number in (1, 2)
            )
        services: list[ServicePlan] = []
        for number in range(self.random.randint(1, 3)):
            services.append(self._service(f"service-{number + 1}", services))
        if "orders" in self.habits:
            services[-1] = self._taking_orders(services[-1])
        clients = tuple(
            self._client(f"client-{number + 1}", self._asked(services))
            for number in range(self.random.randint(1, 3))
        )
        parts = self._parts([service.name for service in services])
        asked = [part.name for part in parts if PARTS[part.kind].is_asked]
        clients += tuple(self._client(f"asker of {name}", name, is_part=True) for name in asked)
        plan = SystemPlan(
            seed=self.seed,
            load_end=self.load_end,
            latency=self._duration(0.002, 0.01, _GRID),
            zones=self.zones,
            racks=self.racks,
            hosts=tuple(self.hosts),
            services=tuple(services),
            parts=parts,
            clients=clients,
        )
        self.links = _links(plan)
        self.can_be = {name: hosts_for(plan, name) for name in Names.of(plan).services}
        return plan.model_copy(update={"faults": self._troubles(plan)})

    # -- what there is

    def _host(self, name: str, *, is_fair: bool = False) -> str:
        random = self.random
        # Some stand outside of all of them: users do.
        zone = random.choice((*self.zones, None))
        racks = [rack.name for rack in self.racks if rack.zone == zone]
        shares: Scheduling = "processor-sharing" if self._has("processor sharing") else "first-come"
        self.hosts.append(
            HostPlan(
                name=name,
                zone=zone,
                rack=random.choice((*racks, None)) if racks else None,
                cores=random.choice([1, 2, 4]),
                scheduling="fair-share" if is_fair else shares,
                boot_time=random.choice([0.0, 0.5]),
            )
        )
        return name

    def _service(self, name: str, others: Sequence[ServicePlan]) -> ServicePlan:
        random = self.random
        is_fair = self._has("fair shares")
        fair = [host.name for host in self.hosts if host.scheduling == "fair-share"]
        hosts = tuple(
            # What shares fairly is there to be shared.
            fair.pop()
            if is_fair and fair and random.random() < 0.5
            else self._host(f"{name}-host-{number + 1}", is_fair=is_fair)
            for number in range(random.randint(1, 3))
        )
        dependencies = tuple(
            DependencyPlan(
                way=self._way(other.name),
                required=not self._has("optional dependencies"),
            )
            for other in others
            if random.random() < 0.6
        )
        return ServicePlan(
            name=name,
            hosts=hosts,
            demand=self._duration(0.01, _GRID, 0.2),
            together="in parallel" if self._has("in parallel") else "in sequence",
            dependencies=dependencies,
            guards=self._chain("server", self._length(3)) if "guards" in self.habits else (),
            threads=random.choice([1, 2, 8]),
            cpu_weight=random.choice([1.0, 0.25, 4.0]) if is_fair else 1.0,
            cpu_quota=random.choice([None, 0.5, 1.5]) if is_fair else None,
            queue_size_max=random.choice([0, 2]) if "short queues" in self.habits else None,
        )

    def _taking_orders(self, service: ServicePlan) -> ServicePlan:
        """Let a service have effects, and mostly what it takes to have each of them once."""
        if self.random.random() < 0.3:
            return service.model_copy(update={"has_effects": True})
        store = self._wrapper("idempotency_store")
        once = {"is_durable": True, "ttl": None, "capacity": None}
        store = store.model_copy(update={"parameters": {**store.parameters, **once}})
        return service.model_copy(
            update={"has_effects": True, "hosts": service.hosts[:1], "guards": (*service.guards, store)}
        )

    def _parts(self, services: Sequence[str]) -> tuple[PartPlan, ...]:
        """Return the other parts; each service has one at most that manages it."""
        free = list(services)
        parts: list[PartPlan] = []
        for kind in self.parts:
            manages = PARTS[kind].manages
            if manages and not free:
                continue
            names = Names(services=tuple(free if manages else services))
            part = PartPlan(kind=kind, name=kind, parameters=self._part_parameters(kind, names))
            if manages:
                free.remove(str(part.parameters["service"]))
            parts.append(part)
        return tuple(parts)

    def _part_parameters(self, kind: str, names: Names) -> dict[str, Value]:
        own = {
            name: tuple(
                self._host(f"{kind} {name} {number}")
                for number in range(1, self.random.randint(each.least, each.most) + 1)
            )
            for name, each in PARTS[kind].parameters.items()
            if isinstance(each, OwnHosts)
        }
        others = {name: each for name, each in PARTS[kind].parameters.items() if name not in own}
        self.own_hosts += [host for hosts in own.values() for host in hosts]
        return {**{name: hosts for name, hosts in own.items() if hosts}, **drawn(others, self.random, names)}

    def _way(self, service: str) -> WayPlan:
        random = self.random
        wrappers = list(self._chain("caller", self._length(4 if self._has("long chains of wrappers") else 2)))
        if not self._has("no time limits"):
            limit = self._wrapper("timeout")
            wrappers.insert(random.randint(0, len(wrappers)), limit)
        links: tuple[WrapperPlan, ...] = ()
        if "links with wrappers" in self.habits:
            links = self._chain("caller", self._length(2))
        balancer_host = None
        if self._has("balancers on hosts"):
            balancer_host = random.choice(self.hosts).name
            # What the balancer waits for must end, too.
            links = links if self._has("no time limits") else (self._wrapper("timeout"), *links)
        return WayPlan(
            service=service,
            wrappers=tuple(wrappers),
            policy=random.choice(self.policies),
            links=links,
            balancer_host=balancer_host,
            discovery_delay=random.choice([_GRID, 0.5]) if self._has("late news") else 0.0,
            **self._detection(),
            transport="datagram" if self._has("datagrams") else "tcp",
            propagate_cancellation=self._has("cancellation that travels"),
        )

    def _detection(self) -> dict[str, Any]:
        """Return how a way finds out who is ill."""
        random = self.random
        found: dict[str, Any] = {"ejects_outliers": True} if self._has("outlier ejection") else {}
        if self._has("health checks"):
            found["health_checks"] = HealthChecksPlan(
                interval=random.choice([1.0, 0.25]),
                timeout=random.choice([0.5, 0.1]),
                strikes=random.choice([2, 1, 3]),
            )
        return {**found, "panic_threshold": random.choice([0.5, 0.0])} if found else {}

    def _length(self, at_most: int) -> int:
        return self.random.randint(0, at_most)

    def _chain(self, side: str, length: int) -> tuple[WrapperPlan, ...]:
        kinds = self.kinds[side]
        return tuple(self._wrapper(self.random.choice(kinds)) for _ in range(length if kinds else 0))

    def _wrapper(self, kind: str) -> WrapperPlan:
        self.wrapper_count += 1
        parameters = drawn(WRAPPERS[kind].parameters, self.random, Names())
        return WrapperPlan(kind=kind, name=f"{kind}-{self.wrapper_count}", parameters=parameters)

    # -- what is asked of it

    def _asked(self, services: Sequence[ServicePlan]) -> str:
        # Mostly the last service, which needs the others.
        return (services[-1] if self.random.random() < 0.7 else self.random.choice(services)).name

    def _client(self, name: str, service: str, *, is_part: bool = False) -> ClientPlan:
        host = self._host(f"{name}-host")
        way = self._way(service)
        if is_part:
            # A probe would be a job, or go to whom it finds.
            way = way.model_copy(update={"health_checks": None})
        elif "orders" in self.habits and self.random.random() < 0.8:
            # What is worth a key is worth asking again.
            again = [self._wrapper("retry")] if self.random.random() < 0.5 else []
            wrappers = (self._wrapper("idempotency_key"), *again, *way.wrappers)
            way = way.model_copy(update={"wrappers": wrappers})
        return ClientPlan(name=name, host=host, way=way, load=self._load(name))

    def _load(self, client: str) -> LoadPlan:
        random = self.random
        kind = random.choice(self.loads)
        priorities_count = random.choice([1, 3])
        keys: Keys = "own" if "orders" in self.habits else random.choice(_KEYS)
        if kind == "open":
            return OpenLoadPlan(
                kind="open",
                rate=random.choice([2.0, 8.0, 25.0]),
                until=self.load_end,
                shape=random.choice(SHAPES),
                priorities_count=priorities_count,
                keys=keys,
            )
        if kind == "replayed":
            return self._replay()
        if kind == "closed":
            return ClosedLoadPlan(
                kind="closed",
                users_count=random.choice([1, 4, 12]),
                think_time=self._duration(0.5, 1.0),
                until=self.load_end,
                priorities_count=priorities_count,
                keys=keys,
            )
        return ScriptedLoadPlan(
            kind="scripted", requests=self._requests(client), on_host=self._has("callers on hosts")
        )

    def _replay(self) -> ReplayedLoadPlan:
        random = self.random
        speed_up = random.choice([1.0, 4.0])
        return ReplayedLoadPlan(
            kind="replayed",
            times=tuple(
                sorted(self._time(0.0, speed_up * self.load_end) for _ in range(random.randint(1, 40)))
            ),
            speed_up=speed_up,
            keys="own" if "orders" in self.habits else random.choice(["none", "own"]),
        )

    def _requests(self, client: str) -> tuple[RequestPlan, ...]:
        random = self.random
        requests: list[RequestPlan] = []
        has_own_keys = "orders" in self.habits or random.random() < 0.5
        for _ in range(random.randint(1, 15)):
            time = self._time(0.0, self.load_end)
            for _ in range(random.choice([1, 3, 10]) if "bursts" in self.habits else 1):
                gives_up = "callers who give up" in self.habits and random.random() < 0.4
                requests.append(
                    RequestPlan(
                        time=time,
                        ended_after=random.choice([0.0, 0.01, _GRID, 0.3]) if gives_up else None,
                        ended_by=random.choice(["cancel", "kill"]) if gives_up else "cancel",
                        priority=random.choice([0, 0, 2]),
                        key=f"{client}: {len(requests) + 1}" if has_own_keys else random.choice(_FEW_KEYS),
                    )
                )
        return tuple(sorted(requests, key=lambda request: request.time))

    # -- what goes wrong

    def _kind(self, kinds: Sequence[str]) -> str:
        # Of all the kinds there are few cut a way, and most that there is to be seen is behind a cut; and few
        # strike a part.
        wanted = [kind for kind in kinds if kind in _CUTTING] if self._has("cuts") else []
        if not wanted and self.random.random() < _OF_PARTS:
            wanted = [kind for kind in kinds if kind in _PARTS_FAULTS]
        return self.random.choice(wanted or kinds)

    def _troubles(self, plan: SystemPlan) -> tuple[FaultPlan, ...]:
        """Return what is ordered of parts, and what goes wrong."""
        names = Names.of(plan)
        kinds = [
            kind
            for kind, each in FAULTS.items()
            if each.is_order and can_strike(kind, names)
            for _ in range(self.random.randint(1, 3))
        ]
        free = replace(names, services=tuple(unmanaged(plan)))
        may_strike = [kind for kind in self.faults if can_strike(kind, _those_for(kind, names, free))]
        if may_strike and not (kinds and self.random.random() < _CALM):
            kinds += [self._kind(may_strike) for _ in range(self.random.randint(0, 5))]
        return tuple(
            self._fault(kind, number, _those_for(kind, names, free)) for number, kind in enumerate(kinds)
        )

    def _fault(self, kind: str, number: int, names: Names) -> FaultPlan:
        start = self._time(0.0, 0.8 * self.load_end)
        parameters = drawn(FAULTS[kind].parameters, self.random, names)
        if {"source", "target"} <= set(parameters) and self.random.random() < 0.7:
            # Of any two hosts most have nothing to say to each other.
            parameters["source"], parameters["target"] = self.random.choice(self.links)
        if "host" in parameters and self.own_hosts and self.random.random() < _OF_PARTS:
            parameters["host"] = self.random.choice(self.own_hosts)
        if kind == "instance_added" and parameters["host"] not in (
            can_be := self.can_be[parameters["service"]]
        ):
            parameters["host"] = self.random.choice(can_be)
        return FaultPlan(
            kind=kind,
            name=f"{kind}-{number + 1}",
            start=start,
            end=min(self.load_end, round(start + self._time(0.0, 0.5 * self.load_end), 3)),
            parameters=parameters,
        )

    # -- numbers

    def _has(self, habit: str) -> bool:
        """Whether to follow a habit here: one that the system has is followed half of the time."""
        return habit in self.habits and self.random.random() < 0.5

    def _time(self, low: float, high: float) -> float:
        time = self.random.uniform(low, high)
        # Few digits, for whoever reads the plan.
        return round(round(time / _GRID) * _GRID, 2) if "in step" in self.habits else round(time, 3)

    def _duration(self, *means: float) -> DurationPlan:
        mean = self.random.choice(means)
        if "in step" in self.habits:
            return DurationPlan(mean=max(_GRID, mean))
        return DurationPlan(mean=mean, law=self.random.choice(["constant", "exponential", "lognormal"]))


def _some(random: Random, features: Sequence[str] | Mapping[str, object]) -> list[str]:
    return [feature for feature in features if random.random() < 0.5]


def _links(plan: SystemPlan) -> list[tuple[str, str]]:
    """Return who calls whom, and the other way round, by hosts; all hosts of a part call each other."""
    hosts = {service.name: service.hosts for service in plan.services}
    parts = {part.name: own_hosts(part) for part in plan.parts}
    hosts |= parts
    callers: list[tuple[tuple[str, ...], str]] = [
        ((client.host,), client.way.service) for client in plan.clients
    ]
    callers += [
        (service.hosts, dependency.way.service)
        for service in plan.services
        for dependency in service.dependencies
    ]
    callers += [(own, name) for name, own in parts.items()]
    callers += [
        (parts[part.name], str(part.parameters["service"]))
        for part in plan.parts
        if "service" in part.parameters
    ]
    there = [(one, other) for ones, name in callers for one in ones for other in hosts[name] if one != other]
    return there + [(other, one) for one, other in there]


def _those_for(kind: str, names: Names, free: Names) -> Names:
    """Return the names that a kind of fault may strike: instances are not taken from who manages them."""
    return free if FAULTS[kind].changes_instances else names
