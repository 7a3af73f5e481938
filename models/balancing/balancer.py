"""A balancer: an endpoint in front of several, of which it asks one.

It may stand in the client (each client then has its own, with its own view), or on a `host`, reached over the
network, which can die like any other. Its targets are endpoints: mostly connections from where it stands to
the instances of a service.

What a target answers, failures included, it passes on as it is: a balancer does no work of its own that could
fail. It does not try another target (put a `Retry` around it), nor does it know which targets are well: one
that refuses gets its share of requests all the same.

What it knows of its calls is in the memory of its host. Calls that run there die with it; the balancer that
starts again knows of none, also not of those whose callers run elsewhere. Leaves out: health checks, outlier
ejection, draining, zones, consistent hashing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf

from simulator import Environment

from ..endpoint import Call, Endpoint
from ..failures import Refused
from ..infrastructure import Host
from ..request import Request
from .policy import Choose, Policy, Target
from .round_robin import RoundRobin

_IN_TURN = RoundRobin()


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetStatistics:
    """Of `call_count` calls that a balancer has sent to a target, `outstanding_count` are under way.

    The latter is the balancer's own view, which begins anew with its host.
    """

    name: str
    weight: float
    call_count: int
    outstanding_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancerStatistics:
    """What a balancer has done so far.

    `targets` are those it has now, in the order in which they were added; `refused_count` calls found none at
    all.
    """

    targets: tuple[TargetStatistics, ...]
    refused_count: int


class Balancer(Endpoint):
    """Answers as the one of `targets` does that `policy` chooses.

    `weights`, for a policy that uses them, are > 0 and as many as the targets; by default all are 1. `host`
    is where it stands, if its own fate matters. Without any target a call is `Refused` at once: nobody
    listens, nothing was done, and asking again is safe.

    Example::

        shop = Balancer(
            env,
            [network.connect(client, instance) for instance in service.instances],
            policy=PowerOfTwoChoices(),
            name="shop balancer",
        )
    """

    def __init__(
        self,
        env: Environment,
        targets: Iterable[Endpoint],
        *,
        policy: Policy = _IN_TURN,
        weights: Sequence[float] | None = None,
        host: Host | None = None,
        name: str = "balancer",
    ) -> None:
        """Put the balancer in front of `targets`."""
        endpoints = list(targets)
        if weights is not None and len(weights) != len(endpoints):
            raise ValueError(f"weights must be as many as targets ({len(endpoints)}), got {len(weights)}")
        if not isinstance(policy, Policy):
            raise TypeError(f"policy must be a Policy, such as RoundRobin(), got {policy!r}")
        self._env = env
        self.policy = policy
        self.host = host
        self.name = name
        self._targets: list[Target] = []
        # Also those that were removed: calls to them may be under way when they come back.
        self._known: dict[Endpoint, Target] = {}
        self._refused_count = 0
        self._policys_choice = policy.chooser(env, self._targets, name)
        self._choose: Choose = self._refuse
        for endpoint, weight in zip(endpoints, weights or [1.0] * len(endpoints), strict=True):
            self.add(endpoint, weight=weight)
        if host is not None:
            host.on_restart(self._start_afresh, endpoint=self)

    def _start_afresh(self) -> None:
        """Know of no call, as a process that has just started.

        One that goes on all the same is counted down at a target that no policy looks at any more.
        """
        self._known = {endpoint: target.fresh() for endpoint, target in self._known.items()}
        self._targets[:] = [self._known[target.endpoint] for target in self._targets]
        if self.policy.has_memory:
            self._policys_choice = self.policy.chooser(self._env, self._targets, self.name)
            if self._targets:
                self._choose = self._policys_choice

    def call(self, request: Request) -> Call:
        """Answer `request` as the chosen target does."""
        choose = self._choose
        target = choose(request)
        target.call_count += 1
        target.outstanding += 1
        try:
            return (yield from target.endpoint.call(request))
        finally:
            target.outstanding -= 1

    @property
    def targets(self) -> tuple[Endpoint, ...]:
        """The endpoints that may be chosen now, in the order in which they were added."""
        return tuple(target.endpoint for target in self._targets)

    def add(self, endpoint: Endpoint, *, weight: float = 1.0) -> None:
        """Let `endpoint` be chosen from now on.

        Raises `ValueError` if it is there already, or the weight is not accepted.
        """
        if not 0 < weight < inf:
            raise ValueError(f"weight must be finite and > 0, got {weight!r}")
        if weight != 1.0 and not self.policy.uses_weights:
            raise ValueError(f"weight must be 1 where the policy uses none ({self.policy!r}), got {weight!r}")
        target = self._known.get(endpoint)
        if target is None:
            target = self._known[endpoint] = Target(endpoint)
        elif target in self._targets:
            raise ValueError(f"endpoint must not be among the targets already, got {endpoint.name!r}")
        target.weight = weight
        target.credit = 0.0
        self._targets.append(target)
        self._choose = self._policys_choice

    def remove(self, endpoint: Endpoint) -> None:
        """Do not choose `endpoint` any more; calls under way go on. Raises `ValueError` for no target."""
        target = self._known.get(endpoint)
        if target is None or target not in self._targets:
            raise ValueError(f"endpoint must be one of the targets, got {endpoint.name!r}")
        self._targets.remove(target)
        if not self._targets:
            self._choose = self._refuse

    def _refuse(self, request: Request) -> Target:
        """Choose where there is nothing to choose from."""
        self._refused_count += 1
        raise Refused(f"{self.name} has no target")

    def statistics(self) -> BalancerStatistics:
        """Return what has happened so far."""
        return BalancerStatistics(
            targets=tuple(
                TargetStatistics(
                    name=target.endpoint.name,
                    weight=target.weight,
                    call_count=target.call_count,
                    outstanding_count=target.outstanding,
                )
                for target in self._targets
            ),
            refused_count=self._refused_count,
        )
