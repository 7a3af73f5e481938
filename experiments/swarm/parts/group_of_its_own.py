"""A service of a part's own: a group that begins with one instance, on hosts from a source, and is scaled.

What the source gives is judged as it is given, by whoever derives from `JudgedSource`.

Laws of any such group, beside those of its autoscaler (`scaling_laws`):

- The hosts that were given are those of the members, and of those on their way out.
- Nobody is left without a host where there is one.
- When all faults have healed all members are ready; and where nobody asks there is one. Rules that take
  nothing away before all are warm wait for ever for those that fit nowhere: that is theirs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping
from math import inf
from typing import Any

from models import Endpoint, Host
from models.autoscaling import StepScaling, TargetTracking
from models.instance_groups import HostSource, InstanceGroup, Replacement
from models.services import Service

from ..choices import Choice, Parameter
from ..invariants import BrokenInvariant
from ..live_system import LiveSystem
from ..part_kind import Builder, LivePart
from ..plan import DurationPlan, PartPlan, ServicePlan, WayPlan, WrapperPlan
from .scaling_laws import check_scaling
from .scaling_rules import RULES, autoscaler_of, end_scaling, scaling_rule

_LIMIT = 0.5  # of a call to one instance (s)
_WAIT_FOR_ALL = (StepScaling, TargetTracking)

OF_ANY_GROUP: Mapping[str, Parameter] = {
    "demand": Choice(0.05, 0.2),
    "rule": Choice(*RULES),
    "count_max": Choice(4, 2, 7),
    "start_time": Choice(0.0, 0.3),
    "heals": Choice(False, True),
    "linger": Choice(0.0, 0.1),
    "grace": Choice(None, 0.3),
}
"""The parameters that every such part has."""


class JudgedSource(ABC):
    """Gives and takes back hosts as `source` does; `given` are those that are out, once for each instance.

    `breaches` are rules that were broken, and how.
    """

    def __init__(self, source: HostSource) -> None:
        self.source = source
        self.given: list[Host] = []
        self.breaches: list[tuple[str, str]] = []

    @property
    @abstractmethod
    def has_more(self) -> bool:
        """Whether there would be a host for one more, by the law and not by the source."""

    @abstractmethod
    def judged(self) -> Host:
        """Return what the source gives, and note what is wrong with it, or with its refusal."""

    def note(self, rule: str, wrong: str | None) -> None:
        """Note the breach of a `rule`, if something is `wrong`."""
        if wrong is not None:
            self.breaches.append((rule, wrong))

    def provision(self) -> Host:
        """Return a host for one more."""
        host = self.judged()
        self.given.append(host)
        return host

    def release(self, host: Host) -> None:
        """Take a host back."""
        self.source.release(host)
        self.given.remove(host)


class GroupOfItsOwn(LivePart):
    """The `group` of a service, on hosts from `source`, scaled by an `autoscaler` with a `rule`."""

    def __init__(
        self, builder: Builder, plan: PartPlan, service: Service, source: JudgedSource, given: dict[str, Any]
    ) -> None:
        env = builder.live.env
        self.name = plan.name
        self.source = source
        self.group = InstanceGroup(
            env,
            service,
            source,
            1,
            linger=given["linger"],
            grace=inf if given["grace"] is None else given["grace"],
            replacement=Replacement(check_interval=0.5, strikes=2) if given["heals"] else None,
            retry_interval=0.5,
        )
        self.rule = scaling_rule(given["rule"], given["count_max"])
        self.autoscaler = autoscaler_of(env, plan.name, self.group, self.rule)

    @property
    def counting(self) -> Iterable[object]:
        """The group and its autoscaler."""
        return [self.group, self.autoscaler]

    def connect(self, builder: Builder, source: Host, way: WayPlan) -> Endpoint:
        """Return a balancer on `source` that follows the group."""
        # What a balancer waits for must end, too.
        limit = WrapperPlan(kind="timeout", name=f"limit in {self.name}", parameters={"delay": _LIMIT})
        inner = WayPlan(
            service=self.group.name, policy=way.policy, links=(limit,), discovery_delay=way.discovery_delay
        )
        return builder.inner_way(source, f"{self.name} at {source.name}", inner)

    # -- to its end

    def unsettled(self, live: LiveSystem) -> BrokenInvariant | None:
        """Return the breach unless the group is as large as it wants to be and can."""
        group = self.group
        said = group.statistics()
        shown = f"{group.ready_count} ready of {group.desired_count}, {said}"
        if said.pending_count and self.source.has_more:
            return self.broken(live, group, "nobody is left without a host where there is one", shown)
        waits = bool(said.pending_count) and isinstance(self.rule, _WAIT_FOR_ALL)
        if group.desired_count != self.rule.count_min and not waits:
            rule = "a group for which nobody asks comes back to the least there may be"
            return self.broken(live, group, rule, shown)
        if group.ready_count != len(group.members) or said.draining_count:
            rule = "members are ready when all faults have healed"
            return self.broken(live, group, rule, shown)
        return None

    def wind_down(self, live: LiveSystem) -> None:
        """Scale no more, replace nobody."""
        end_scaling(live.env, self.name, self.group)

    # -- laws

    def check(self, live: LiveSystem) -> None:
        """Hold source, group and autoscaler to their rules."""
        for rule, detail in self.source.breaches:
            raise self.broken(live, self.group, rule, detail)
        check_scaling(live, self, self.group, self.rule)
        given, there = Counter(self.source.given), Counter(each.host for each in self.group.members)
        draining = self.group.statistics().draining_count
        if not there <= given or given.total() != there.total() + draining:
            rule = "hosts that are given are those of members, and of those on their way out"
            detail = f"{given.total()} given, {there.total()} members, {draining} on their way out"
            raise self.broken(live, self.group, rule, detail)

    check_end = check


def service_of(builder: Builder, plan: PartPlan, **given: Any) -> Service:
    """Return the service of a part, which has no instance yet."""
    service = builder.add_service(
        plan.name,
        ServicePlan(
            name=f"service of {plan.name}",
            hosts=(),
            demand=DurationPlan(mean=given["demand"]),
            threads=4,
            cores=given.get("cores", 0.0),
            memory_gib=given.get("memory_gib", 0.0),
        ),
    )
    service.start_time = given["start_time"]
    return service
