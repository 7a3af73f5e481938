"""What a plan must be, beyond the types of its values: names given once, and names of what is there.

Each breach is told in one line: the place in the plan, the rule, the value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..misuse import Misuse, unknown_name
from .choices import Names, completed
from .fault_catalogue import FAULTS
from .plan import LoadPlan, ScriptedLoadPlan, SystemPlan, WayPlan
from .policy_catalogue import POLICIES
from .wrapper_catalogue import WRAPPERS


def require_sound(plan: SystemPlan) -> None:
    """Raise Misuse unless all that the plan names is there, once, and is of a kind that there is."""
    _require_distinct("zones", plan.zones)
    for parts in ("hosts", "services", "clients", "faults"):
        _require_distinct(f"the names of {parts}", [part.name for part in getattr(plan, parts)])
    _require_distinct("the names of wrappers", [wrapper.name for _, _, wrapper in plan.wrappers()])
    names = Names.of(plan)
    for index, host in enumerate(plan.hosts):
        if host.zone is not None:
            _require_known(f"hosts.{index}.zone", host.zone, plan.zones)
    for index, service in enumerate(plan.services):
        _require_distinct(f"services.{index}.hosts", service.hosts)
        if not service.hosts:
            raise Misuse(f"services.{index}.hosts must name at least one host, got none")
        for number, name in enumerate(service.hosts):
            _require_known(f"services.{index}.hosts.{number}", name, names.hosts)
        for number, dependency in enumerate(service.dependencies):
            # Those before it only: so nothing can need itself.
            _require_way(
                f"services.{index}.dependencies.{number}.way", dependency.way, names, names.services[:index]
            )
    has_effects = any(service.has_effects for service in plan.services)
    for index, client in enumerate(plan.clients):
        if has_effects and not _gives_keys(client.load):
            raise Misuse(f"clients.{index}.load must give keys where a service has effects, got none")
        _require_known(f"clients.{index}.host", client.host, names.hosts)
        _require_way(f"clients.{index}.way", client.way, names, names.services)
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
        completed(FAULTS[fault.kind].parameters, fault.parameters, f"{place}.parameters", names)


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
