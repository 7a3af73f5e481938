"""Placement: where the same instances stand decides what the loss of a host, rack, zone or region takes.

Four instances can stand on any of sixteen hosts: two regions of two zones of two racks of two hosts, each
with room for four. Packed they need one host, and stand and fall with it. One on each host sounds safe, and
says nothing about racks, zones and regions: here the first four hosts are one zone. A rule that spreads them
evenly over racks, zones or regions bounds what the loss of one of these can take, and what is not asked for
is not given: four racks may all be in one region, and two hosts of a region in one rack.

What is lost is not only capacity. Whoever calls must learn that an instance does not answer, and what is left
must carry the load: at half load, half of the instances is just too few.

Besides, everything fails at random, hosts, racks, zones and regions, each with its own probability of being
down, and the question is how much of the time at least `needed` instances are up. That can be calculated:
what stands in one place is down together (k-out-of-n with common causes).

What to see (the default sweep): three of four instances that are left answer 93 % of the requests at half
load, two 77 %. The loss of a host takes everything only where all are packed on one; the loss of a zone also
with one per host, which leaves 50 % of the instances at the loss of a rack; the loss of a region also where
they are spread over racks. Spread over zones, the loss of a host, a rack or a zone takes one instance. If
everything fails at random, there are too few instances up for 4.39 % of the time where they are packed (4.43
% by theory), 1.60 % (1.59 %) with one per host, 0.56 % (0.64 %) over racks, 0.24 % (0.26 %) over regions and
0.09 % (0.10 %) over zones.

Sources: Newman, "Building Microservices" (2nd ed. 2021), "Spreading Your Risk"; Kubernetes documentation,
"Pod Topology Spread Constraints"; Ford et al., "Availability in Globally Distributed Storage Systems" (OSDI
2010), for failures that hosts share.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from models import Host, Network, System
from models.balancing import PowerOfTwoChoices
from models.faults import Fault, FaultPlan, HostCrash, PowerOutage
from models.faults.chaos import Chaos
from models.infrastructure import Area, Rack, Resources
from models.infrastructure.placement import AntiAffinity, Pack, PlacementPolicy, Spread, place
from models.resilience import Timeout
from models.services import Work
from models.workload import OpenLoop
from simulator import Environment
from simulator.randomness import Exponential

from ..design import Grid
from ..parameters import Unit
from ..study import Measure, Run, study
from .troubled_run import TroubledRun

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..result import SweepResult

Rule = Literal["pack", "one per host", "spread racks", "spread zones", "spread regions"]
RULES: Mapping[str, PlacementPolicy] = {
    "pack": Pack(),
    "one per host": AntiAffinity(),
    "spread racks": Spread("rack"),
    "spread zones": Spread("zone"),
    "spread regions": Spread("region"),
}
Loss = Literal["host", "rack", "zone", "region"]
LOSSES: tuple[Loss, ...] = ("host", "rack", "zone", "region")

INSTANCES = 4
WORK = 0.05
PATIENCE = 1.0
NEEDS = Resources(cores=1.0, memory_gib=2.0)

DOWN: Mapping[str, float] = {"host": 0.02, "rack": 0.01, "zone": 0.01, "region": 0.005}
"""How likely each is down by itself: far above what is usual, so that much fails in a short run."""

_REPAIR = 1.0
_CHAOS_TIME = 6_000.0

MEASURES = {
    "capacity_left": Measure(description="share of the instances that are up after the loss"),
    "answered": Measure(description="share answered of the requests sent while the place is lost"),
    "hosts_used": Measure(description="hosts that instances stand on"),
    "short": Measure(
        description="share of the time with fewer instances up than are needed, if all fail at random"
    ),
    "short_theory": Measure(description="the same by theory"),
}


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from .figures.placement import figures_of_sweep

    return figures_of_sweep(result)


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from .figures.placement import figures_of_run

    return figures_of_run(run)


@study(
    name="placement",
    question="Where should instances stand, if a host, a rack, a zone or a region may be lost?",
    measures=MEASURES,
    sweep=Grid({"rule": list(RULES), "loss": list(LOSSES)}),
    replications=5,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def placement(
    *,
    seed: int,
    rule: Annotated[Rule, Field(description="the rule by which instances are placed")] = "spread zones",
    loss: Annotated[
        Loss, Field(description="what loses its power in the middle third: the one with most instances")
    ] = "zone",
    needed: Annotated[
        int, Field(ge=1, le=INSTANCES, description="instances without which the service counts as down")
    ] = 2,
    utilisation: Annotated[
        float, Field(gt=0, lt=1, description="load, as a share of what all instances can do")
    ] = 0.5,
    duration: Annotated[
        float,
        Field(ge=15, le=3_600, allow_inf_nan=False, description="how long users come"),
        Unit("s"),
    ] = 60.0,
) -> Run:
    """Place a service, let users come, and take away the power of the place that has most of it."""
    env = Environment(seed=seed)
    system = System(env, network=Network(env, latencies=0.0))
    hosts = place(INSTANCES, build_hosts(system), RULES[rule], resources=NEEDS)
    service = system.add_service(
        "service", hosts, lambda host: Work(Exponential(WORK)), threads=1, queue_size_max=100, resources=NEEDS
    )
    balancer = system.balanced(
        system.add_host("edge"),
        service,
        policy=PowerOfTwoChoices(),
        around=lambda way: Timeout(env, way, PATIENCE),
    )
    rate = utilisation * INSTANCES / WORK
    users = OpenLoop(env, balancer, rate=rate, until=duration, name="users")
    start, end = duration / 3.0, 2.0 * duration / 3.0
    fault = power_loss(hosts, loss)
    plan = FaultPlan(env)
    plan.at(start, fault, end=end)
    env.run(until=(start + end) / 2.0)
    up_count = sum(host.is_up for host in hosts)
    env.run(until=duration + 2.0 * PATIENCE)
    run = TroubledRun(requests=users.table, log=env.event_log, start=start, end=end, duration=duration)
    measures = {
        "capacity_left": up_count / INSTANCES,
        "answered": run.during().availability(),
        "hosts_used": len(set(hosts)),
        "short": share_of_time_short(seed, rule, needed),
        "short_theory": short_by_theory(hosts, needed),
    }
    return Run(measures=measures, detail=run)


def build_hosts(system: System) -> list[Host]:
    """Build two regions of two zones of two racks of two hosts, and return the hosts in this order."""
    hosts: list[Host] = []
    for region in (system.add_region(name) for name in ("eu", "us")):
        for zone in (system.add_zone(f"{region.name}-{letter}", region) for letter in "ab"):
            for rack in (system.add_rack(f"{zone.name} rack {number}", zone) for number in (1, 2)):
                hosts += [
                    system.add_host(f"{rack.name} host {number}", rack=rack, cores=4, memory_gib=16.0)
                    for number in (1, 2)
                ]
    return hosts


def power_loss(hosts: Sequence[Host], level: str) -> Fault:
    """Return the loss of power of the host, rack, zone or region that most of `hosts` are or stand in."""
    if level == "host":
        return HostCrash(Counter(hosts).most_common(1)[0][0])
    areas = Counter(_area(host, level) for host in hosts)
    return PowerOutage(areas.most_common(1)[0][0])


def _area(host: Host, level: str) -> Area:
    """Return the rack, zone or region of a host that stands in one of each."""
    area: Area | None = host.rack
    for _ in range(("rack", "zone", "region").index(level)):
        assert area is not None
        area = area.within
    assert area is not None
    return area


# -- everything fails at random -----------------------------------------------------------------------------


@cache
def share_of_time_short(seed: int, rule: str, needed: int) -> float:
    """Return the share of time with fewer than `needed` instances up, while everything fails at random."""
    env = Environment(seed=seed)
    system = System(env)
    hosts = build_hosts(system)
    counts = Counter(place(INSTANCES, hosts, RULES[rule], resources=NEEDS))
    faults: Mapping[str, list[Fault]] = {
        "host": [HostCrash(host) for host in hosts],
        "rack": [PowerOutage(rack) for rack in system.racks.values()],
        "zone": [PowerOutage(zone) for zone in system.zones.values()],
        "region": [PowerOutage(region) for region in system.regions.values()],
    }
    for level, several in faults.items():
        between = Exponential(_REPAIR * (1.0 - DOWN[level]) / DOWN[level])
        Chaos(env, several, between=between, repair=Exponential(_REPAIR), name=level)
    env.run(until=_CHAOS_TIME)
    by_name = {host.name: count for host, count in counts.items()}
    up_count, since, short = INSTANCES, 0.0, 0.0
    for record in env.event_log.of_kind("host.down", "host.up"):
        if up_count < needed:
            short += record.time - since
        since = record.time
        up_count += by_name.get(record.subject, 0) * (1 if record.kind == "host.up" else -1)
    if up_count < needed:
        short += _CHAOS_TIME - since
    return short / _CHAOS_TIME


def short_by_theory(hosts: Sequence[Host], needed: int) -> float:
    """Return the probability that fewer than `needed` of the instances on `hosts` are up.

    From the inside out: the number up on a host is all or none of its own; in an area it is the sum over what
    stands in it, or none if the area itself is down.
    """
    laws = {host: _all_or_none([1.0], DOWN["host"], count) for host, count in Counter(hosts).items()}
    of_areas: dict[Area, list[float]] = {}
    for host, law in laws.items():
        assert isinstance(host.rack, Rack)
        of_areas[host.rack] = _sum(of_areas.get(host.rack, [1.0]), law)
    whole = [1.0]
    for level in ("rack", "zone", "region"):
        outer: dict[Area, list[float]] = {}
        for area, law in of_areas.items():
            law = _all_or_none(law, DOWN[level], 0)
            if area.within is None:
                whole = _sum(whole, law)
            else:
                outer[area.within] = _sum(outer.get(area.within, [1.0]), law)
        of_areas = outer
    return sum(whole[:needed])


def _all_or_none(law: Sequence[float], down: float, count: int) -> list[float]:
    """Return the law of `count` more than `law` says, but 0 with probability `down`."""
    result = [0.0] * count + [(1.0 - down) * probability for probability in law]
    result[0] += down
    return result


def _sum(first: Sequence[float], second: Sequence[float]) -> list[float]:
    """Return the law of the sum of two independent counts."""
    result = [0.0] * (len(first) + len(second) - 1)
    for number, probability in enumerate(first):
        for more, other in enumerate(second):
            result[number + more] += probability * other
    return result
