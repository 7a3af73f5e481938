"""Localities: Envoy's table of shares by health, and zone-aware routing that loads all targets alike.

Both are built: hosts in zones, instances, a balancer in front of them that is told who is ill. What is
counted is where requests arrive.

Source: Envoy's documentation, "Locality weighted load balancing" (the table of weights 1 to 2) and "Zone
aware routing".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

from models import Host, System, Zone
from models.balancing import Balancer
from models.balancing.localities import LocalityWeighted, ZoneAware
from models.services import Pause, Service
from models.workload import OpenLoop
from simulator import Environment
from simulator.randomness import Constant

from ..experiment import Claim, TheoryCheck

HEALTHY = (100, 70, 69, 50, 25)
"""Percent of the first zone's targets that are well."""

_PER_ZONE = 100
_CALLERS, _TARGETS = (4, 4, 2), (5, 10, 5)


def _requests(effort: float) -> int:
    return max(500, round(4_000 * effort))


def locality_table(seed: int, effort: float, *, weights: tuple[float, float]) -> Sequence[float]:
    """The percentage of requests that arrive in the first of two zones, for each of `HEALTHY`."""
    env = Environment(seed=seed)
    system = System(env)
    first, second = system.add_zone("first"), system.add_zone("second")
    service = _service(system, (first, second), (_PER_ZONE, _PER_ZONE))
    policy = LocalityWeighted(weights=((first, weights[0]), (second, weights[1])))
    balancer = system.balanced(system.add_host("edge"), service, policy=policy)
    found = []
    for healthy in HEALTHY:
        for number, endpoint in enumerate(balancer.targets[:_PER_ZONE]):
            balancer.set_healthy(endpoint, number < healthy)
        before = _by_zone([service])
        _send(env, balancer, _requests(effort))
        arrived = _by_zone([service]) - before
        found.append(100.0 * arrived[first] / arrived.total())
    return found


def zone_aware(
    seed: int, effort: float, *, callers: tuple[int, ...], targets: tuple[int, ...]
) -> Sequence[float]:
    """Requests at a target of each zone, against the mean of all; then the share of zone 0's that stays."""
    env = Environment(seed=seed)
    system = System(env)
    zones = [system.add_zone(f"zone {number}") for number in range(len(callers))]
    service = _service(system, zones, targets)
    of_callers = [zone for zone, count in zip(zones, callers, strict=True) for _ in range(count)]
    stays = 0.0
    for number, zone in enumerate(of_callers):
        policy = ZoneAware(own=zone, callers=tuple(of_callers))
        balancer = system.balanced(system.add_host(f"web {number}", zone), service, policy=policy)
        before = _by_zone([service])
        _send(env, balancer, _requests(effort))
        if zone is zones[0]:
            stays += (_by_zone([service]) - before)[zone] / (_requests(effort) * callers[0])
    arrived = _by_zone([service])
    mean = arrived.total() / sum(targets)
    level = [arrived[zone] / count / mean for zone, count in zip(zones, targets, strict=True)]
    return [*level, stays]


def _service(system: System, zones: Sequence[Zone], counts: Sequence[int]) -> Service:
    hosts: list[Host] = [
        system.add_host(f"{zone.name}, host {number}", zone)
        for zone, count in zip(zones, counts, strict=True)
        for number in range(count)
    ]
    return system.add_service("service", hosts, lambda host: Pause(Constant(0.001)))


def _send(env: Environment, balancer: Balancer, requests: int) -> None:
    """Let exactly so many requests come, evenly, and be answered."""
    gaps = Constant(0.01)
    users = OpenLoop(env, balancer, interarrival=gaps, until=env.now + requests * gaps.value, name="users")
    env.run(until=env.now + requests * gaps.value + 10.0)
    assert len(users.table) >= requests - 1


def _by_zone(services: Sequence[Service]) -> Counter[Zone | None]:
    counts: Counter[Zone | None] = Counter()
    for service in services:
        for instance in service.instances:
            counts[instance.host.zone] += instance.statistics().call_count
    return counts


def _table_check() -> TheoryCheck:
    effective = [min(100, 140 * healthy // 100) for healthy in HEALTHY]
    return TheoryCheck(
        name="locality weights 1 to 2, the first zone ill in part",
        group="balancing",
        source="Envoy: 33, 33, 32, 26 and 15 % in its table",
        claims=tuple(
            Claim(
                f"percent in the first zone, {healthy} % healthy",
                100.0 * weight / (weight + 200.0),
                bias=0.1,
                note="shares of some thousand requests are whole requests",
            )
            for healthy, weight in zip(HEALTHY, effective, strict=True)
        ),
        simulate=partial(locality_table, weights=(1.0, 2.0)),
        replications=2,
    )


CHECKS = (
    _table_check(),
    TheoryCheck(
        name="zone-aware routing, callers 4 4 2 and targets 5 10 5 in three zones",
        group="balancing",
        source="Envoy, zone-aware routing: every target as busy as the others",
        claims=(
            *(Claim(f"requests at a target of zone {number}, over the mean", 1.0) for number in range(3)),
            Claim("share of zone 0's requests that stays", 0.625),
        ),
        simulate=partial(zone_aware, callers=_CALLERS, targets=_TARGETS),
        replications=10,
    ),
)
"""Shares by health, and level loads."""
