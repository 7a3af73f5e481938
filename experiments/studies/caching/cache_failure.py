"""A cache server is lost: what comes through to the origin, and what comes back with it.

A site of 200 requests per second has an origin that can do 40, and four cache servers in front of it that
take 95 % of the reads off it. For 20 s the one that has the most popular page is lost: its host crashes, and
comes back cold; or the network to it is cut, and it comes back with what it had. What becomes of its pages is
decided by the clients of the cache, who find by themselves that it does not answer:

    wait      they ask it all the same, wait 0.1 s, and then ask the origin, for each read of its pages
    eject     after three failures in a row they let it be for 5 s, and its pages go to the others: on a hash
              ring they alone, by modulo three quarters of all pages
    gutter    then its pages go to a server that stands by, for 10 s each
    copies    each page is on two servers, and read from the second where the first has nothing

What comes through is a burst. If the origin cannot do it in time, users leave after a second, nothing that
they have asked for is kept, and the origin goes on working for those who have left: the cache stays cold
because the origin is slow, which is slow because the cache is cold. That outlives its cause. A `limit` of
what the origin takes on at a time breaks it: some are refused at once, and what is taken on is kept.

Whoever keeps a page twice can find an old one. Deletes do not reach a server that is cut off, and after it
come its old values; nor the gutter, whose pages are soon too old to be given; nor, while two clients differ
about who is there, what the other one reads. Deletes that are repeated until they arrive cure the first.

What to see (the default sweep): the origin is at 30 % of what it can do. Clients that wait let 3.3 times as
much through as it can do in the worst second; 49 % of the requests are not answered while the server is down,
and 79 % at the end, when it has been back for 20 s. If they eject it and a ring moves its pages there is a
second with 1.2 times as much, and nothing is lost; by modulo it is 4.4 times, and 78 % are lost at the end.
Leases leave that at 78 %: it is too many pages that are missing, and not too many readers of one. The gutter
lets 1.1 times through, and 2.9 % of the reads from the loss on are stale. With two copies it is 0.5 times,
and the origin does not notice. With a limit all come back, and lose at most 0.1 % at the end: who waits loses
17 % while the server is down, by modulo it is 6.0 %, and with ejection 0.5 %. Of a server that was cut off
3.4 % of the reads are stale, with two copies 4.1 %; where deletes are repeated 0.1 % and 0.0 %. The gutter
has 5.9 %, of which its own 2.5 % are left. By modulo 3.3 % are stale after a crash, too: whenever the server
is tried again most pages go back to where they were before, and to what was written there.

Left out: caches that grow or shrink by plan; refilling from a neighbour. Sources: Nishtala et al., "Scaling
Memcache at Facebook" (NSDI 2013), sections 3.2.1 (leases) and 3.3 (gutter); twemproxy's ejection of hosts;
Huang et al., "Metastable Failures in the Wild" (OSDI 2022), for caches whose loss outlives its cause.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from models.faults import Fault, FaultPlan, HostCrash, NetworkPartition
from simulator import Environment

from ...design import Points
from ...parameters import Unit
from ...study import Measure, Run, study
from ..troubled_run import TroubledRun
from .cached_origin import CAPACITY, PATIENCE, RATE, Design, Hashing, Judge, OnFailure, Site

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...result import SweepResult

Loss = Literal["crash", "partition"]

BEFORE, AFTER, LAST = 10.0, 30.0, 10.0
"""Seconds before the loss and after it; and at the end, where it shows whether the site has come back."""

MEASURES = {
    "lost": Measure(description="share of the requests sent during the loss that were not answered"),
    "lost_time": Measure(
        description="unanswered requests of the whole run, as the time in which so many come", unit="s"
    ),
    "lost_at_last": Measure(description="share not answered of the requests sent in the last 10 s"),
    "load_before": Measure(description="requests to the origin before the loss, as a share of its capacity"),
    "load_peak": Measure(description="most requests to the origin in a second of the loss, so too"),
    "load_peak_after": Measure(description="most in a second after the loss, so too"),
    "p99": Measure(
        description="99th percentile of how long users wait during the loss, for nothing too", unit="s"
    ),
    "stale": Measure(description="stale reads, as a share of those answered from the loss on"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheFailureRun(TroubledRun):
    """A run that is over, how a server was lost, and the `judge` of the origin's load and of stale reads."""

    loss: Loss
    judge: Judge


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from ..figures.caching.cache_failure import figures_of_sweep

    return figures_of_sweep(result)


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from ..figures.caching.cache_failure import figures_of_run

    return figures_of_run(run)


