"""Fleets, drawn beside a system: many hosts over several zones and racks, and the parts that need them.

What chooses among zones, or places by racks, says nothing where two hosts stand in one zone. So some systems
get a fleet: hosts in at least two zones, of different sizes and speeds, with a service on them where one is
needed; the kinds of parts that `needs_fleet` is said of, each in a fifth of all systems or more; somebody who
asks them often enough to see shares; and some trouble of its own: zones and racks that are lost, hosts, and
the ways between them.

A fleet is drawn from a stream of its own, after everything else, and adds to a plan without a change to what
is there: the plans of seeds are, but for what is added, what they were before there were fleets. Where only
what is ordered happens in a system it stays so, for the laws that hold in a calm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

from .choices import Names, OwnHosts, drawn
from .fault_catalogue import FAULTS, can_strike
from .part_kind import PartKind
from .parts import PARTS
from .plan import (
    ClientPlan,
    ClosedLoadPlan,
    DurationPlan,
    FaultPlan,
    HostPlan,
    Keys,
    LoadPlan,
    OpenLoadPlan,
    PartPlan,
    RackPlan,
    ServicePlan,
    SystemPlan,
    Value,
    WayPlan,
    WrapperPlan,
)

_SHARES = {"localities": 0.3}  # choices among zones are of many kinds
_SHARE = 0.2  # of each other kind
_SERVICE = "fleet"
_ZONES = ("zone-1", "zone-2", "zone-3")
_RACKS_COUNT = 2  # of a zone
_OF_AREAS = 0.3  # of the troubles
_LOSSES = ("power_outage", "network_outage")
# The first more often than others: some of a fleet that are ill are what there is to be seen.
_TROUBLES = (
    "process_crash",
    "process_crash",
    "process_crash",
    "host_crash",
    "flapping_host",
    "host_chaos",
    "zone_chaos",
    "instance_replaced",
    "slow_host",
    "partition",
    "loss",
    "delay",
    "errors",
    "slow_answers",
)
_TROUBLES_COUNTS = (0, 2, 3, 5)


def with_fleet(plan: SystemPlan, seed: int) -> SystemPlan:
    """Return the plan of a seed with a fleet, if one is drawn; else the plan itself."""
    random = Random(f"fleet of {seed}")
    kinds = {
        name: kind
        for name, kind in PARTS.items()
        if kind.needs_fleet and random.random() < _SHARES.get(name, _SHARE)
    }
    return _Fleet(plan, random).plan(kinds) if kinds else plan


class _Fleet:
    def __init__(self, plan: SystemPlan, random: Random) -> None:
        self.base = plan
        self.random = random
        self.zones = tuple(dict.fromkeys([*plan.zones, *_ZONES[: random.choice([2, 3, 3])]]))
        self.racks = plan.racks
        if random.random() < 0.6:
            there = {rack.name for rack in plan.racks}
            self.racks += tuple(
                RackPlan(name=name, zone=zone)
                for zone in self.zones
                for number in range(1, _RACKS_COUNT + 1)
                if (name := f"rack-{number} in {zone}") not in there
            )
        self.hosts: list[HostPlan] = []
        self.memories = random.choice([(None,), (2.0, 4.0), (1.0, 3.0, None)])

    def plan(self, kinds: dict[str, PartKind]) -> SystemPlan:
        base = self.base
        services: list[ServicePlan] = []
        if any("service" in kind.parameters for kind in kinds.values()):
            services.append(self._service())
        names = Names(services=tuple(service.name for service in services))
        parts = [self._part(name, kind, names) for name, kind in kinds.items()]
        askers = [self._asker(part.name) for part in parts if PARTS[part.kind].is_asked]
        plan = base.model_copy(
            update={
                "zones": self.zones,
                "racks": self.racks,
                "hosts": (*base.hosts, *self.hosts),
                "services": (*base.services, *services),
                "parts": (*base.parts, *parts),
                "clients": (*base.clients, *askers),
            }
        )
        return plan.model_copy(update={"faults": (*base.faults, *self._faults(plan))})

    # -- what there is

    def _host(self, name: str, number: int) -> str:
        random = self.random
        # The first two stand in two zones.
        zone = self.zones[number] if number < 2 else random.choice(self.zones)
        racks = [rack.name for rack in self.racks if rack.zone == zone]
        self.hosts.append(
            HostPlan(
                name=f"{name} {number + 1}",
                zone=zone,
                rack=random.choice((*racks, None)) if racks else None,
                cores=random.choice([1, 2, 4]),
                boot_time=random.choice([0.0, 0.5]),
                speed=random.choice([1.0, 0.5, 2.0]),
                memory_gib=random.choice(self.memories),
            )
        )
        return self.hosts[-1].name

    def _service(self) -> ServicePlan:
        random = self.random
        return ServicePlan(
            name=_SERVICE,
            hosts=tuple(self._host(f"{_SERVICE}-host", number) for number in range(random.randint(3, 8))),
            demand=DurationPlan(
                mean=random.choice([0.005, 0.05]), law=random.choice(["constant", "exponential"])
            ),
            threads=random.choice([2, 8]),
        )

    def _part(self, name: str, kind: PartKind, names: Names) -> PartPlan:
        own: dict[str, Value] = {
            each: tuple(
                self._host(f"{name} {each}", number)
                for number in range(self.random.randint(hosts.least, hosts.most))
            )
            for each, hosts in kind.parameters.items()
            if isinstance(hosts, OwnHosts)
        }
        others = {each: parameter for each, parameter in kind.parameters.items() if each not in own}
        return PartPlan(kind=name, name=name, parameters={**own, **drawn(others, self.random, names)})

    # -- what is asked of it

    def _asker(self, part: str) -> ClientPlan:
        name = f"asker of {part}"
        limit = WrapperPlan(kind="timeout", name=f"limit of {name}")
        return ClientPlan(
            name=name,
            host=self._host(f"{name}-host", 2),
            way=WayPlan(service=part, wrappers=(limit,)),
            load=self._load(),
        )

    def _load(self) -> LoadPlan:
        random = self.random
        keys: Keys = random.choice(["few", "few", "none"])
        if any(service.has_effects for service in self.base.services):
            keys = "own"
        until = self.base.load_end
        if random.random() < 0.7:
            rate = random.choice([8.0, 25.0, 50.0])
            shape: Any = random.choice(["steady", "flash crowd", "steps"])
            return OpenLoadPlan(kind="open", rate=rate, until=until, shape=shape, keys=keys)
        think_time = DurationPlan(mean=0.2, law="exponential")
        return ClosedLoadPlan(
            kind="closed", users_count=random.choice([2, 8]), think_time=think_time, until=until, keys=keys
        )

    # -- what goes wrong

    def _faults(self, plan: SystemPlan) -> list[FaultPlan]:
        kinds = [fault.kind for fault in self.base.faults]
        if kinds and all(FAULTS[kind].is_order for kind in kinds):
            return []
        names = replace(
            Names.of(plan),
            hosts=tuple(host.name for host in self.hosts),
            services=tuple(service.name for service in plan.services if service.name == _SERVICE),
            instances=tuple(name for name in Names.of(plan).instances if name.startswith(f"{_SERVICE}-")),
        )
        able = [kind for kind in _TROUBLES if can_strike(kind, names)]
        return [
            self._fault(number, self._kind(able), names)
            for number in range(1, self.random.choice(_TROUBLES_COUNTS) + 1)
        ]

    def _kind(self, able: Sequence[str]) -> str:
        return self.random.choice(_LOSSES if self.random.random() < _OF_AREAS else able)

    def _fault(self, number: int, kind: str, names: Names) -> FaultPlan:
        load_end = self.base.load_end
        start = round(self.random.uniform(0.0, 0.7 * load_end), 2)
        return FaultPlan(
            kind=kind,
            name=f"{kind} in the fleet-{number}",
            start=start,
            end=min(load_end, round(start + self.random.uniform(0.0, 0.6 * load_end), 2)),
            parameters=drawn(FAULTS[kind].parameters, self.random, names),
        )
