"""Zones: hosts that fail alone with probability p, and all together with their zone with probability q.

Spread evenly over zones, with so many needed: a zone is up with probability 1 - q, and of its hosts each with
1 - p; the number up is the sum over zones. Three hosts in three zones are better off than five in one: what
is lost with a zone is no longer a chance of 1 in 1000 to lose everything.

A probability becomes a rate: repair in r seconds on average, and failure after r (1 - p) / p. A host fails
and is repaired whether or not its zone is up, which is what makes both independent; and zones fail as power
outages, which hold hosts down beside whatever else does. Zones are repaired faster than hosts here, only so
that more outages fit into a run.

Source: elementary probability; the numbers are those of `zones_availability`.
"""

from __future__ import annotations

from functools import partial
from math import comb

from models import Host, Region, Zone
from models.faults import HostCrash, PowerOutage
from models.faults.chaos import Chaos
from simulator import Environment
from simulator.randomness import Distribution, Exponential

from ..experiment import Claim, TheoryCheck
from .watching import shares_by_down_count

HOST_REPAIR, ZONE_REPAIR = 1.0, 0.1
REPLICATIONS = 40


def zones(
    seed: int,
    effort: float = 1.0,
    *,
    zones_count: int,
    hosts_per_zone: int,
    needed_count: int,
    zone_down: float,
    host_down: float,
    duration: float,
) -> tuple[float, float]:
    """Return the shares of time with at least, and with fewer than, `needed_count` hosts up.

    `zone_down` and `host_down` are probabilities. Watched for `effort` times `duration` seconds.
    """
    env = Environment(seed=seed)
    region = Region("region")
    all_zones = [Zone(f"zone-{number}", region) for number in range(zones_count)]
    hosts = [
        Host(env, f"{zone.name} host-{number}", zone=zone)
        for zone in all_zones
        for number in range(hosts_per_zone)
    ]
    for faults, down, repair_mean, name in (
        ([HostCrash(host) for host in hosts], host_down, HOST_REPAIR, "hosts"),
        ([PowerOutage(zone) for zone in all_zones], zone_down, ZONE_REPAIR, "zones"),
    ):
        Chaos(env, faults, between=_between(down, repair_mean), repair=Exponential(repair_mean), name=name)
    warm_up = 20.0 * HOST_REPAIR
    until = warm_up + effort * duration
    env.run(until=until)
    shares = shares_by_down_count(env.event_log, len(hosts), warm_up, until)
    lost = sum(shares[len(hosts) - needed_count + 1 :])
    return 1.0 - lost, lost


def zones_availability(
    zones_count: int, hosts_per_zone: int, needed_count: int, zone_down: float, host_down: float
) -> float:
    """Return the probability that at least `needed_count` hosts are up, in zones of equal size."""
    up_counts = [1.0]  # the probability of 0, 1, ... hosts up in the zones so far
    in_zone = [
        (1.0 - zone_down)
        * comb(hosts_per_zone, up)
        * (1.0 - host_down) ** up
        * host_down ** (hosts_per_zone - up)
        for up in range(hosts_per_zone + 1)
    ]
    in_zone[0] += zone_down
    for _ in range(zones_count):
        up_counts = _sum_of(up_counts, in_zone)
    return sum(up_counts[needed_count:])


def _sum_of(first: list[float], second: list[float]) -> list[float]:
    """Return the law of the sum of two independent counts."""
    result = [0.0] * (len(first) + len(second) - 1)
    for number, probability in enumerate(first):
        for more, other in enumerate(second):
            result[number + more] += probability * other
    return result


def _between(down: float, repair_mean: float) -> Distribution:
    return Exponential(repair_mean * (1.0 - down) / down)


def _check(zones_count: int, hosts_per_zone: int, needed_count: int, *, duration: float) -> TheoryCheck:
    zone_down, host_down = 0.001, 0.01
    available = zones_availability(zones_count, hosts_per_zone, needed_count, zone_down, host_down)
    hosts_count = zones_count * hosts_per_zone
    return TheoryCheck(
        name=f"{needed_count} of {hosts_count} hosts in {zones_count} zones, "
        f"zone down {zone_down:g}, host down {host_down:g}",
        group="availability",
        source="elementary: hosts independent within zones, zones independent",
        claims=(
            Claim("availability", available),
            Claim("unavailability", 1.0 - available, precision=0.15),
        ),
        simulate=partial(
            zones,
            zones_count=zones_count,
            hosts_per_zone=hosts_per_zone,
            needed_count=needed_count,
            zone_down=zone_down,
            host_down=host_down,
            duration=duration,
        ),
        replications=REPLICATIONS,
    )


CHECKS = (_check(3, 1, 2, duration=140_000.0), _check(1, 5, 3, duration=21_000.0))
"""A majority of three hosts in three zones, and of five in one."""
