"""Famous chaos: what others are known to do to their systems on purpose, as far as they have told.

    chaos_gorilla     Netflix: a whole zone fails
    latency_monkey    Netflix: services answer late
    dirt              Google: planned exercises, up to the loss of a region

Each says its source and what differs; numbers that are nowhere published are ours, and said to be. Netflix'
Chaos Monkey has rules of its own: `chaos_monkey`.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from simulator import Environment
from simulator.randomness import Constant, Distribution, Exponential, Uniform

from ...infrastructure import Region, Zone
from ...network import Network
from ...services import Instance, Service
from ..answers import SlowAnswers
from ..durations import as_times
from ..fault import Fault
from ..outages import NetworkOutage, PowerOutage
from ..plan import FaultPlan
from .chaos import Chaos
from .working_hours import WorkingHours

_DELAY = Uniform(0.5, 1.5)


def chaos_gorilla(
    env: Environment,
    zones: Iterable[Zone],
    *,
    network: Network | None = None,
    between: Distribution | float | None = None,
    repair: Distribution | float | None = None,
    hours: WorkingHours | None = None,
    until: float = inf,
    name: str = "chaos gorilla",
) -> Chaos:
    """Let whole `zones` fail, one at a time, in working hours; with a `network`, by loss of network only.

    As Chaos Gorilla does it in two ways: total failure, or a partition with both sides going on. `between` is
    the time from one outage of a zone to its next, in working time; by default exponential with a mean of 60
    working days. `repair` is how long an outage lasts, by default a sixth of a working day (one hour).

    What differs: Netflix ran it by hand, and ever more aggressively; both times are ours. There traffic is
    shifted by operators; here the system must do it. Source: Tseitlin, "The Antifragile Organization" (ACM
    Queue 11, 2013).
    """
    hours = WorkingHours() if hours is None else hours
    faults = [PowerOutage(zone) if network is None else NetworkOutage(network, zone) for zone in zones]
    return Chaos(
        env,
        faults,
        between=Exponential(60.0 * hours.length) if between is None else between,
        repair=hours.length / 6.0 if repair is None else repair,
        hours=hours,
        down_max=1,
        until=until,
        name=name,
    )


def latency_monkey(
    env: Environment,
    targets: Iterable[Service | Instance],
    *,
    delay: Distribution | float = _DELAY,
    between: Distribution | float | None = None,
    repair: Distribution | float | None = None,
    hours: WorkingHours | None = None,
    until: float = inf,
    name: str = "latency monkey",
) -> Chaos:
    """Let each of `targets`, services or instances, answer late for a while, one at a time, in working hours.

    As Latency Monkey does: artificial delays in the layer through which services call each other; very large
    ones make a service look down that is up. `delay` is by default between 0.5 and 1.5 s, uniformly, which is
    what the Simian Army's network latency (netem, 1000 ms +- 500 ms) adds to each packet. `between` is by
    default exponential with a mean of five working days, `repair` how long it lasts, by default a 36th of a
    working day (ten minutes).

    What differs: there it can be had for one client of a service only; both times are ours. Source:
    Izrailevsky and Tseitlin, "The Netflix Simian Army" (2011); Netflix/SimianArmy,
    `scripts/networklatency.sh`.
    """
    hours = WorkingHours() if hours is None else hours
    return Chaos(
        env,
        [SlowAnswers(target, delay) for target in targets],
        between=Exponential(5.0 * hours.length) if between is None else between,
        repair=hours.length / 36.0 if repair is None else repair,
        hours=hours,
        down_max=1,
        until=until,
        name=name,
    )


def dirt(
    network: Network,
    region: Region,
    *,
    duration: float | None = None,
    hours: WorkingHours | None = None,
) -> FaultPlan:
    """Plan an exercise for the next working days: a zone's network, its power, and then all of `region`.

    Four exercises, each from the opening of a working day for `duration` seconds (at most a working day; by
    default half of one): the first zone of the region loses its network, the next day its power; then the
    whole region loses its network, and at last its power.

    What differs: DiRT, Google's disaster recovery testing, is a yearly event of several days with hundreds of
    tests, from small ones to the loss of data centers, and many of them of people and processes; which tests,
    and how long they last, is ours. Source: Krishnan, "Weathering the Unexpected" (ACM Queue 10, 2012).
    """
    hours = WorkingHours() if hours is None else hours
    if not region.zones:
        raise ValueError(f"region must have at least one zone, got {region!r}")
    lasting = as_times("duration", hours.length / 2.0 if duration is None else duration)
    if not isinstance(lasting, Constant) or lasting.value > hours.length:
        raise ValueError(f"duration must be at most a working day of {hours.length} s, got {duration!r}")
    zone = region.zones[0]
    exercises: tuple[Fault, ...] = (
        NetworkOutage(network, zone),
        PowerOutage(zone),
        NetworkOutage(network, region),
        PowerOutage(region),
    )
    plan = FaultPlan(network.env)
    today = hours.work_day(network.env.now)
    first = today if hours.opening(today) >= network.env.now else today + 1
    for number, exercise in enumerate(exercises, first):
        plan.at(hours.opening(number), exercise, duration=lasting.value)
    return plan
