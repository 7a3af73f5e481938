"""Chaos: how much availability more zones buy when hosts and zones fail at random.

Hosts crash and are repaired, each by itself; now and then a whole zone loses its power. Each service has
one host in each zone. With independent failures alone, every zone more would multiply the nines; that zones
fail as a whole sets the limit, and what users see is less than either: callers have to find out that a host
is down, and the edge balancer stands in one zone only.

The infrastructure's share of time with all services up (at least one host each, and the edge) is compared
with what users got, in a shop without protection and in a careful one.

Sources: Newman, "Building Microservices", chapter "Microservices at Scale", "The Antifragile Organization";
Tseitlin, "The Antifragile Organization" (ACM Queue 11, 2013).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from models.faults import Fault, HostCrash, PowerOutage
from models.faults.chaos import Chaos
from models.shop import PAGE, Shop, bare_shop, careful_shop
from simulator import Environment, EventLog, RequestTable
from simulator.randomness import Exponential

from ..design import Grid
from ..parameters import Unit
from ..study import Measure, Run, study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..result import SweepResult

MEASURES = {
    "answered": Measure(description="share answered of all requests"),
    "full": Measure(description="share answered with nothing missing"),
    "pages": Measure(description="share answered of the pages"),
    "services_up": Measure(description="share of time with a host of every service up, and the edge"),
    "hosts_up": Measure(description="share of time that a host is up, mean over the hosts"),
    "zone_losses": Measure(description="power outages of zones"),
    "crashes": Measure(description="crashes of single hosts"),
    "orders_lost": Measure(description="orders that users were told of and that are never charged"),
}

_SETTLING = 120.0
_STEP = 0.25  # s, in which it is looked whether services are up: short against any repair


@dataclass(frozen=True, slots=True, kw_only=True)
class ChaosRun:
    """A run that is over: the users' `requests`, the `log`, and for how long they came."""

    requests: RequestTable
    log: EventLog
    duration: float


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from .figures.chaos import figures_of_sweep

    return figures_of_sweep(result)


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from .figures.chaos import figures_of_run

    return figures_of_run(run)


@study(
    name="chaos",
    question="How much availability do more zones buy when hosts and zones fail at random?",
    measures=MEASURES,
    sweep=Grid({"zones": [1, 2, 3], "preset": ["bare", "careful"]}),
    replications=5,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def chaos(
    *,
    seed: int,
    zones: Annotated[int, Field(ge=1, le=9, description="zones, each with a host of every service")] = 3,
    preset: Annotated[Literal["bare", "careful"], Field(description="how the shop is protected")] = "careful",
    host_mttf: Annotated[
        float,
        Field(gt=0, allow_inf_nan=False, description="mean time between crashes of one host"),
        Unit("s"),
    ] = 200.0,
    host_mttr: Annotated[
        float, Field(gt=0, allow_inf_nan=False, description="mean time until it is repaired"), Unit("s")
    ] = 5.0,
    zone_mttf: Annotated[
        float | None,
        Field(
            gt=0, allow_inf_nan=False, description="mean time between power outages of one zone; none: never"
        ),
        Unit("s"),
    ] = 300.0,
    zone_mttr: Annotated[
        float, Field(gt=0, allow_inf_nan=False, description="mean time until it has power again"), Unit("s")
    ] = 10.0,
    rate: Annotated[
        float, Field(gt=0, le=1_000, allow_inf_nan=False, description="requests of users"), Unit("1/s")
    ] = 20.0,
    duration: Annotated[
        float, Field(ge=30, le=36_000, allow_inf_nan=False, description="how long users come"), Unit("s")
    ] = 150.0,
) -> Run:
    """Let hosts and zones of the shop fail at random; times are shortened, so that much fails."""
    env = Environment(seed=seed)
    base = bare_shop() if preset == "bare" else careful_shop()
    names = tuple(f"zone-{letter}" for letter in "abcdefghi"[:zones])
    shop = Shop(env, replace(base, rate=rate, zones=names))
    hosts = [host for host in shop.system.hosts.values() if host.zone is not None]
    crashes = _unleash(shop, "hosts", [HostCrash(host) for host in hosts], host_mttf, host_mttr, duration)
    losses = None
    if zone_mttf is not None:
        outages = [PowerOutage(zone) for zone in shop.zones]
        losses = _unleash(shop, "zones", outages, zone_mttf, zone_mttr, duration)
    users = shop.admit_users(until=duration)
    up = _watch(shop, duration)
    env.run(until=duration + _SETTLING)
    sample = users.table.sample()
    measures = {
        "answered": sample.availability(),
        "full": sample.shares()["ok"],
        "pages": users.table.sample(operation=PAGE).availability(),
        "services_up": up.services_share,
        "hosts_up": up.hosts_share,
        "zone_losses": 0 if losses is None else losses.statistics().failed_count,
        "crashes": crashes.statistics().failed_count,
        "orders_lost": shop.lost_orders_count,
    }
    detail = ChaosRun(requests=users.table, log=env.event_log, duration=duration)
    return Run(measures=measures, detail=detail)


def _unleash(shop: Shop, name: str, faults: Sequence[Fault], mttf: float, mttr: float, until: float) -> Chaos:
    return Chaos(
        shop.env, faults, between=Exponential(mttf), repair=Exponential(mttr), until=until, name=name
    )


@dataclass(slots=True)
class _Up:
    """What share of the time services and hosts have been up, looked at in steps."""

    services_share: float = 0.0
    hosts_share: float = 0.0


def _watch(shop: Shop, duration: float) -> _Up:
    """Look at the hosts while the environment runs, a step after the other."""
    up, env = _Up(), shop.env
    hosts = [host for host in shop.system.hosts.values() if host.zone is not None]
    tiers = [
        *([instance.host for instance in service.instances] for service in shop.system.services.values()),
        [shop.system.host("edge")],
    ]
    steps = round(duration / _STEP)
    for _ in range(steps):
        env.run(until=env.now + _STEP)
        up.services_share += all(any(host.is_up for host in tier) for tier in tiers) / steps
        up.hosts_share += sum(host.is_up for host in hosts) / len(hosts) / steps
    return up
