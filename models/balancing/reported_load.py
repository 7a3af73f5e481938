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
from .policy_around import PolicyAround
from .target import Target, Targets


@dataclass(frozen=True, slots=True)
class ReportedLoad(PolicyAround):
    """Chooses as `policy` does, by reported load in place of calls under way.

    Example::

        policy = ReportedLoad(LeastOutstanding())
        balancer = system.balanced(web, catalogue, policy=policy)
        LoadReports(system.network, balancer, interval=1.0)
    """

    policy: Policy

    def __post_init__(self) -> None:
        """Check the policy."""
        self.require_policy()

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
