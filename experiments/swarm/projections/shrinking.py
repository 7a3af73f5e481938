"""Cuts a plan of a log and its projections that fails down to a small one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..cutting_down import TRIALS_MAX, Path, Shrunk, Species, cheapest_run, cut_down
from ..stores.fault_repair import repaired_fault, targets_before
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
    run = run or cheapest_run(run_projections_trial, plan, failed)
    return cut_down(_Projections(), plan, failed, run, trials_max=trials_max)


class _Projections(Species[ProjectionsPlan]):
    """Plans of logs and projections."""

    def sound(self, text: str) -> ProjectionsPlan | None:
        """Return the plan without faults that strike what is gone."""
        plan = ProjectionsPlan.model_validate_json(text)
        known = {*plan.names().hosts, LEADER}
        faults = [repaired_fault(fault, FAULTS, known) for fault in plan.faults]
        plan = plan.model_copy(update={"faults": tuple(each for each in faults if each is not None)})
        require_sound(plan)
        return plan

    def other_targets(self, plan: ProjectionsPlan, path: Path) -> Sequence[str]:
        """Return the names before the one that a fault strikes, of those that it might."""
        match path:
            case ("faults", int(index), "parameters", str(name)):
                return targets_before(plan.faults[index], name, FAULTS, plan.names())
        return ()
