"""What the plan of a store must be, beyond the types of its values.

Each breach is told in one line: the place in the plan, the rule, the value.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...misuse import Misuse, unknown_name
from ..choices import completed
from .designs import DESIGNS
from .fault_catalogue import STORE_FAULTS, names_of
from .laws import LAWS
from .plan import DRIFT, StoreClientPlan, StoreHostPlan, StorePlan


def require_sound_store(plan: StorePlan) -> None:
    """Raise Misuse unless all that the plan names is there, once, and of a kind that there is."""
    _require_known("store", plan.store, DESIGNS)
    design = DESIGNS[plan.store]
    _require_distinct("the names of hosts and clients", names_of(plan).hosts)
    _require_distinct("zones", plan.zones)
    _require_distinct("the names of faults", [fault.name for fault in plan.faults])
    parts: list[StoreHostPlan | StoreClientPlan] = [*plan.host_plans, *plan.clients]
    for part in parts:
        if part.zone is not None:
            _require_known(f"the zone of {part.name}", part.zone, plan.zones)
    if len(plan.hosts) > max(design.node_counts):
        raise Misuse(f"hosts must be at most {max(design.node_counts)}, got {len(plan.hosts)}")
    names = names_of(plan)
    completed(design.parameters, plan.parameters, "parameters", names)
    if plan.flaw is not None:
        _require_known("flaw", plan.flaw, design.flaws)
    for law in plan.held_to:
        _require_known("held_to", law, LAWS)
    for index, client in enumerate(plan.clients):
        place = f"clients.{index}.operations"
        _require_distinct(f"the times of {place}", [repr(operation.at) for operation in client.operations])
        for number, operation in enumerate(client.operations):
            _require_known(f"{place}.{number}.does", operation.does, design.does)
    usual = [host.drift for host in plan.host_plans]
    for index, fault in enumerate(plan.faults):
        _require_known(f"faults.{index}.kind", fault.kind, STORE_FAULTS)
        if not fault.start <= fault.end:
            raise Misuse(f"faults.{index}.end must be >= start ({fault.start!r} s), got {fault.end!r}")
        kind = STORE_FAULTS[fault.kind]
        given = completed(kind.parameters, fault.parameters, f"faults.{index}.parameters", names)
        if fault.kind == DRIFT and not given["drift"] > (least := max(usual) - 1.0):
            rule = f"must be > {least!r}, a second less than any host's own"
            raise Misuse(f"faults.{index}.parameters.drift {rule}, got {given['drift']!r}")


def _require_known(place: str, name: str, known: Iterable[str]) -> None:
    names = list(known)
    if name not in names:
        raise unknown_name(place, name, names)


def _require_distinct(place: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise Misuse(f"{place} must be given once, got {name!r} twice")
        seen.add(name)
