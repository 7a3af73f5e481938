"""What a plan must be, beyond the types of its values: names given once, and names of what is there.

Each breach is told in one line: the place in the plan, the rule, the value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..misuse import Misuse, unknown_name
from .choices import Names, completed
from .fault_catalogue import FAULTS
from .part_kind import managed_services
from .parts import PARTS
from .plan import LoadPlan, ScriptedLoadPlan, SystemPlan, WayPlan
from .policy_catalogue import POLICIES
from .wrapper_catalogue import WRAPPERS


def require_sound(plan: SystemPlan) -> None:
    """Raise Misuse unless all that the plan names is there, once, and is of a kind that there is."""
    _require_distinct("zones", plan.zones)
    for parts in ("racks", "hosts", "services", "parts", "clients", "faults"):
        _require_distinct(f"the names of {parts}", [part.name for part in getattr(plan, parts)])
    _require_distinct("the names of wrappers", [wrapper.name for _, _, wrapper in plan.wrappers()])
    names = Names.of(plan)
    _require_sound_places(plan)
    for index, service in enumerate(plan.services):
        _require_distinct(f"services.{index}.hosts", service.hosts)
        if not service.hosts:
            raise Misuse(f"services.{index}.hosts must name at least one host, got none")
        for number, name in enumerate(service.hosts):
            _require_known(f"services.{index}.hosts.{number}", name, names.hosts)
            _require_fair(f"services.{index}.hosts.{number}", name, plan, service.name)
        for number, dependency in enumerate(service.dependencies):
            # Those before it only: so nothing can need itself.
            _require_way(
                f"services.{index}.dependencies.{number}.way", dependency.way, names, names.services[:index]
            )
    _require_sound_parts(plan, names)
    _require_sound_clients(plan, names)
    for place, side, wrapper in plan.wrappers():
        _require_known(f"{place}.kind", wrapper.kind, WRAPPERS)
        kind = WRAPPERS[wrapper.kind]
        if side not in kind.sides:
            raise Misuse(f"{place}.kind must be one for the {side}'s side, got {wrapper.kind!r}")
        completed(kind.parameters, wrapper.parameters, f"{place}.parameters", names)
    _require_sound_faults(plan, names)


def _require_sound_faults(plan: SystemPlan, names: Names) -> None:
    for index, fault in enumerate(plan.faults):
        place = f"faults.{index}"
        _require_known(f"{place}.kind", fault.kind, FAULTS)
        if not fault.start <= fault.end:
            raise Misuse(f"{place}.end must be >= start ({fault.start!r} s), got {fault.end!r}")
        given = completed(FAULTS[fault.kind].parameters, fault.parameters, f"{place}.parameters", names)
        if FAULTS[fault.kind].changes_instances:
            free = unmanaged(plan)
            _require_known(f"{place}.parameters.service", given["service"], free)
        if fault.kind == "instance_added":
            _require_fair(f"{place}.parameters.host", given["host"], plan, given["service"])


def _require_sound_clients(plan: SystemPlan, names: Names) -> None:
    has_effects = any(service.has_effects for service in plan.services)
    asked = (*names.services, *(part.name for part in plan.parts if PARTS[part.kind].is_asked))
    for index, client in enumerate(plan.clients):
        if has_effects and not _gives_keys(client.load):
            raise Misuse(f"clients.{index}.load must give keys where a service has effects, got none")
        _require_known(f"clients.{index}.host", client.host, names.hosts)
        _require_way(f"clients.{index}.way", client.way, names, asked)
        if client.way.service not in names.services and client.way.health_checks is not None:
            place = f"clients.{index}.way.health_checks"
            raise Misuse(f"{place} must be of a service, got {client.way.service!r}")


def _require_sound_parts(plan: SystemPlan, names: Names) -> None:
    named = [*names.services, *(part.name for part in plan.parts)]
    _require_distinct("the names of services and parts", named)
    managed: list[object] = []
    for index, part in enumerate(plan.parts):
        place = f"parts.{index}"
        _require_known(f"{place}.kind", part.kind, PARTS)
        kind = PARTS[part.kind]
        given = completed(kind.parameters, part.parameters, f"{place}.parameters", names)
        if kind.manages:
            if (service := given["service"]) in managed:
                rule = "must have one part that manages it"
                raise Misuse(f"{place}.parameters.service {rule}, got {service!r}")
            managed.append(service)


def unmanaged(plan: SystemPlan) -> list[str]:
    """Return the names of the services whose instances no part adds and takes away."""
    managed = managed_services(plan.parts, PARTS)
    return [service.name for service in plan.services if service.name not in managed]


def _require_sound_places(plan: SystemPlan) -> None:
    for index, rack in enumerate(plan.racks):
        _require_known(f"racks.{index}.zone", rack.zone, plan.zones)
    for index, host in enumerate(plan.hosts):
        if host.zone is not None:
            _require_known(f"hosts.{index}.zone", host.zone, plan.zones)
        if host.rack is not None:
            there = [rack.name for rack in plan.racks if rack.zone == host.zone]
            _require_known(f"hosts.{index}.rack", host.rack, there)


def _require_fair(place: str, host: str, plan: SystemPlan, service: str) -> None:
    if host not in hosts_for(plan, service):
        raise Misuse(f"{place} must share fairly where {service!r} has a weight or a quota, got {host!r}")


def hosts_for(plan: SystemPlan, service: str) -> list[str]:
    """Return the names of the hosts on which an instance of a service can be: weights need fair sharing."""
    (asked,) = (each for each in plan.services if each.name == service)
    needs_share = asked.cpu_weight != 1.0 or asked.cpu_quota is not None
    return [host.name for host in plan.hosts if not needs_share or host.scheduling == "fair-share"]


def _gives_keys(load: LoadPlan) -> bool:
    if isinstance(load, ScriptedLoadPlan):
        return all(request.key is not None for request in load.requests)
    return load.keys != "none"


def _require_way(place: str, way: WayPlan, names: Names, services: Sequence[str]) -> None:
    _require_known(f"{place}.service", way.service, services)
    _require_known(f"{place}.policy", way.policy, POLICIES)
    if way.balancer_host is not None:
        _require_known(f"{place}.balancer_host", way.balancer_host, names.hosts)


def _require_distinct(what: str, names: Sequence[str]) -> None:
    for number, name in enumerate(names):
        if name in names[:number]:
            raise Misuse(f"{what} must be given once, got {name!r} twice")


def _require_known(place: str, name: str, known: Iterable[str]) -> None:
    if name not in known:
        raise unknown_name(place, name, known)
