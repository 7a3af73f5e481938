"""A balancer: an endpoint in front of several, of which it asks one.

It may stand in the client (each client then has its own, with its own view), or on a `host`, reached over the
network, which can die like any other. Its targets are endpoints: mostly connections from where it stands to
the instances of a service.

What a target answers, failures included, it passes on as it is: a balancer does no work of its own that could
fail. It does not try another target (put a `Retry` around it), nor does it find out which targets are well:
one that refuses gets its share of requests all the same, unless somebody tells the balancer (`set_healthy`,
`eject`), as health checks and outlier detection do.

It then chooses among those that are available. Where less than `panic_threshold` of them are, so many cannot
be ill: the checks are wrong, or the rest would break down under the load of all; it *panics* and chooses
among all, or with `fails_in_panic` refuses (Envoy's "panic threshold", 50 % by default there and here).
With `Priorities` the levels say whether so few are well.

A target that is removed is *draining* while calls to it are under way: they go on, and no other comes.

What it knows of its calls is in the memory of its host. Calls that run there die with it; the balancer that
starts again knows of none, also not of those whose callers run elsewhere, and takes all targets to be well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf

from simulator import Environment

from ..endpoint import Call, Endpoint
from ..failures import CallFailed, Refused
from ..infrastructure import Host
from ..request import Request, Response
from ..validation import require_number, require_positive, require_unit_interval
from .policy import Choose, Policy
from .round_robin import RoundRobin
from .target import Target, Targets

_IN_TURN = RoundRobin()

Observer = Callable[[Target, Response | CallFailed | None, float], object]
"""Is told how a call to a target has ended (`None`: it was cut short), and after how many seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetStatistics:
    """Of `call_count` calls that a balancer has sent to a target, `outstanding_count` are under way.

    The latter is the balancer's own view, which begins anew with its host, and so is whether it takes the
    target to be healthy, and ejected.
    """

    name: str
    weight: float
    call_count: int
    outstanding_count: int
    is_healthy: bool
    is_ejected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancerStatistics:
    """What a balancer has done so far.

    `targets` are those it has now, in the order in which they were added, and `draining` those that were
    removed with calls under way. Of `call_count` calls `refused_count` found none that might be chosen.
    `is_panicking` says whether too few are available now.
    """

    targets: tuple[TargetStatistics, ...]
    draining: tuple[TargetStatistics, ...]
    call_count: int
    refused_count: int
    is_panicking: bool


