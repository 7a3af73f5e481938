"""Chaos: how much availability more zones buy when hosts and zones fail at random.

Hosts crash and are repaired, each by itself; now and then a whole zone loses its power. Each service has one
host in each zone, and a service is there as long as one of them is: with every zone more it is gone more
rarely by a factor. What users see is less than that, for callers have to find out which host is down, and a
shop without timeouts never gets back the threads that wait for one.

The edge balancer is one host, in the first zone. While it is down nobody is answered, however many zones
there are; that is the limit. So that it does not hide everything else, requests are also judged by themselves
that were sent while the edge was up: they show what the zones buy.

What to see (the default sweep): with one zone some service has no host for 12.6 % of the time with the edge
up, with two for 0.4 %, with three it does not happen. In the careful shop 5.0 % of the requests fail with one
zone (a page can do without some services), and between 1 and 2 % with two and more: that is what finding out
costs. In the bare one it is 38 %, 1.9 % with two, and 4.5 % with four: more hosts fail more often, and each
takes threads with it. The edge is down 5.1 % of the time, which no zone changes.

Sources: Newman, "Building Microservices", chapter "Microservices at Scale", "The Antifragile Organization";
Tseitlin, "The Antifragile Organization" (ACM Queue 11, 2013).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import nan
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from models import Host
from models.faults import Fault, HostCrash, PowerOutage
from models.faults.chaos import Chaos
from models.shop import Shop, bare_shop, careful_shop
from simulator import Environment, EventLog, RequestTable
from simulator.randomness import Exponential

from ..design import Grid
from ..parameters import Unit
from ..study import Measure, Run, study
from .shop_run import Rate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..result import SweepResult

MEASURES = {
    "failed": Measure(description="share of all requests that were not answered"),
    "failed_inside": Measure(description="the same of those that were sent while the edge was up"),
    "degraded": Measure(description="share of all requests answered with something missing"),
    "edge_down": Measure(description="share of the time that the edge was down"),
    "service_missing": Measure(
        description="share of the time with the edge up in which a service had no host that was up"
    ),
    "hosts_up": Measure(description="share of time that a host is up, mean over the hosts"),
    "zone_losses": Measure(description="power outages of zones"),
    "crashes": Measure(description="crashes of single hosts"),
    "orders_lost": Measure(description="orders that users were told of and that are never charged"),
}

_SETTLING = 120.0


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
    sweep=Grid({"zones": [1, 2, 3, 4], "preset": ["bare", "careful"]}),
    replications=6,
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
        Field(ge=1, allow_inf_nan=False, description="mean time between crashes of one host"),
        Unit("s"),
    ] = 200.0,
    host_mttr: Annotated[
        float, Field(gt=0, allow_inf_nan=False, description="mean time until it is repaired"), Unit("s")
    ] = 5.0,
    zone_mttf: Annotated[
        float | None,
        Field(
            ge=1, allow_inf_nan=False, description="mean time between power outages of one zone; none: never"
        ),
        Unit("s"),
    ] = 300.0,
    zone_mttr: Annotated[
        float, Field(gt=0, allow_inf_nan=False, description="mean time until it has power again"), Unit("s")
    ] = 10.0,
    rate: Rate = 10.0,
    duration: Annotated[
        float, Field(ge=30, le=36_000, allow_inf_nan=False, description="how long users come"), Unit("s")
    ] = 600.0,
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
    env.run(until=duration + _SETTLING)
    up = _Uptime(env.event_log, shop, duration)
    sample = users.table.sample()
    inside = sample.where(up.is_edge_up_at(sample.start))
    measures = {
        "failed": 1.0 - sample.availability(),
        "failed_inside": 1.0 - inside.availability(),
        "degraded": sample.shares()["degraded"],
        "edge_down": 1.0 - up.share(up.edge),
        "service_missing": up.share(up.edge & ~up.services) / up.share(up.edge) if up.edge.any() else nan,
        "hosts_up": float(np.mean([up.share(host) for host in up.hosts])),
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


class _Uptime:
    """When hosts and services were up, by the log: cut at every change, each array has shape (pieces,).

    `edge` and `services` are whether the edge was up, and of each service at least one host; `hosts` has a
    row for each host in a zone.
    """

    def __init__(self, log: EventLog, shop: Shop, duration: float) -> None:
        down = log.intervals("host.down", "host.up", duration)
        times = {0.0, duration, *(stay.start for stay in down), *(stay.end for stay in down)}
        self._edges = np.array(sorted(times))
        middles = self._edges[:-1] + np.diff(self._edges) / 2
        self._widths = np.diff(self._edges) / duration

        def is_up(host: Host) -> npt.NDArray[np.bool_]:
            found = np.ones(len(middles), dtype=np.bool_)
            for stay in down:
                if stay.subject == host.name:
                    found &= ~((stay.start < middles) & (middles < stay.end))
            return found

        services = shop.system.services.values()
        tiers = [[is_up(instance.host) for instance in service.instances] for service in services]
        self.edge = is_up(shop.system.host("edge"))
        self.services = np.all([np.any(tier, axis=0) for tier in tiers], axis=0)
        self.hosts = np.array([is_up(host) for host in shop.system.hosts.values() if host.zone is not None])

    def share(self, pieces: npt.NDArray[np.bool_]) -> float:
        """Return the share of the time that some pieces take."""
        return float(self._widths[pieces].sum())

    def is_edge_up_at(self, times: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Return whether the edge was up at some `times` in s; same shape."""
        found: npt.NDArray[np.bool_] = self.edge[np.searchsorted(self._edges, times, side="right") - 1]
        return found
