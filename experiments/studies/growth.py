"""Growth: ten and a hundred times the load, and which part of the design gives way first.

A shop that is idle most of the time on one host is asked for more and more. Each run says which resource
saturates first: in a small load it predicts that, by the utilisation law (cores that work for D seconds per
request are all busy at c / D requests/s) and Little's law (threads and connections that a request holds for
so long), and under a large one it finds it. The designs are a ladder: each takes away the bottleneck of the
one before, and thereby finds the next.

What is full is not always what is too small. Web threads are all held whenever anything behind them is
saturated, by requests that wait for it, and more threads would only let more of them wait. An uplink that is
saturated rejects nothing: it lets everybody wait, and what it carries is too late.

What to see (the default sweep): with next to nothing to do one host says that its cores will be full at 5.1
times the load; of ten times the load it answers 51 %, and 30 requests per second of 100 within a second.
Four times the cores make that 54: the pool of connections is full at 6.4 times. With a larger pool the shop
carries ten times the load, at a 99th percentile of 692 ms, and the uplink is next, at 13 times: asked for 30
times, it lets 19 per second through in time, fewer than the smallest host. A wider one gives 157 and finds
the threads, at 15 times. Orders that are paid later take 667 ms down to 222 ms and lead back to the cores, at
20 times; own hosts for each service carry 30 times, and three of each a hundred times, at 219 ms. That last
design costs 199 core-hours per million requests at ten times the load, where a host with a larger pool costs
22.

Sources: Newman, "Building Microservices" (1st ed. 2015), chapter 11, "Starting Again": a design for ten times
the load, to be written anew before a hundred, after Dean; Gregg, "Thinking Methodically about Performance"
(2012): utilisation, saturation, errors; Denning and Buzen (1978) for the laws.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from models.observers.saturation import SaturationReport, SaturationWatch
from simulator import Environment, RequestTable
from simulator.measurement import nearest_rank_percentiles

from ..design import Grid
from ..study import Measure, Run, study
from .growth_designs import DESIGNS, PATIENCE, GrowingShop

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..result import SweepResult

RATE = 10.0
"""Requests per second at a load of 1."""

IN_TIME = 1.0
"""An answer within so many seconds is goodput."""

KINDS = {"cores": "cores_busy", "threads": "threads_held", "pool": "pool_held", "link": "link_busy"}
"""For each kind of resource the measure of how much of it is used."""

WARM_UP = 2.0
_REQUESTS = 2_000.0
_DURATIONS = (5.0, 40.0)

MEASURES = {
    "goodput": Measure(description="requests answered within 1 s", unit="1/s"),
    "answered": Measure(description="share answered at all of the requests sent"),
    "p99": Measure(description="99th percentile of the time to an answer; inf: never", unit="s"),
    "cores_busy": Measure(description="share of the cores that work, of the busiest service's hosts"),
    "threads_held": Measure(description="share of the threads that are held, of the fullest service"),
    "pool_held": Measure(description="share of the connections to the bank that are in use"),
    "link_busy": Measure(description="share of the time that the uplink sends"),
    "saturates_at": Measure(
        description="load at which the first resource saturates, says the run; nan: it has",
    ),
    "unpaid": Measure(description="orders accepted and not paid when the last user has gone"),
    "host_hours": Measure(description="host-hours per hour: hosts of our own"),
    "core_hours": Measure(description="core-hours per million requests answered within 1 s"),
}

Design = Literal[
    "one host", "bigger host", "larger pool", "wider link", "pay later", "own hosts", "more hosts"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthRun:
    """A run that is over: the `shop`, its users' `requests`, and the `report` on the judged window."""

    shop: GrowingShop
    requests: RequestTable
    report: SaturationReport


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from .figures.growth import figures_of_run

    return figures_of_run(run)


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from .figures.growth import figures_of_sweep

    return figures_of_sweep(result)


@study(
    name="growth",
    question="Ten and a hundred times the load: which part gives way first, and what carries more?",
    measures=MEASURES,
    sweep=Grid({"design": list(DESIGNS), "load": [1.0, 3.0, 10.0, 30.0, 100.0]}),
    replications=3,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def growth(
    *,
    seed: int,
    design: Annotated[
        Design, Field(description="what the shop stands on; each is a step beyond the one before")
    ] = "one host",
    load: Annotated[
        float,
        Field(gt=0, le=200, allow_inf_nan=False, description="load, as a multiple of 10 requests/s"),
    ] = 10.0,
) -> Run:
    """Run the shop for as long as some 2,000 requests take (5 to 40 s), and ask it what saturates first."""
    rate = RATE * load
    end = WARM_UP + min(max(_REQUESTS / rate, _DURATIONS[0]), _DURATIONS[1])
    env = Environment(seed=seed)
    shop = GrowingShop(env, DESIGNS[design])
    users = shop.admit_users(rate=rate, until=end)
    env.run(until=WARM_UP)
    watch = SaturationWatch(shop.system)
    watch.run(until=end)
    report = watch.report(users.table)
    env.run(until=end + PATIENCE + 1.0)
    run = GrowthRun(shop=shop, requests=users.table, report=report)
    return Run(measures=_measures(run), detail=run)


def _measures(run: GrowthRun) -> dict[str, float]:
    report, design = run.report, run.shop.design
    sent = run.requests.sample(report.since, report.until, by="start")
    times = np.where(sent.succeeded, sent.latency, np.inf)
    goodput = run.requests.goodput(report.since, report.until, within=IN_TIME)
    first = report.first
    return {
        "goodput": goodput,
        "answered": sent.availability(),
        "p99": float(nearest_rank_percentiles(times, [99.0])[0]),
        **{measure: used(report, kind) for kind, measure in KINDS.items()},
        "saturates_at": first.saturates_at / RATE if first is not None else np.nan,
        "unpaid": float(run.shop.unpaid_count),
        "host_hours": float(design.host_count),
        "core_hours": 1e6 * design.core_count / (3600.0 * goodput) if goodput else np.inf,
    }


def used(report: SaturationReport, kind: str) -> float:
    """Return the highest utilisation of all resources of a kind."""
    return max((use.utilisation for use in report.uses if use.kind == kind), default=0.0)
