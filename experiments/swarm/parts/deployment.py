"""A service that goes from version to version while it is used: rolling, blue-green, by canaries; and back.

Upgrades are ordered at random times, one over the other too. A version may be bad: it answers with errors, or
never becomes ready. Clients that ask the deployment by its name go by its routes, which send by version;
those that ask the service take all instances alike.

Laws, the first three for *calm* systems, in which upgrades are all that happens and the controller is
answered in time (it knows what it has last heard; what crashes in between, or is not heard of, is not its
doing):

- Never more instances than desired and the surge, those of a second set beside the first not counted
  (Kubernetes, `maxSurge`); counted in the registry of the service, as one is added.
- Never fewer ready ones than desired less what may be unavailable, as one is taken out (`maxUnavailable`).
- An upgrade with draining loses no call of its own: where who leaves goes on accepting for longer than the
  news needs to reach the balancers, and is given the time to finish, no balancer sees a call refused or cut
  off; and where nothing may be unavailable, none is ever without a target. (What is on its way when the news
  arrives is there within one latency, which is constant here; nothing waits between balancer and connection.)
- When all faults have healed an upgrade comes to its end: as many instances as desired, ready, of the one
  version; where it cannot, since its version never is, or since nobody asks what a judge waits for, somebody
  orders it back.
- What is ordered is stopped for good: whoever has left is down.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from functools import partial
from math import isinf
from typing import Any

from models import CallFailed, ConnectionLost, Endpoint, Host, Refused, Request, Response, ServerError, System
from models.balancing import Balancer, Weighted
from models.deployment import (
    BlueGreen,
    Bounds,
    ByObjective,
    Canary,
    Deployment,
    Draining,
    RollingUpgrade,
    Routes,
    Strategy,
    Version,
)
from models.faults import Fault
from models.requirements import AvailabilityObjective
from models.services import Instance, MakeHandler, Service, in_sequence

from ..choices import Choice, NameOf, OwnHosts, PartOf
from ..fault_kind import FaultKind
from ..invariants import BrokenInvariant
from ..live_system import LiveSystem
from ..part_kind import Builder, LivePart, PartKind
from ..plan import PartPlan, WayPlan

_INTERVAL = 0.25  # between two looks of the controller (s)
_ROUNDING = 1e-9
_NEVER = 1e6  # how long a version takes to start that never does (s)
_PLAIN_LINKS = {"timeout", "recorded"}
"""Around a connection these pass a call on at once, or not at all."""

_STRATEGIES = ("rolling", "blue_green", "canary", "canary_by_weight")


@dataclass(slots=True)
class _Seen:
    """What was seen of a service under upgrades: breaches of the laws, in words.

    `never_empty` are balancers that must always have somebody to send to.
    """

    lost: list[str] = field(default_factory=list)
    never_empty: list[Balancer] = field(default_factory=list)
    too_many: list[str] = field(default_factory=list)
    too_few: list[str] = field(default_factory=list)


class UpgradedService(LivePart):
    """The `deployment` of a service, as `given`, and what was seen of it."""

    def __init__(self, plan: PartPlan, service: Service, host: Host, given: dict[str, Any]) -> None:
        self.name = plan.name
        self.service = service
        self.host = host
        self.given = given
        self.size = len(service.instances)
        self.deployment: Deployment | None = None
        # What each good version does: once a bad one is complete the service itself makes bad ones.
        self.usual = service.make_handler
        self.routes: Routes | None = None
        self._seen = _Seen()
        self._delays = [0.0]

    @property
    def counting(self) -> Iterable[object]:
        """The deployment."""
        return [] if self.deployment is None else [self.deployment]

    def connect(self, builder: Builder, source: Host, way: WayPlan) -> Endpoint:
        """Return a balancer on `source` that goes by the routes."""
        if self.routes is None:
            self.routes = Routes(builder.live.system, self.service)
        self._delays.append(way.discovery_delay)
        return self.routes.balanced(
            source,
            policy=Weighted(),
            discovery_delay=way.discovery_delay,
            transport=way.transport,
            propagate_cancellation=way.propagate_cancellation,
        )

    def complete(self, live: LiveSystem) -> None:
        """Begin to control, and to watch, now that all balancers are there."""
        given = self.given
        if self.routes is None:
            self.routes = Routes(live.system, self.service)
        self.service.start_time = given["start_time"]
        self.deployment = Deployment(
            live.system,
            self.service,
            host=self.host,
            draining=Draining(linger=given["linger"], grace=max(given["linger"], given["grace"])),
            routes=self.routes,
            interval=_INTERVAL,
        )
        if not _is_calm(live):
            return
        if self._loses_nothing(live):
            balancers = self._balancers(live)
            for balancer in balancers:
                balancer.watch(partial(self._note_loss, live, balancer))
            if not self.bounds.max_unavailable:
                # Who watches his targets may think that none of them is well.
                watched = {detection.balancer for detection in live.detections}
                self._seen.never_empty = [each for each in balancers if each not in watched]
        self.service.on_added(partial(self._note_added, live))
        self.service.on_removed(partial(self._note_removed, live))

    @property
    def bounds(self) -> Bounds:
        """How far upgrades may go."""
        return Bounds(max_surge=self.given["max_surge"], max_unavailable=1 - min(1, self.given["max_surge"]))

    def _balancers(self, live: LiveSystem) -> list[Balancer]:
        assert self.routes is not None
        found = [each for each in live.endpoints if isinstance(each, Balancer)]
        asking = [each for each in found if live.followed.get(each) is self.service]
        return [*asking, *self.routes.balancers]

    def _loses_nothing(self, live: LiveSystem) -> bool:
        """Return whether draining is such that no call is to be lost."""
        ways = [way for _, way in live.plan.ways() if way.service in (self.service.name, self.name)]
        latency = live.constant_latency
        delay = max([way.discovery_delay for way in ways] + self._delays)
        is_plain = all(link.kind in _PLAIN_LINKS for way in ways for link in way.links)
        given = self.given
        return (
            not isinf(latency)
            and is_plain
            and given["linger"] > delay + latency + _ROUNDING
            and given["grace"] >= _GRACE
        )

    # -- what is seen

    def _note_loss(
        self,
        live: LiveSystem,
        balancer: Balancer,
        target: object,
        result: Response | CallFailed | None,
        elapsed: float,
    ) -> None:
        if isinstance(result, Refused | ConnectionLost):
            self._seen.lost.append(f"{result!r} at {live.env.now!r} s, to {balancer.name!r}")

    def _note_added(self, live: LiveSystem, instance: Instance) -> None:
        assert self.deployment is not None
        desired, count = self.size, len(self.service.instances)
        steps = [step for rollout in self.deployment.rollouts for step in rollout.strategy.steps()]
        beside = desired if any(step.keeps_old for step in steps) else 0
        surge, _ = self.bounds.resolve(desired)
        if count > desired + beside + surge:
            self._seen.too_many.append(f"{count} of {desired} at {live.env.now!r} s")

    def _note_removed(self, live: LiveSystem, instance: Instance) -> None:
        desired = self.size
        ready = sum(each.is_ready for each in self.service.instances)
        _, unavailable = self.bounds.resolve(desired)
        if instance.is_ready and ready < desired - unavailable:
            self._seen.too_few.append(f"{ready} of {desired} at {live.env.now!r} s")

    # -- laws

    def check(self, live: LiveSystem) -> None:
        """Raise `BrokenInvariant` for what was seen."""
        for balancer in self._seen.never_empty:
            if count := balancer.statistics().refused_count:
                self._seen.lost.append(f"{count} calls found no target at {balancer.name!r}")
        for found, rule in (
            (self._seen.too_many, "an upgrade has no more instances than desired and its surge"),
            (self._seen.too_few, "an upgrade leaves as many ready as must be available"),
            (self._seen.lost, "an upgrade with draining loses no call"),
        ):
            if found:
                raise self.broken(live, self.deployment, rule, found[0])

    check_end = check

    def unsettled(self, live: LiveSystem) -> BrokenInvariant | None:
        """Return the breach unless the last upgrade is over, and all is of one version."""
        deployment, service = self.deployment, self.service
        assert deployment is not None
        ready = [each for each in service.instances if each.is_ready]
        versions = {each.version for each in ready}
        if (
            deployment.rollout is None
            and not deployment.fleet.is_leaving
            and len(ready) == len(service.instances) == self.size
            and versions == {deployment.version.name}
        ):
            left = [each for each in live.instances if each not in service.instances and each.is_listening]
            mine = [each.name for each in left if each.name.rpartition("-")[0] == service.name]
            if not mine:
                return None
            return self.broken(live, deployment, "who was taken out has stopped", ", ".join(mine))
        rule = "an upgrade comes to its end when all faults have healed"
        outcomes = [each.outcome for each in deployment.rollouts]
        detail = f"{outcomes}, {len(ready)} ready, {deployment.statistics()}"
        return self.broken(live, deployment, rule, detail)

    def vouches_for(self, instance: Instance) -> bool:
        """Whether an instance is of a version that answers."""
        return instance.version not in self.bad_versions

    @property
    def bad_versions(self) -> set[str]:
        """The names of the versions that answer with errors."""
        return {
            rollout.version.name
            for rollout in ([] if self.deployment is None else self.deployment.rollouts)
            if rollout.version.name.endswith(_BAD)
        }


_GRACE = 600.0  # longer than any call takes in a system that is calm (s)
_BAD = " (bad)"


def _is_calm(live: LiveSystem) -> bool:
    """Return whether upgrades are all that happens in a system, and the controller hears of all in time."""
    hears = 2 * live.constant_latency < _INTERVAL
    return hears and all(fault.kind == "upgrade" for fault in live.plan.faults)


class Upgrade(Fault):
    """Somebody orders an upgrade to a version `name`; in the end it is ordered back if it `must_end` so.

    It is also where it cannot come to an end by itself.
    """

    def __init__(
        self,
        system: System,
        part: UpgradedService,
        *,
        strategy: str,
        quality: str,
        is_judged: bool,
        rolls_back: bool,
        name: str,
    ) -> None:
        super().__init__(system.env, name, "upgrade", {"strategy": strategy, "quality": quality})
        self._part = part
        self._strategy = strategy
        self._quality = quality
        self._is_judged = is_judged and strategy != "rolling"
        self._rolls_back = rolls_back
        self._count = 0

    def _start(self) -> None:
        deployment = self._part.deployment
        assert deployment is not None
        self._count += 1
        name = f"{self.subject} #{self._count}"
        usual = self._part.usual
        match self._quality:
            case "bad":
                version = Version(name=f"{name}{_BAD}", make_handler=_failing(usual))
            case "never ready":
                version = Version(name=name, make_handler=usual, start_time=_NEVER)
            case _:
                start_time = self._part.given["start_time"]
                version = Version(name=name, make_handler=usual, start_time=start_time)
        deployment.upgrade(version, self._made(deployment))

    def _made(self, deployment: Deployment) -> Strategy:
        judge = None
        if self._is_judged and self._part.routes is not None and self._part.routes.balancers:
            judge = ByObjective(
                objective=AvailabilityObjective(at_least=0.9), requests_min=5, significance=0.05
            )
        bounds = self._part.bounds
        match self._strategy:
            case "blue_green":
                return BlueGreen(bounds=bounds, keep=0.5, judge=judge)
            case "canary" | "canary_by_weight":
                by_weight = self._strategy == "canary_by_weight"
                return Canary(bounds=bounds, shares=(0.3,), pause=0.5, by_weight=by_weight, judge=judge)
        return RollingUpgrade(bounds=bounds, min_ready_time=self._part.given["min_ready_time"])

    def _stop(self) -> None:
        deployment = self._part.deployment
        assert deployment is not None
        under_way = deployment.rollout
        is_endless = under_way is not None and (
            under_way.version.start_time == _NEVER or under_way.strategy.judge is not None
        )
        if is_endless or self._rolls_back:
            deployment.roll_back()


def _failing(make_handler: MakeHandler) -> MakeHandler:
    """Return the maker of a handler that fails after all its work."""

    def fail(instance: Instance, request: Request) -> Generator[Any, Any, None]:
        yield from ()
        raise ServerError("a bad version")

    return lambda host: in_sequence(make_handler(host), fail)


def _build(builder: Builder, plan: PartPlan, **given: Any) -> UpgradedService:
    system = builder.live.system
    return UpgradedService(plan, system.service(given["service"]), system.host(given["host"][0]), given)


DEPLOYMENT = PartKind(
    parameters={
        "service": NameOf(("services",)),
        "host": OwnHosts(1, 1),
        "max_surge": Choice(1, 0, 2),
        "min_ready_time": Choice(0.0, 0.3),
        "start_time": Choice(0.0, 0.3),
        "linger": Choice(0.0, 0.2, 0.7),
        "grace": Choice(_GRACE, 0.3, 0.0),
    },
    build=_build,
    faults={
        "upgrade": FaultKind(
            parameters={
                "part": PartOf(("deployment",)),
                "strategy": Choice(*_STRATEGIES),
                "quality": Choice("good", "bad", "never ready"),
                "is_judged": Choice(False, True),
                "rolls_back": Choice(False, True),
            },
            build=lambda system, name, part, **given: Upgrade(
                system, system.part(part, UpgradedService), **given, name=name
            ),
            is_order=True,
        ),
    },
    is_asked=True,
    manages=True,
)
