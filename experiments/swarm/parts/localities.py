"""Balancers on hosts of their own in several zones, in front of one service, that choose a zone first.

They go by zone-aware routing, by the weights of zones, or by priorities, each with a policy inside that
chooses among the targets there. Some probe their targets, hear reports of their load, eject outliers, refuse
in panic. Clients ask all of them in turn.

Laws: see `locality_laws`, which judges each choice of each of them.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from models import Endpoint, Host
from models.balancing import (
    Balancer,
    ConsistentHash,
    LeastOutstanding,
    LoadReports,
    Policy,
    PowerOfTwoChoices,
    ReportedLoad,
    RoundRobin,
    SlowStart,
    WeightedLeastRequest,
)
from models.balancing.localities import LocalityWeighted, Priorities, ZoneAware
from models.infrastructure import Zone

from ..choices import Choice, NameOf, OwnHosts
from ..live_system import LiveSystem
from ..part_kind import Builder, LivePart, PartKind, end_processes
from ..plan import HealthChecksPlan, PartPlan, WayPlan, WrapperPlan
from .locality_laws import (
    Chance,
    Judged,
    LocalityLaw,
    LocalityWeightedLaw,
    Notes,
    PrioritiesLaw,
    ZoneAwareLaw,
)

_LIMIT = 0.5  # of a call to one instance (s)
_CHECKS = HealthChecksPlan(interval=0.25, timeout=0.1)
_WEIGHTS = (1.0, 3.0, 2.0)  # of the zones, in their order
_INSIDE: dict[str, Policy] = {
    "two_choices": PowerOfTwoChoices(),
    "round_robin": RoundRobin(),
    "consistent_hash": ConsistentHash(),
    "reported_load": ReportedLoad(LeastOutstanding()),
    "least_request_with_slow_start": WeightedLeastRequest(slow_start=SlowStart(window=2.0)),
}
_BY_KEY = {"consistent_hash"}
_BY_REPORTS = {"reported_load"}
_REPORTING = 0.2  # s


class Localities(LivePart):
    """The `balancers`, and what was noted of those that choose by localities."""

    def __init__(self, plan: PartPlan) -> None:
        self.name = plan.name
        self._service = plan.parameters["service"]
        self.balancers: list[Endpoint] = []
        self.notes: list[tuple[Endpoint, Notes]] = []

    def connect(self, builder: Builder, source: Host, way: WayPlan) -> Endpoint:
        """Return a balancer on `source` that asks all of them in turn."""
        live = builder.live
        ways = [builder.connect(source, each, way) for each in self.balancers]
        front = Balancer(live.env, ways, host=source, name=f"ways of {source.name} to {self.name}")
        live.endpoints.append(front)
        return front

    def check(self, live: LiveSystem) -> None:
        """Raise `BrokenInvariant` for the first choice that was not as it must be."""
        for balancer, notes in self.notes:
            for rule, detail in notes.breaches:
                raise self.broken(live, balancer, rule, detail)

    check_end = check

    def wind_down(self, live: LiveSystem) -> None:
        """Let nobody report any more."""
        reporting = [each for each in live.instances if each.name.rpartition("-")[0] == self._service]
        end_processes(live.env, *(f"load of {each.name}" for each in reporting))


def _report(builder: Builder, balancer: Balancer) -> None:
    """Let all targets of a balancer tell it their load, those too that come later."""
    reports = LoadReports(builder.live.system.network, balancer, interval=_REPORTING)
    known = set(balancer.targets)

    def add_new() -> None:
        for target in balancer.targets:
            if target not in known:
                known.add(target)
                reports.add(target)

    balancer.on_changed(add_new)


def _build(builder: Builder, plan: PartPlan, *, hosts: tuple[str, ...], **given: Any) -> Localities:
    system, part = builder.live.system, Localities(plan)
    # What a balancer waits for must end, too.
    limit = WrapperPlan(kind="timeout", name=f"limit in {plan.name}", parameters={"delay": _LIMIT})
    way = WayPlan(
        service=given["service"],
        links=(limit,),
        discovery_delay=given["discovery_delay"],
        health_checks=_CHECKS if given["probes"] else None,
        ejects_outliers=given["ejects_outliers"],
        panic_threshold=given["panic_threshold"],
        fails_in_panic=given["fails_in_panic"],
    )
    places = [zone for zone in (system.host(name).zone for name in hosts) if zone is not None]
    chances: dict[Hashable, Chance] = {}
    for name in hosts:
        host = system.host(name)
        policy, law = _rule(builder, host, tuple(places), given)
        notes = None
        if law is not None:
            notes = Notes(
                law,
                way.panic_threshold,
                way.fails_in_panic,
                by_key=given["inside"] in _BY_KEY,
                by_reports=given["inside"] in _BY_REPORTS,
                chances=chances,
            )
            policy = Judged(policy, notes)
        balancer = builder.inner_way(host, f"{plan.name} at {name}", way, policy=policy)
        part.balancers.append(balancer)
        if given["inside"] in _BY_REPORTS and isinstance(balancer, Balancer):
            _report(builder, balancer)
        if notes is not None:
            part.notes.append((balancer, notes))
    return part


def _rule(
    builder: Builder, host: Host, callers: tuple[Zone, ...], given: dict[str, Any]
) -> tuple[Policy, LocalityLaw | None]:
    """Return the policy of the balancer on a host, and its law; where there are no zones, the one inside."""
    zones = [builder.live.system.zone(name) for name in builder.plan.zones]
    inside, more = _INSIDE[given["inside"]], given["overprovisioning"]
    counted = zones[:-1] if given["leaves_out"] and len(zones) > 1 else zones
    if not zones or host.zone is None:
        return inside, None
    match given["policy"]:
        case "weighted":
            weights = tuple(zip(counted, _WEIGHTS, strict=False))
            by_weight = LocalityWeighted(policy=inside, weights=weights, overprovisioning=more)
            return by_weight, LocalityWeightedLaw(weights, more)
        case "priorities":
            levels = tuple(each for each in (tuple(counted[:1]), tuple(counted[1:])) if each)
            threshold = given["panic_threshold"]
            by_level = Priorities(
                policy=inside, levels=levels, overprovisioning=more, panic_threshold=threshold
            )
            return by_level, PrioritiesLaw(levels, more, threshold)
    least = given["size_min"]
    by_zone = ZoneAware(policy=inside, own=host.zone, callers=callers, size_min=least)
    return by_zone, ZoneAwareLaw(host.zone, callers, least)


LOCALITIES = PartKind(
    parameters={
        "service": NameOf(("services",)),
        "hosts": OwnHosts(2, 4),
        "policy": Choice("zone_aware", "weighted", "priorities"),
        "inside": Choice(*_INSIDE),
        "size_min": Choice(2, 6),
        "overprovisioning": Choice(1.4, 1.0),
        "leaves_out": Choice(False, True),
        "panic_threshold": Choice(0.5, 0.0, 0.8),
        "fails_in_panic": Choice(False, True),
        "probes": Choice(False, True),
        "ejects_outliers": Choice(False, True),
        "discovery_delay": Choice(0.0, 0.1),
    },
    build=_build,
    is_asked=True,
    probes=True,
    needs_fleet=True,
)
