"""What an autoscaler keeps to, whatever it scales: judged by its log, by code that knows nothing of its own.

- Every number that it asks for is within the bounds of its rule.
- Stabilisation: what it has grown to was recommended, so that nothing less is asked for until a window is
  over (Kubernetes, `stabilizationWindowSeconds`: "the highest recommendation counts"; likewise KEDA's).
- A limit of so many instances in a period: it grows to no more than that above the number at the period's
  beginning (Kubernetes, `scaleUp.policies` of type Pods).

The last two are remembered by the autoscaler's process, and begin anew with it.
"""

from __future__ import annotations

from dataclasses import dataclass

from models.autoscaling import ScalingRule
from models.instance_groups import InstanceGroup

from ..live_system import LiveSystem
from ..part_kind import LivePart

_ROUNDING = 1e-9  # s


@dataclass(frozen=True, slots=True)
class _Change:
    """At `time` (s) another number than `before` was asked for."""

    time: float
    before: int
    after: int


def check_scaling(
    live: LiveSystem,
    part: LivePart,
    group: InstanceGroup,
    rule: ScalingRule,
    *,
    window: float = 0.0,
    growth_max: int | None = None,
    period: float = 0.0,
) -> None:
    """Raise `BrokenInvariant` for a change that `rule` does not allow.

    `window` (s) is the stabilisation of shrinking; a `growth_max` is the limit of growth in each `period`
    (s). Leave both where the autoscaler may have begun anew.
    """
    changes: list[_Change] = []
    for record in live.env.event_log.of_kind("scaling"):
        if record.subject != group.name:
            continue
        change = _Change(record.time, int(str(record.detail["before"])), int(str(record.detail["after"])))
        shown = f"{change.before} to {change.after} at {change.time!r} s"
        if not rule.count_min <= change.after <= rule.count_max:
            detail = f"{shown}, from {rule.count_min} to {rule.count_max}"
            raise part.broken(live, group, "an autoscaler keeps within its bounds", detail)
        if change.after < _stabilised(changes, change, window):
            raise part.broken(live, group, "nothing is taken away within the stabilisation window", shown)
        if growth_max is not None and change.after > change.before:
            young = [each for each in changes if change.time - each.time < period - _ROUNDING]
            start = change.before - sum(each.after - each.before for each in young)
            if change.after > max(start + growth_max, change.before):
                raise part.broken(live, group, "growth in a period keeps to its limit", shown)
        changes.append(change)


def _stabilised(changes: list[_Change], last: _Change, window: float) -> int:
    """Return the most that was grown to within the window before a change, 0 where that was nothing."""
    return max(
        (
            each.after
            for each in changes
            if each.after > each.before and last.time - each.time < window - _ROUNDING
        ),
        default=0,
    )
