"""Reported load: what targets last said of themselves stands for the calls under way.

A balancer's own count is exact and its own: with many balancers it says little of how busy a target is. What
the target reports (`LoadReports`) counts everybody's calls, and is old when it is used. Around any policy
that compares calls under way, which then knows nothing of what it has sent itself since the last report:
the idlest of all gets everything until then, and is the busiest after it.

A target that has not reported yet counts as the balancer sees it itself. Leaves out: reports that expire.

Source: Mitzenmacher, "How Useful Is Old Information?" (IEEE TPDS 2000).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator import Environment

from ..request import Request
from .part_of_targets import PartOfTargets
from .policy import Choose, Policy
from .target import Target, Targets


@dataclass(frozen=True, slots=True)
class ReportedLoad(Policy):
    """Chooses as `policy` does, by reported load in place of calls under way.

    Example::

        policy = ReportedLoad(LeastOutstanding())
        balancer = system.balanced(web, catalogue, policy=policy)
        LoadReports(system.network, balancer, interval=1.0)
    """

    policy: Policy

    def __post_init__(self) -> None:
        """Check the policy."""
        if not isinstance(self.policy, Policy):
            raise TypeError(f"policy must be a Policy, such as LeastOutstanding(), got {self.policy!r}")

    @property
    def uses_weights(self) -> bool:  # type: ignore[override]  # as the policy inside says, and nobody sets it
        """Whether weights make a difference to the policy inside."""
        return self.policy.uses_weights

    @property
    def has_memory(self) -> bool:  # type: ignore[override]  # as the policy inside says, and nobody sets it
        """Whether the policy inside has a memory."""
        return self.policy.has_memory

    def chooser(self, env: Environment, targets: Targets, name: str) -> Choose:
        """Return a function that chooses by reports."""
        seen = PartOfTargets()
        version = -1
        views: dict[Target, _View] = {}
        choose_seen = self.policy.chooser(env, seen, name)

        def choose(request: Request) -> Target:
            nonlocal version, views
            if targets.version != version:
                version = targets.version
                views = {target: views.get(target) or _View(target) for target in targets.members}
                seen.show(
                    [views[target] for target in targets],
                    views.values(),
                    is_panicking=targets.is_panicking,
                )
            view: _View = choose_seen(request)  # type: ignore[assignment]  # it chooses from `seen`
            return view.real

        return choose


class _View(Target):
    """A target as its reports have it; all but the load and the policy's credit is the real one's."""

    __slots__ = ("real",)

    def __init__(self, real: Target) -> None:
        # Nothing else is set: what a slot does not hold is looked up with `__getattr__`.
        self.real = real
        self.credit = 0.0

    def __getattr__(self, name: str) -> Any:
        real = self.real
        if name == "outstanding" and real.reported_load is not None:
            return real.reported_load
        return getattr(real, name)
