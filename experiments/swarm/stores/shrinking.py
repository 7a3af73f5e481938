"""Cuts the plan of a store that fails down to a small one: what `cutting_down` must know of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ..cutting_down import TRIALS_MAX, Path, Shrunk, Species, cheapest_run, cut_down
from ..verdict import Failed, Verdict
from .fault_catalogue import STORE_FAULTS, names_of
from .fault_repair import repaired_fault, targets_before
from .live_store import LEADER
from .plan import StoreClientPlan, StoreHostPlan, StorePlan
from .plan_rules import require_sound_store
from .trial import run_store_trial

_Part = TypeVar("_Part", StoreHostPlan, StoreClientPlan)


def shrink_store(
    plan: StorePlan,
    failed: Failed,
    *,
    trials_max: int = TRIALS_MAX,
    run: Callable[[StorePlan], Verdict] | None = None,
) -> Shrunk[StorePlan]:
    """Return the smallest plan found that fails as `plan` does, which has `failed`.

    At most `trials_max` (>= 0) candidates are run, by `run`: `run_store_trial` if not given, thoroughly only
    if the failure needs that to be seen.
    """
    run = run or cheapest_run(run_store_trial, plan, failed)
    return cut_down(_Stores(), plan, failed, run, trials_max=trials_max)


class _Stores(Species[StorePlan]):
    """Plans of stores."""

    def sound(self, text: str) -> StorePlan | None:
        """Return the plan without faults that strike what is gone, and zones nobody is in."""
        plan = repaired_store(StorePlan.model_validate_json(text))
        require_sound_store(plan)
        return plan

    def other_targets(self, plan: StorePlan, path: Path) -> Sequence[str]:
        """Return the names before the one that a fault strikes, of those that it might."""
        match path:
            case ("faults", int(index), "parameters", str(name)):
                return targets_before(plan.faults[index], name, STORE_FAULTS, names_of(plan))
        return ()


def repaired_store(plan: StorePlan) -> StorePlan:
    """Return a plan without whatever names something that is not there."""
    used = {host.zone for host in plan.host_plans} | {client.zone for client in plan.clients}
    known = {*names_of(plan).hosts, LEADER}
    faults = [repaired_fault(fault, STORE_FAULTS, known) for fault in plan.faults]
    return plan.model_copy(
        update={
            "zones": tuple(zone for zone in plan.zones if zone in used),
            "hosts": tuple(_in_a_zone(host, plan) for host in plan.hosts),
            "monitor": _in_a_zone(plan.monitor, plan),
            "clients": tuple(_in_a_zone(client, plan) for client in plan.clients),
            "faults": tuple(fault for fault in faults if fault is not None),
        }
    )


def _in_a_zone(part: _Part, plan: StorePlan) -> _Part:
    return part if part.zone in plan.zones else part.model_copy(update={"zone": None})
