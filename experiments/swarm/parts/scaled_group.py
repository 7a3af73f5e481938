"""As many instances of a service as an autoscaler says, on hosts that are there or are had by the hour.

The instances that the plan gives the service are the group's first members. Others stand beside them on the
same hosts, so that a host that crashes takes several members with it; or each on a host from a pool, which
boots first, and is gone when it is given back.

Laws:

- The autoscaler keeps to its bounds, its stabilisation and its limit (see `scaling_laws`).
- A group comes back to its size: when all faults have healed it has as many ready instances as it wants, and
  nobody is on the way out (Kubernetes, ReplicaSet: "a stable set of replica Pods").
- Where nobody asks any more the number comes back to the least there may be: a metric of 0 asks for none.
- What is paid for has an instance: each host of the pool has a member, or one that drains.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Any

from models import Host
from models.autoscaling import Autoscaler, ScalingRule
from models.autoscaling.kubernetes import HorizontalPodAutoscaler
from models.infrastructure import HostPool, HostType, NoCapacity
from models.instance_groups import ExistingHosts, InstanceGroup, Replacement

from ..choices import Choice, NameOf, OwnHosts
from ..invariants import BrokenInvariant
from ..live_system import LiveSystem
from ..part_kind import Builder, LivePart, PartKind
from ..plan import HostPlan, PartPlan
from .scaling_laws import check_scaling
from .scaling_rules import PERIOD, RULES, autoscaler_of, end_scaling, scaling_rule


class OwnFirst:
    """Hosts of one's own first, then those of a `pool`, if there is one."""

    def __init__(self, own: ExistingHosts, pool: HostPool | None) -> None:
        self._own = own
        self._pool = pool

    def provision(self) -> Host:
        """Return an own host with room, else one more of the pool."""
        try:
            return self._own.provision()
        except NoCapacity:
            if self._pool is None:
                raise
            return self._pool.provision()

    def release(self, host: Host) -> None:
        """Give it back where it came from."""
        if self._pool is not None and host in self._pool.hosts:
            self._pool.release(host)
        else:
            self._own.release(host)


class ScaledGroup(LivePart):
    """The `group` of a service, its `autoscaler` by `rule`, and the `pool` that more hosts come from."""

    def __init__(
        self,
        plan: PartPlan,
        group: InstanceGroup,
        pool: HostPool | None,
        rule: ScalingRule,
        autoscaler: Autoscaler,
        given: dict[str, Any],
    ) -> None:
        self.name = plan.name
        self.group = group
        self.pool = pool
        self.rule = rule
        self.autoscaler = autoscaler
        self._given = given

    @property
    def counting(self) -> Iterable[object]:
        """The group, its autoscaler, its pool of hosts."""
        return [self.group, self.autoscaler, *([] if self.pool is None else [self.pool])]

    def check(self, live: LiveSystem) -> None:
        """Hold the autoscaler to its rule, and the pool to its members."""
        given, rule = self._given, self.rule
        keeps = not self._has_begun_anew(live)
        is_kubernetes = isinstance(rule, HorizontalPodAutoscaler)
        check_scaling(
            live,
            self,
            self.group,
            rule,
            window=given["window"] if keeps and is_kubernetes else 0.0,
            growth_max=given["growth_max"] if keeps and is_kubernetes else None,
            period=PERIOD,
        )
        if self.pool is not None:
            members, draining = len(self.group.members), self.group.statistics().draining_count
            on_pool = sum(member.host in self.pool.hosts for member in self.group.members)
            if not on_pool <= len(self.pool.hosts) <= on_pool + draining:
                detail = f"{len(self.pool.hosts)} hosts, {members} members, {draining} on their way out"
                raise self.broken(live, self.pool, "what is paid for has an instance", detail)

    def _has_begun_anew(self, live: LiveSystem) -> bool:
        """Return whether the autoscaler's host has crashed: then it has forgotten what it did."""
        return any(
            record.subject in self._given["host"] for record in live.env.event_log.of_kind("host.down")
        )

    def unsettled(self, live: LiveSystem) -> BrokenInvariant | None:
        """Return the breach unless the group is as large as it must be, and as it wants to be."""
        group = self.group
        said = group.statistics()
        shown = f"{group.ready_count} ready of {group.desired_count}, {said}"
        if group.ready_count != group.desired_count or said.draining_count:
            rule = "a group comes back to its size when all faults have healed"
            return self.broken(live, group, rule, shown)
        if group.desired_count != self.rule.count_min:
            rule = "a group for which nobody asks comes back to the least there may be"
            return self.broken(live, group, rule, shown)
        return None

    def wind_down(self, live: LiveSystem) -> None:
        """Scale no more, replace nobody."""
        end_scaling(live.env, self.name, self.group)


def _build(builder: Builder, plan: PartPlan, **given: Any) -> ScaledGroup:
    system, env = builder.live.system, builder.live.env
    service = system.service(given["service"])
    (planned,) = (each for each in builder.plan.services if each.name == given["service"])
    hosts = [system.host(name) for name in planned.hosts]
    count_max = max(given["count_max"], len(hosts))
    # There is room for all, sooner or later: who lacks it does not come to rest.
    own = ExistingHosts(hosts, per_host=1 if given["has_pool"] else count_max)
    for _ in hosts:
        own.provision()  # for the instances that are there
    pool = _pool(builder, plan.name, planned.hosts[0], given["boot_time"]) if given["has_pool"] else None
    service.start_time = given["start_time"]
    group = InstanceGroup(
        env,
        service,
        OwnFirst(own, pool),
        len(hosts),
        linger=given["linger"],
        grace=inf if given["grace"] is None else given["grace"],
        replacement=Replacement(check_interval=0.5, strikes=2) if given["heals"] else None,
        retry_interval=0.5,
    )
    rule = scaling_rule(given["rule"], count_max, given["window"], given["growth_max"])
    host = system.host(given["host"][0]) if given["host"] else None
    autoscaler = autoscaler_of(env, plan.name, group, rule, delay=given["delay"], host=host)
    return ScaledGroup(plan, group, pool, rule, autoscaler, given)


def _pool(builder: Builder, name: str, like: str, boot_time: float) -> HostPool:
    """Return a pool of hosts that are like one of the plan's."""
    system = builder.live.system
    (host,) = (each for each in builder.plan.hosts if each.name == like)
    return HostPool(
        system.env,
        f"machine of {name}",
        _host_type(host, boot_time),
        zones=[] if host.zone is None else [system.zone(host.zone)],
        make_host=system.add_host,
    )


def _host_type(host: HostPlan, boot_time: float) -> HostType:
    return HostType(cores=host.cores, scheduling=host.scheduling, boot_time=boot_time)


SCALED_GROUP = PartKind(
    parameters={
        "service": NameOf(("services",)),
        "host": OwnHosts(0, 1),
        "rule": Choice(*RULES),
        "count_max": Choice(4, 3, 6),
        "window": Choice(0.0, 2.0),
        "growth_max": Choice(None, 1),
        "delay": Choice(0.0, 0.4),
        "has_pool": Choice(False, True),
        "boot_time": Choice(0.0, 0.4),
        "start_time": Choice(0.0, 0.3),
        "heals": Choice(False, True),
        "linger": Choice(0.0, 0.1),
        "grace": Choice(None, 0.3),
    },
    build=_build,
    manages=True,
)
