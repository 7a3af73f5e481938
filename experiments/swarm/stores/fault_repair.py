"""Faults in a plan that gets smaller: what is left of one, and whom else it might strike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..choices import Names, Reference
from ..plan import FaultPlan
from .fault_catalogue import StoreFaultKind


def repaired_fault(
    fault: FaultPlan, kinds: Mapping[str, StoreFaultKind], known: set[str]
) -> FaultPlan | None:
    """Return a fault without hosts that are gone; None if none is left that it needs.

    `kinds` are those of the catalogue; one that is not there is left to whoever checks the plan.
    """
    if fault.kind not in kinds:
        return fault
    given = dict(fault.parameters)
    for name, parameter in kinds[fault.kind].parameters.items():
        value = given.get(name)
        if isinstance(value, tuple):
            given[name] = left = tuple(each for each in value if each in known)
            if not left:
                return None
        elif isinstance(parameter, Reference) and value not in known:
            return None
    return fault.model_copy(update={"parameters": given})


def targets_before(
    fault: FaultPlan, name: str, kinds: Mapping[str, StoreFaultKind], names: Names
) -> Sequence[str]:
    """Return the names before the one that parameter `name` has, of those that it might have."""
    parameter = kinds[fault.kind].parameters[name]
    if not isinstance(parameter, Reference):
        return ()
    candidates = parameter.candidates(names)
    return candidates[: candidates.index(str(fault.parameters[name]))]
