"""Nothing passes what is cut: there is no full answer while nobody could be reached, or nobody could reply.

For each client, its host and the hosts of the instances that it asks: which faults of the plan cut the way to
which instance, or the way back, and when. Where this is so for every instance, no request has a full answer

- that began and ended meanwhile: none of its messages can have been on its way before;
- that ended meanwhile, whenever it began, where the way back is cut and it ended longer after the beginning
  of that than messages are on their way (where this is known: all latencies are constant).

Left out: what answers from memory (outboxes, stores of keys), and faults that let something through (loss in
bursts or with a probability below 1, flapping, chaos, leaks), services whose instances come and go, and ways
to other parts than services.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np

from models import Outcome

from .choices import Names, completed
from .fault_catalogue import FAULTS, changed_services
from .invariants import BrokenInvariant, entity_of
from .live_system import LiveClient, LiveSystem
from .plan import REGION, HostPlan, SystemPlan
from .wrapper_catalogue import WRAPPERS

_OK = int(Outcome.OK)
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class _Leg:
    """The way from one host to another, to `instance` of a service if it ends there."""

    source: str
    target: str
    instance: str | None = None
    service: str | None = None


def check_cuts(live: LiveSystem) -> None:
    """Raise `BrokenInvariant` for a full answer that has come through what was cut."""
    if not live.plan.faults:
        return
    cuts = _Cuts(live.plan)
    changed = changed_services(live.plan)
    for client in live.clients:
        way = client.plan.way
        is_service = way.service in live.system.services
        if (
            is_service
            and way.service not in changed
            and not any(WRAPPERS[wrapper.kind].has_memory for wrapper in way.all_wrappers)
        ):
            _check_client(live, client, cuts)


def _check_client(live: LiveSystem, client: LiveClient, cuts: _Cuts) -> None:
    columns = client.client.table.columns()
    ok = columns["outcome"] == _OK
    start, end = columns["start"][ok].astype(np.float64), columns["end"][ok].astype(np.float64)
    is_cut = np.ones(len(start), dtype=np.bool_)
    for legs in _ways(live.plan, client):
        lag = len(legs) * cuts.latency
        within = np.zeros(len(start), dtype=np.bool_)
        # What happens at the very ends of a fault may have passed.
        for low, high, cuts_replies in cuts.windows(legs):
            within |= (start > low) & (end < high)
            if cuts_replies:
                within |= (end > low + lag + _ROUNDING) & (end < high)
        is_cut &= within
    if is_cut.any():
        rule = "no full answer passes what is cut"
        first = int(np.argmax(is_cut))
        detail = f"asked at {float(start[first])!r} s, answered at {float(end[first])!r} s"
        part = client.client
        raise BrokenInvariant(rule, entity_of(part), f"Client: {rule}", live.env.now, detail)


def _ways(plan: SystemPlan, client: LiveClient) -> Iterator[list[_Leg]]:
    """Yield the legs of the way to each instance that a client asks."""
    way = client.plan.way
    (service,) = (each for each in plan.services if each.name == way.service)
    standing = client.plan.host if way.balancer_host is None else way.balancer_host
    first = [] if standing == client.plan.host else [_Leg(client.plan.host, standing)]
    for number, host in enumerate(service.hosts, 1):
        yield [*first, _Leg(standing, host, f"{service.name}-{number}", service.name)]


class _Cuts:
    """When the faults of a plan cut which leg; `latency` (s) is that of a leg, infinite where not known."""

    def __init__(self, plan: SystemPlan) -> None:
        self._load_end = plan.load_end
        self._areas = {host.name: _areas(host) for host in plan.hosts}
        # What TCP has lost is on its way until it has been sent again, also for a process that has crashed.
        is_late = any(fault.kind in ("delay", "loss") for fault in plan.faults)
        is_known = plan.latency.law == "constant" and not is_late
        self.latency = plan.latency.mean if is_known else inf
        self._guarded = {service.name for service in plan.services if service.guards}
        names = Names.of(plan)
        self._faults = [
            (fault, completed(FAULTS[fault.kind].parameters, fault.parameters, fault.name, names))
            for fault in plan.faults
        ]

    def windows(self, legs: list[_Leg]) -> Iterator[tuple[float, float, bool]]:
        """Yield from when to when (s) one of `legs` is cut, fault by fault, and whether for replies too."""
        for fault, given in self._faults:
            cuts_replies = any(self._cuts_replies(fault.kind, given, leg) for leg in legs)
            if cuts_replies or any(self._cuts_calls(fault.kind, given, leg) for leg in legs):
                yield fault.start, min(fault.end, self._load_end), cuts_replies

    def _cuts_calls(self, kind: str, given: dict[str, Any], leg: _Leg) -> bool:
        """Return whether a fault lets no call that begins on a leg be answered well."""
        match kind:
            case "partition":
                return self._joins(leg.source, leg.target, given)
            case "loss":
                return _loses_all(given) and self._joins(leg.source, leg.target, given)
            case "errors":
                return given["probability"] == 1.0 and self._is_struck(leg, given["of"])
            case "dependency_outage":
                return given["mode"] != "slow" and self._is_struck(leg, given["service"])
            case "silence":
                return self._is_struck(leg, given["service"])
        return False

    def _cuts_replies(self, kind: str, given: dict[str, Any], leg: _Leg) -> bool:
        """Return whether a fault lets no answer leave for the way back on a leg."""
        match kind:
            case "host_crash":
                return bool(given["host"] == leg.target)
            case "power_outage":
                return self._is_in(leg.target, given["area"])
            case "process_crash":
                return bool(given["instance"] == leg.instance)
            case "network_outage":
                return self._is_in(leg.source, given["area"]) != self._is_in(leg.target, given["area"])
            case "partition":
                return self._joins(leg.target, leg.source, given)
            case "loss":
                return _loses_all(given) and self._joins(leg.target, leg.source, given)
        return False

    def _is_in(self, host: str, place: str) -> bool:
        return place == host or place in self._areas[host]

    def _joins(self, sender: str, receiver: str, given: dict[str, Any]) -> bool:
        """Return whether a fault lies on the way from one host to another."""
        source, target = given["source"], given["target"]
        if sender == receiver:
            return False
        return (sender == source and self._is_in(receiver, target)) or (
            not given["one_way"] and receiver == source and self._is_in(sender, target)
        )

    def _is_struck(self, leg: _Leg, answering: str) -> bool:
        """Return whether the handler at the end of a leg is struck, and nothing in front of it answers."""
        return leg.service not in self._guarded and answering in (leg.service, leg.instance)


def _areas(host: HostPlan) -> tuple[str | None, ...]:
    """Return the names of the areas that a host stands in."""
    return () if host.zone is None else (host.rack, host.zone, REGION)


def _loses_all(given: dict[str, Any]) -> bool:
    return given["probability"] == 1.0 and not given["in_bursts"]
