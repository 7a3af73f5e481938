"""Cuts a plan of a log and its projections that fails down to a small one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from ..choices import Reference
from ..cutting_down import TRIALS_MAX, Path, Shrunk, Species, cut_down
from ..plan import FaultPlan
from ..stores.live_store import LEADER
from ..verdict import Failed, Verdict
from .fault_catalogue import FAULTS
from .plan import ProjectionsPlan, require_sound
from .trial import run_projections_trial


def shrink_projections(
    plan: ProjectionsPlan,
    failed: Failed,
    *,
    trials_max: int = TRIALS_MAX,
    run: Callable[[ProjectionsPlan], Verdict] | None = None,
) -> Shrunk[ProjectionsPlan]:
    """Return the smallest plan found that fails as `plan` does, which has `failed`.

    At most `trials_max` (>= 0) candidates are run, by `run`: `run_projections_trial` if not given, thoroughly
    only if the failure needs that to be seen.
    """
    if run is None:
        plainly = partial(run_projections_trial, thorough=False)
        verdict = plainly(plan)
        is_plain = isinstance(verdict, Failed) and verdict.kind == failed.kind
        run = plainly if is_plain else partial(run_projections_trial, thorough=True)
    return cut_down(_Projections(), plan, failed, run, trials_max=trials_max)


class _Projections(Species[ProjectionsPlan]):
    """Plans of logs and projections."""

    def sound(self, text: str) -> ProjectionsPlan | None:
        """Return the plan without faults that strike what is gone."""
        plan = ProjectionsPlan.model_validate_json(text)
        known = {*plan.names().hosts, LEADER}
        faults = [_repaired(fault, known) for fault in plan.faults]
        plan = plan.model_copy(update={"faults": tuple(each for each in faults if each is not None)})
        require_sound(plan)
        return plan

    def other_targets(self, plan: ProjectionsPlan, path: Path) -> Sequence[str]:
        """Return the names before the one that a fault strikes, of those that it might."""
        match path:
            case ("faults", int(index), "parameters", str(name)):
                fault = plan.faults[index]
                parameter = FAULTS[fault.kind].parameters[name]
                if isinstance(parameter, Reference):
                    names = parameter.candidates(plan.names())
                    return names[: names.index(str(fault.parameters[name]))]
        return ()


def _repaired(fault: FaultPlan, known: set[str]) -> FaultPlan | None:
    """Return a fault without hosts that are gone; None if none is left that it needs."""
    if fault.kind not in FAULTS:
        return fault
    given = dict(fault.parameters)
    for name, parameter in FAULTS[fault.kind].parameters.items():
        value = given.get(name)
        if isinstance(value, tuple):
            given[name] = left = tuple(each for each in value if each in known)
            if not left:
                return None
        elif isinstance(parameter, Reference) and value not in known:
            return None
    return fault.model_copy(update={"parameters": given})
