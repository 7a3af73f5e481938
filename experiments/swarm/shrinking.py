"""Cuts the plan of a system that fails down to a small one: what `cutting_down` must know of it.

Open load is first spelled out, as one request at each of the times at which its own draws, so that requests
can be left out one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from ..misuse import Misuse
from .choices import Names, Reference, completed
from .cutting_down import TRIALS_MAX, Path, Shrunk, Species, cheapest_run, cut_down
from .fault_catalogue import FAULTS
from .part_kind import own_hosts
from .parts import PARTS
from .plan import FaultPlan, HostPlan, OpenLoadPlan, PartPlan, ServicePlan, SystemPlan, WayPlan
from .plan_rules import require_sound
from .planned_load import spelled_out
from .trial import run_trial
from .verdict import Failed, Verdict


def shrink(
    plan: SystemPlan,
    failed: Failed,
    *,
    trials_max: int = TRIALS_MAX,
    run: Callable[[SystemPlan], Verdict] | None = None,
) -> Shrunk[SystemPlan]:
    """Return the smallest plan found that fails as `plan` does, which has `failed`.

    At most `trials_max` (>= 0) candidates are run, by `run`: `run_trial` if not given, thoroughly only if
    the failure needs that to be seen.
    """
    run = run or cheapest_run(partial(run_trial, locate=False), plan, failed)
    return cut_down(_Systems(), plan, failed, run, trials_max=trials_max)


class _Systems(Species[SystemPlan]):
    """Plans of systems."""

    def sound(self, text: str) -> SystemPlan | None:
        """Return the plan with all that is named in it, and nothing that nobody names."""
        plan = repaired(SystemPlan.model_validate_json(text))
        require_sound(plan)
        return plan if plan.clients else None

    def spelled_out(self, plan: SystemPlan) -> Iterator[SystemPlan]:
        """Yield the plan with the open load of one client spelled out."""
        for index, client in enumerate(plan.clients):
            if isinstance(client.load, OpenLoadPlan):
                clients = list(plan.clients)
                scripted = spelled_out(client.name, client.load, plan)
                clients[index] = client.model_copy(update={"load": scripted})
                yield plan.model_copy(update={"clients": tuple(clients)})

    def other_targets(self, plan: SystemPlan, path: Path) -> Sequence[str]:
        """Return the names before the one that a fault strikes, of those that it might."""
        match path:
            case ("faults", int(index), "parameters", str(name)):
                fault = plan.faults[index]
                parameter = FAULTS[fault.kind].parameters[name]
                if isinstance(parameter, Reference):
                    names = parameter.candidates(Names.of(plan))
                    return names[: names.index(str(fault.parameters[name]))]
        return ()


def repaired(plan: SystemPlan) -> SystemPlan:
    """Return a plan without whatever names something that is not there, and without hosts nobody names."""
    hosts = {host.name for host in plan.hosts}
    services: list[ServicePlan] = []
    for service in plan.services:
        known = {each.name for each in services}
        if left := tuple(name for name in service.hosts if name in hosts):
            needed = tuple(
                dependency.model_copy(update={"way": _repaired_way(dependency.way, hosts)})
                for dependency in service.dependencies
                if dependency.way.service in known
            )
            services.append(service.model_copy(update={"hosts": left, "dependencies": needed}))
    parts = _repaired_parts(plan, services)
    known = {service.name for service in services} | {part.name for part in parts}
    clients = tuple(
        client.model_copy(update={"way": _repaired_way(client.way, hosts)})
        for client in plan.clients
        if client.host in hosts and client.way.service in known
    )
    rest = plan.model_copy(
        update={
            "services": tuple(services),
            "parts": parts,
            "clients": clients,
            "racks": tuple(rack for rack in plan.racks if rack.zone in plan.zones),
            "hosts": tuple(_repaired_host(host, plan) for host in plan.hosts),
        }
    )
    used = {name for service in rest.services for name in service.hosts} | {each.host for each in clients}
    used |= {way.balancer_host for _, way in rest.ways() if way.balancer_host is not None}
    used |= {name for part in parts for name in own_hosts(part)}
    rest = rest.model_copy(update={"hosts": tuple(host for host in rest.hosts if host.name in used)})
    names = Names.of(rest)
    faults = tuple(fault for fault in rest.faults if _strikes(fault, names))
    return rest.model_copy(update={"faults": faults})


def _repaired_host(host: HostPlan, plan: SystemPlan) -> HostPlan:
    zone = host.zone if host.zone in plan.zones else None
    is_there = any(rack.name == host.rack and rack.zone == zone for rack in plan.racks)
    return host.model_copy(update={"zone": zone, "rack": host.rack if is_there else None})


def _repaired_parts(plan: SystemPlan, services: list[ServicePlan]) -> tuple[PartPlan, ...]:
    """Return the parts that have all that they need, without hosts that are gone."""
    names = Names.of(plan.model_copy(update={"services": tuple(services), "parts": ()}))
    left: list[PartPlan] = []
    for part in plan.parts:
        kept = {
            name: tuple(each for each in value if each in names.hosts) if isinstance(value, tuple) else value
            for name, value in part.parameters.items()
            if value != ()
        }
        part = part.model_copy(update={"parameters": kept})
        try:
            completed(PARTS[part.kind].parameters, kept, part.name, names)
        except Misuse:
            continue
        left.append(part)
    return tuple(left)


def _repaired_way(way: WayPlan, hosts: set[str]) -> WayPlan:
    if way.balancer_host is None or way.balancer_host in hosts:
        return way
    return way.model_copy(update={"balancer_host": None})


def _strikes(fault: FaultPlan, names: Names) -> bool:
    """Return whether everything that a fault names is there."""
    parameters = FAULTS[fault.kind].parameters
    return all(
        fault.parameters.get(name) in parameter.candidates(names)
        for name, parameter in parameters.items()
        if isinstance(parameter, Reference)
    )