CRASHED: tuple[Mapping[str, Any], ...] = (
    {"on_failure": "wait"},
    {"on_failure": "eject"},
    {"on_failure": "eject", "hashing": "modulo"},
    {"on_failure": "gutter"},
    {"copies": 2},
    {"copies": 2, "on_failure": "eject"},
)
"""What is compared where the server crashes, with and without a limit at the origin."""

CUT_OFF: tuple[Mapping[str, Any], ...] = (
    {"on_failure": "eject"},
    {"on_failure": "eject", "repeat_deletes": True},
    {"on_failure": "gutter"},
    {"on_failure": "gutter", "repeat_deletes": True},
    {"copies": 2, "on_failure": "eject"},
    {"copies": 2, "on_failure": "eject", "repeat_deletes": True},
)
"""What is compared where it is cut off."""

LEASED: Mapping[str, Any] = {"on_failure": "eject", "hashing": "modulo", "leases": True}


@study(
    name="cache_failure",
    question="What comes through to the origin when a cache server is lost, and what comes back with it?",
    measures=MEASURES,
    sweep=Points(
        [
            *({**each, "limit": limit} for limit in (False, True) for each in (*CRASHED, LEASED)),
            *({**each, "loss": "partition", "limit": True} for each in CUT_OFF),
        ]
    ),
    replications=5,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def cache_failure(
    *,
    seed: int,
    loss: Annotated[
        Loss, Field(description="how the server is lost: it crashes, or is cut off and keeps what it has")
    ] = "crash",
    hashing: Annotated[Hashing, Field(description="how pages are spread over cache servers")] = "ring",
    copies: Annotated[int, Field(ge=1, le=4, description="cache servers that keep a page")] = 1,
    on_failure: Annotated[
        OnFailure, Field(description="what clients do about a server that does not answer")
    ] = "wait",
    limit: Annotated[
        bool, Field(description="whether the origin takes on so many at a time and refuses others")
    ] = False,
    leases: Annotated[
        bool, Field(description="whether one client loads a page, and others wait for it")
    ] = False,
    repeat_deletes: Annotated[
        bool, Field(description="whether deletes that have failed are repeated until they arrive")
    ] = False,
    outage: Annotated[
        float, Field(ge=5, le=600, allow_inf_nan=False, description="how long it is lost"), Unit("s")
    ] = 20.0,
) -> Run:
    """Lose a cache server under load, and get it back."""
    env = Environment(seed=seed)
    design = Design(
        hashing=hashing,
        copies=copies,
        on_failure=on_failure,
        limit=limit,
        leases=leases,
        repeat_deletes=repeat_deletes,
    )
    end = BEFORE + outage
    duration = end + AFTER
    site = Site(env, design, until=duration)
    FaultPlan(env).at(BEFORE, _fault(site, loss), end=end)
    env.run(until=duration + 2.0 * PATIENCE)
    run = CacheFailureRun(
        requests=site.requests,
        log=env.event_log,
        start=BEFORE,
        end=end,
        duration=duration,
        loss=loss,
        judge=site.judge,
    )
    return Run(measures=_measures(run), detail=run)


def _fault(site: Site, loss: Loss) -> Fault:
    if loss == "crash":
        return HostCrash(site.victim.host)
    return NetworkPartition(site.network, site.web_hosts, site.victim.host)


def _measures(run: CacheFailureRun) -> dict[str, float]:
    during, everything = run.during(), run.requests.sample(0.0, run.duration, by="start")
    last = run.requests.sample(run.duration - LAST, run.duration, by="start")
    load = run.judge.load(width=1.0, since=0.0, until=run.duration)
    before, lost = load.starts < run.start, (load.starts >= run.start) & (load.starts < run.end)
    times, is_stale = run.judge.stale_reads()
    return {
        "lost": 1.0 - during.availability(),
        "lost_time": float((~everything.succeeded).sum()) / RATE,
        "lost_at_last": 1.0 - last.availability(),
        "load_before": float(load.values[before].mean()) / CAPACITY,
        "load_peak": float(load.values[lost].max()) / CAPACITY,
        "load_peak_after": float(load.values[load.starts >= run.end].max()) / CAPACITY,
        "p99": float(during.percentiles([99.0])[0]),
        "stale": float(np.mean(is_stale[times >= run.start])),
    }
