"""The kinds of faults that a plan may hold: what each strikes, and with what.

A new kind is an entry in the table: its parameters, and a function `build(system, name, **parameters)` that
returns a fault, to be injected and healed. What can be done to parts of one kind only stands with that kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

from models import System
from models.faults import (
    ClockSkew,
    DependencyOutage,
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
from models.faults.chaos import WorkingHours
from models.infrastructure import Area
from models.resilience import BreakerState, CircuitBreaker
from models.resilience.bulkheads import ConnectionPool
from models.resilience.feature_switches import FeatureSwitch
from models.services import Instance, Service

from .choices import Choice, NameOf, Names, Parameter, Reference, WrapperOf
from .fault_kind import FaultKind
from .hand_made_faults import (
    BreakersByHand,
    ChaosForAWhile,
    InstanceAdded,
    InstanceReplaced,
    Several,
    SwitchedOff,
)
from .part_kind import managed_services
from .parts import PARTS
from .plan import SystemPlan
from .wrapper_catalogue import BREAKERS, parts_of

_A_HOST = NameOf(("hosts",))
_AN_AREA = NameOf(("racks", "zones", "regions"))
_A_SERVICE = NameOf(("services",))
_AN_INSTANCE = NameOf(("instances",))
_ANSWERING = NameOf(("services", "instances"))
_PROBABILITY = Choice(1.0, 0.3)
_BURSTS = (0.3, 0.5)  # how long they last and how long the gaps are, on average (s)
# Days of two seconds, every one of them a working day with one working hour.
_HOURS = WorkingHours(start=0.5, end=1.5, days=tuple(range(7)), day=2.0)


def _area(system: System, name: str) -> Area:
    if name in system.racks:
        return system.rack(name)
    return system.zone(name) if name in system.zones else system.region(name)


def _answering(system: System, name: str) -> Service | Instance:
    return system.service(name) if name in system.services else system.instance(name)


def _partition(system: System, name: str, source: str, target: str, one_way: bool) -> Fault:
    ends = system.place(source), system.place(target)
    return NetworkPartition(system.network, *ends, one_way=one_way, name=name)


def _loss(
    system: System, name: str, source: str, target: str, one_way: bool, probability: float, in_bursts: bool
) -> Fault:
    ends = system.place(source), system.place(target)
    burst, gap = _BURSTS if in_bursts else (None, None)
    return LinkLoss(
        system.network, *ends, probability, one_way=one_way, burst_mean=burst, gap_mean=gap, name=name
    )


def _delay(
    system: System, name: str, source: str, target: str, one_way: bool, delay: float, in_bursts: bool
) -> Fault:
    ends = system.place(source), system.place(target)
    burst, gap = _BURSTS if in_bursts else (None, None)
    return LinkDelay(system.network, *ends, delay, one_way=one_way, burst_mean=burst, gap_mean=gap, name=name)


def _dependency_outage(system: System, name: str, service: str, mode: str) -> Fault:
    delay = 0.3 if mode == "slow" else None
    return DependencyOutage(system.service(service), mode, delay=delay, name=name)


def _flapping_host(system: System, name: str, host: str, down: float, up: float) -> Fault:
    return Flapping(HostCrash(system.host(host), name=f"{name} turn"), up=up, down=down, name=name)


def _flapping_link(
    system: System, name: str, source: str, target: str, one_way: bool, down: float, up: float
) -> Fault:
    turn = _partition(system, f"{name} turn", source, target, one_way)
    return Flapping(turn, up=up, down=down, name=name)


def _host_chaos(system: System, name: str, **given: Any) -> Fault:
    faults = [HostCrash(host, name=f"{name}: {host.name}") for host in system.hosts.values()]
    return _chaos(system, name, faults, **given)


def _zone_chaos(system: System, name: str, area: str, by_power: bool, **given: Any) -> Fault:
    zones = [zone for zone in system.region(area).zones if zone.hosts]
    faults = [
        PowerOutage(zone, name=f"{name}: {zone.name}")
        if by_power
        else NetworkOutage(system.network, zone, name=f"{name}: {zone.name}")
        for zone in zones
    ]
    return _chaos(system, name, faults, **given)


def _link_chaos(system: System, name: str, source: str, one_way: bool, **given: Any) -> Fault:
    here = system.host(source)
    faults = [
        NetworkPartition(system.network, here, host, one_way=one_way, name=f"{name}: {host.name}")
        for host in system.hosts.values()
        if host is not here
    ]
    return _chaos(system, name, faults, **given)


def _chaos(
    system: System,
    name: str,
    faults: Sequence[Fault],
    *,
    until: float,
    in_hours: bool,
    down_max: int | None,
    repairers: int | None,
    **given: Any,
) -> Fault:
    return ChaosForAWhile(
        system,
        faults,
        until=until,
        hours=_HOURS if in_hours else None,
        down_max=inf if down_max is None else down_max,
        repairers=inf if repairers is None else repairers,
        name=name,
        **given,
    )


def _pool_leak(system: System, name: str, wrapper: str, count: int | None, probability: float) -> Fault:
    leaks: list[Fault] = [
        PoolLeak(pool, probability=probability) if count is None else PoolLeak(pool, count=count)
        for pool in parts_of(system, wrapper, ConnectionPool)
    ]
    return Several(system.env, leaks, name=name)


def _instance_added(system: System, name: str, service: str, host: str, linger: float, grace: float) -> Fault:
    stop = {"linger": linger, "grace": max(linger, grace)}
    return InstanceAdded(system, system.service(service), system.host(host), **stop, name=name)


def _instance_replaced(system: System, name: str, service: str, linger: float, grace: float) -> Fault:
    stop = {"linger": linger, "grace": max(linger, grace)}
    return InstanceReplaced(system, system.service(service), **stop, name=name)


_STOP: dict[str, Parameter] = {"linger": Choice(0.0, 0.1), "grace": Choice(30.0, 0.3, 0.0)}
_ENDS: dict[str, Parameter] = {
    "source": _A_HOST,
    "target": NameOf(("hosts", "racks", "zones", "regions")),
    "one_way": Choice(False, True),
}
_TURNS: dict[str, Parameter] = {"down": Choice(0.5, 0.05), "up": Choice(0.5, 0.05)}
_CHAOS: dict[str, Parameter] = {
    "between": Choice(2.0, 0.5),
    "repair": Choice(0.2, 0.5),
    "in_hours": Choice(False, True),
    "down_max": Choice(None, 1),
    "repairers": Choice(None, 1),
}

FAULTS: dict[str, FaultKind] = {
    "host_crash": FaultKind(
        parameters={"host": _A_HOST, "resets": Choice(False, True)},
        build=lambda system, name, host, resets: HostCrash(system.host(host), resets=resets, name=name),
    ),
    "process_crash": FaultKind(
        parameters={"instance": _AN_INSTANCE},
        build=lambda system, name, instance: ProcessCrash(system.instance(instance), name=name),
    ),
    "flapping_host": FaultKind(parameters={"host": _A_HOST, **_TURNS}, build=_flapping_host),
    "flapping_link": FaultKind(parameters=_ENDS | _TURNS, build=_flapping_link),
    "host_chaos": FaultKind(parameters=_CHAOS, build=_host_chaos, ends_by_itself=True),
    "zone_chaos": FaultKind(
        parameters={"area": NameOf(("regions",)), "by_power": Choice(True, False), **_CHAOS},
        build=_zone_chaos,
        ends_by_itself=True,
    ),
    "link_chaos": FaultKind(
        parameters={"source": _A_HOST, "one_way": Choice(False, True), **_CHAOS},
        build=_link_chaos,
        ends_by_itself=True,
    ),
    "instance_added": FaultKind(
        parameters={"service": _A_SERVICE, "host": _A_HOST, **_STOP},
        build=_instance_added,
        changes_instances=True,
    ),
    "instance_replaced": FaultKind(
        parameters={"service": _A_SERVICE, **_STOP}, build=_instance_replaced, changes_instances=True
    ),
    "power_outage": FaultKind(
        parameters={"area": _AN_AREA},
        build=lambda system, name, area: PowerOutage(_area(system, area), name=name),
    ),
    "network_outage": FaultKind(
        parameters={"area": _AN_AREA},
        build=lambda system, name, area: NetworkOutage(system.network, _area(system, area), name=name),
    ),
    "slow_host": FaultKind(
        parameters={"host": _A_HOST, "factor": Choice(0.1, 0.5, 0.01)},
        build=lambda system, name, host, factor: SlowHost(system.host(host), factor, name=name),
    ),
    "clock_skew": FaultKind(
        parameters={"host": _A_HOST, "offset": Choice(1.0, -5.0), "drift": Choice(0.0, 0.1)},
        build=lambda system, name, host, offset, drift: ClockSkew(
            system.host(host), offset, drift, name=name
        ),
    ),
    "partition": FaultKind(parameters=_ENDS, build=_partition),
    "loss": FaultKind(
        parameters=_ENDS | {"probability": Choice(1.0, 0.5, 0.1), "in_bursts": Choice(False, True)},
        build=_loss,
    ),
    "delay": FaultKind(
        parameters=_ENDS | {"delay": Choice(0.3, 0.05), "in_bursts": Choice(False, True)}, build=_delay
    ),
    "errors": FaultKind(
        parameters={"of": _ANSWERING, "probability": _PROBABILITY},
        build=lambda system, name, of, probability: ErrorBurst(
            _answering(system, of), probability, name=name
        ),
    ),
    "slow_answers": FaultKind(
        parameters={"of": _ANSWERING, "delay": Choice(0.3, 0.05)},
        build=lambda system, name, of, delay: SlowAnswers(_answering(system, of), delay, name=name),
    ),
    "dependency_outage": FaultKind(
        parameters={"service": _A_SERVICE, "mode": Choice("errors", "refused", "slow")},
        build=_dependency_outage,
    ),
    "silence": FaultKind(
        parameters={"service": _A_SERVICE},
        build=lambda system, name, service: DependencyOutage(system.service(service), "silent", name=name),
        leaves_callers=True,
    ),
    "pool_leak": FaultKind(
        parameters={
            "wrapper": WrapperOf(("connection_pool",)),
            "count": Choice(1, None),
            "probability": _PROBABILITY,
        },
        build=_pool_leak,
    ),
    "breaker_by_hand": FaultKind(
        parameters={
            "wrapper": WrapperOf(tuple(BREAKERS)),
            "state": Choice(*(str(state) for state in BreakerState if state is not BreakerState.CLOSED)),
        },
        build=lambda system, name, wrapper, state: BreakersByHand(
            system, parts_of(system, wrapper, CircuitBreaker), BreakerState(state), name=name
        ),
    ),
    "switched_off": FaultKind(
        parameters={"wrapper": WrapperOf(("switched",))},
        build=lambda system, name, wrapper: SwitchedOff(
            system, parts_of(system, wrapper, FeatureSwitch), name=name
        ),
    ),
    **{name: fault for part in PARTS.values() for name, fault in part.faults.items()},
}
"""By kind."""


def can_strike(kind: str, names: Names) -> bool:
    """Return whether there is something of these names that a kind of fault could strike."""
    parameters = FAULTS[kind].parameters.values()
    return all(each.candidates(names) for each in parameters if isinstance(each, Reference))


def changed_services(plan: SystemPlan) -> set[object]:
    """Return the names of the services whose instances come and go."""
    by_faults = {fault.parameters["service"] for fault in plan.faults if FAULTS[fault.kind].changes_instances}
    return by_faults.union(managed_services(plan.parts, PARTS))