class Balancer(Endpoint):
    """Answers as the one of `targets` does that `policy` chooses.

    `weights`, for a policy that uses them, are > 0 and as many as the targets; by default all are 1. `host`
    is where it stands, if its own fate matters. `panic_threshold` in [0, 1] is the share of targets below
    which those that are available are too few. Without any target to choose a call is `Refused` at once:
    nobody listens, nothing was done, and asking again is safe.

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
        panic_threshold: float = 0.5,
        fails_in_panic: bool = False,
        name: str = "balancer",
    ) -> None:
        """Put the balancer in front of `targets`."""
        if isinstance(targets, Endpoint):
            raise TypeError(f"targets must be a collection of endpoints, got one, {targets!r}")
        endpoints = list(targets)
        if weights is not None and len(weights) != len(endpoints):
            raise ValueError(f"weights must be as many as targets ({len(endpoints)}), got {len(weights)}")
        if not isinstance(policy, Policy):
            raise TypeError(f"policy must be a Policy, such as RoundRobin(), got {policy!r}")
        require_unit_interval("panic_threshold", panic_threshold)
        if host is not None and not isinstance(host, Host):
            raise TypeError(f"host must be a Host or none, got {host!r}")
        self._env = env
        self.panic_threshold = panic_threshold
        self.fails_in_panic = fails_in_panic
        self.policy = policy
        self.host = host
        self.name = name
        self._targets = Targets()
        # Also those that were removed: calls to them may be under way when they come back.
        self._known: dict[Endpoint, Target] = {}
        self._refused_count = 0
        self._observers: list[Observer] = []
        self._on_afresh: list[Callable[[], object]] = []
        self._on_changed: list[Callable[[], object]] = []
        self._policys_choice = policy.chooser(env, self._targets, name)
        self._choose: Choose = self._refuse
        self._is_settled = True
        for endpoint, weight in zip(endpoints, weights or [1.0] * len(endpoints), strict=True):
            self.add(endpoint, weight=weight)
        if host is not None:
            host.on_restart(self._start_afresh, endpoint=self)

    def _start_afresh(self) -> None:
        """Know of no call and of no illness, as a process that has just started.

        A call that goes on all the same is counted down at a target that no policy looks at any more.
        """
        now = self._env.now
        members = self._targets.members
        self._known = {endpoint: target.fresh(now) for endpoint, target in self._known.items()}
        members[:] = [self._known[target.endpoint] for target in members]
        if self.policy.has_memory:
            self._policys_choice = self.policy.chooser(self._env, self._targets, self.name)
        self._choose_anew()
        for function in self._on_afresh:
            function()

    def call(self, request: Request) -> Call:
        """Answer `request` as the chosen target does."""
        choose = self._choose
        target = choose(request)
        target.call_count += 1
        target.outstanding += 1
        try:
            if self._observers:
                return (yield from self._call_watched(target, request))
            return (yield from target.endpoint.call(request))
        finally:
            target.outstanding -= 1

    def _call_watched(self, target: Target, request: Request) -> Call:
        start = self._env.now
        result: Response | CallFailed | None = None
        try:
            result = yield from target.endpoint.call(request)
            return result
        except CallFailed as failure:
            result = failure
            raise
        finally:
            elapsed = self._env.now - start
            for observer in self._observers:
                observer(target, result, elapsed)

    def watch(self, observer: Observer) -> None:
        """Call `observer(target, result, elapsed)` at the end of each call that begins from now on.

        `result` is the response or the failure, `None` for a call that was cut short; `elapsed` in seconds.
        """
        self._observers.append(observer)

    def on_afresh(self, function: Callable[[], object]) -> None:
        """Call `function()` whenever the balancer has begun anew with its host or process."""
        self._on_afresh.append(function)

    def on_changed(self, function: Callable[[], object]) -> None:
        """Call `function()` whenever a target has been added or removed."""
        self._on_changed.append(function)

    # -- who may be chosen

    @property
    def targets(self) -> tuple[Endpoint, ...]:
        """The endpoints behind it, available or not, in the order in which they were added."""
        return tuple(target.endpoint for target in self._targets.members)

    @property
    def available(self) -> tuple[Endpoint, ...]:
        """Those of them that are healthy and not ejected, as far as the balancer knows."""
        return tuple(target.endpoint for target in self._targets.members if target.is_available)

    @property
    def is_panicking(self) -> bool:
        """Whether too few of the targets are available."""
        self._settle()
        return self._targets.is_panicking

    def add(self, endpoint: Endpoint, *, weight: float = 1.0) -> None:
        """Let `endpoint` be chosen from now on.

        Raises `ValueError` if it is there already, or the weight is not accepted, and `TypeError` for what is
        no endpoint.
        """
        if not isinstance(endpoint, Endpoint):
            raise TypeError(f"target must be an Endpoint, got {endpoint!r}")
        self._require_weight(weight)
        known = self._known.get(endpoint)
        if known is not None and known.is_member:
            raise ValueError(f"endpoint must not be among the targets already, got {endpoint.name!r}")
        target = self._known[endpoint] = Target(endpoint, weight, self._env.now) if known is None else known
        if known is not None:
            known.come_back(weight, self._env.now)
        self._targets.members.append(target)
        self._choose_anew()
        for function in self._on_changed:
            function()

    def remove(self, endpoint: Endpoint) -> None:
        """Do not choose `endpoint` any more; calls under way go on. Raises `ValueError` for no target."""
        target = self._target(endpoint)
        target.is_member = False
        self._targets.members.remove(target)
        self._choose_anew()
        for function in self._on_changed:
            function()

    def set_weight(self, endpoint: Endpoint, weight: float) -> None:
        """Change the weight of a target. Raises `ValueError` as `add` does, or for no target."""
        self._require_weight(weight)
        self._target(endpoint).weight = weight
        self._targets.version += 1

    def set_healthy(self, endpoint: Endpoint, is_healthy: bool) -> None:
        """Say whether health checks take a target to be well. Raises `ValueError` for no target."""
        target = self._target(endpoint)
        if is_healthy and not target.is_healthy:
            target.healthy_since = self._env.now
        target.is_healthy = is_healthy
        self._choose_anew()

    def eject(self, endpoint: Endpoint) -> None:
        """Do not choose a target until `readmit`. Raises `ValueError` for no target."""
        self._target(endpoint).is_ejected = True
        self._choose_anew()

    def readmit(self, endpoint: Endpoint) -> None:
        """Undo `eject`. Raises `ValueError` for no target."""
        self._target(endpoint).is_ejected = False
        self._choose_anew()

    def report_load(self, endpoint: Endpoint, load: float) -> None:
        """Note the load (finite, >= 0) that a target says it has. Raises `ValueError` for no target."""
        if not 0.0 <= require_number("load", load) < inf:
            raise ValueError(f"load must be finite and >= 0, got {load!r}")
        self._target(endpoint).reported_load = load

    def _target(self, endpoint: Endpoint) -> Target:
        target = self._known.get(endpoint)
        if target is None or not target.is_member:
            name = getattr(endpoint, "name", endpoint)
            raise ValueError(f"endpoint must be one of the targets, got {name!r}")
        return target

    def _require_weight(self, weight: float) -> None:
        require_positive("weight", weight)
        if weight != 1.0 and not self.policy.uses_weights:
            raise ValueError(f"weight must be 1 where the policy uses none ({self.policy!r}), got {weight!r}")

    def _choose_anew(self) -> None:
        """Have the next call look again at who may be chosen: a thousand marks at an instant are one look."""
        self._is_settled = False
        self._choose = self._choose_when_settled

    def _choose_when_settled(self, request: Request) -> Target:
        self._settle()
        return self._choose(request)

    def _settle(self) -> None:
        if not self._is_settled:
            self._is_settled = True
            self._targets.choose_from_members(
                is_panicking=self.policy.is_panic(self._targets.members, self.panic_threshold),
                fails_in_panic=self.fails_in_panic,
            )
            self._choose = self._policys_choice if self._targets else self._refuse

    def _refuse(self, request: Request) -> Target:
        """Choose where there is nothing to choose from."""
        self._refused_count += 1
        raise Refused(f"{self.name} has no target{' that is well' if self._targets.members else ''}")

    def statistics(self) -> BalancerStatistics:
        """Return what has happened so far."""
        known = self._known.values()
        return BalancerStatistics(
            targets=tuple(map(_statistics_of, self._targets.members)),
            draining=tuple(
                _statistics_of(target) for target in known if target.outstanding and not target.is_member
            ),
            call_count=sum(target.call_count for target in known) + self._refused_count,
            refused_count=self._refused_count,
            is_panicking=self.is_panicking,
        )


def _statistics_of(target: Target) -> TargetStatistics:
    return TargetStatistics(
        name=target.endpoint.name,
        weight=target.weight,
        call_count=target.call_count,
        outstanding_count=target.outstanding,
        is_healthy=target.is_healthy,
        is_ejected=target.is_ejected,
    )
