"""Workers: jobs wait in a backlog, and are worked off by those who may die, be taken away, or be too few.

Who fetches a job from the backlog has it to himself for the visibility timeout, and deletes it when it is
done. So nothing is lost when he dies: somebody else is given the job when the timeout is over. Three things
have to be chosen.

The timeout. Too long, and the jobs of the dead wait for it; too short, and jobs are done twice whose worker
is alive and busy. Worse: only the latest receipt deletes, and whoever is given a job while another is at it
takes the right to delete it from him. A job that takes longer than the timeout is handed from worker to
worker for as long as any is idle, and is done over and over. A heartbeat, which extends the timeout while the
worker lives, ends the choice: the timeout need only be longer than a few beats.

What to do with jobs that never succeed. One that crashes its worker comes back after each timeout, for ever,
and they add up; after a few receives it belongs with the dead letters.

How many workers. A surge of three times the load waits for as long as capacity is short. More workers cost
when there is no surge; a pool that grows with the backlog costs little, and a minute per boot. Hosts that the
provider may take back at any time cost a third, and what they lose is time: a job is begun anew. Here they
are taken much more often than in life, three times per host-hour.

What to see (the default sweep): with a timeout of 5 s 2.5 times the work is done that is needed, on 2.9 % of
the jobs: the long ones, over and over, so that the oldest message is 1166 s old at its worst; the median job
takes 28 s, where others take 4.4 s. With 60 s 11 % is done again; with 300 s nothing is, and 1 % of the jobs
take 303 s and more: those of the dead. With a heartbeat nothing is done twice, and with a timeout of 15 s 99
% are done within 32 s, and no message is older than 74 s. Where 1 % of the jobs crash whoever does them,
workers crash 478 times; 40 times if a job is a dead letter after three receives. In the surge 8 workers take
371 s for the 99th percentile of the jobs and have caught up 930 s after it; 24 take 30 s, and 8.8 hours of
hosts instead of 2.9. A pool that grows takes 60 s and 5.7 hours; on hosts that may be taken away 63 s, at a
price of 1.7; without a notice 75 s, and 8.0 jobs are begun anew. No job is ever lost.

Leaves out: the hosts' own failures among those that are had by the hour; jobs that other jobs wait for.

Sources: Newman, "Building Microservices" (2nd ed. 2021), chapter 13, on workers that share a backlog; Amazon
SQS Developer Guide, "Visibility timeout" and "Dead-letter queues"; Amazon EC2 User Guide, "Spot Instance
interruption notices".
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from models.workers import WorkerSettings
from simulator import Environment

from ..design import Points
from ..misuse import Misuse
from ..parameters import Unit
from ..study import Measure, Run, study
from .worker_run import Fleet, WorkersRun, WorkersSystem, backlog_rules

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..result import SweepResult

FleetKind = Literal["fixed", "scaled", "spot"]
Visibility = Annotated[
    float,
    Field(gt=0, le=43_200, allow_inf_nan=False, description="visibility timeout of the backlog"),
    Unit("s"),
]
Deaths = Annotated[
    float,
    Field(ge=0, le=100, allow_inf_nan=False, description="crashes of a host, for a minute each"),
    Unit("1/h"),
]
Takings = Annotated[
    float,
    Field(gt=0, le=100, allow_inf_nan=False, description="how often a spot host is taken away"),
    Unit("1/h"),
]
Notice = Annotated[
    float | None,
    Field(ge=0, le=600, allow_inf_nan=False, description="how long before that its worker is told"),
    Unit("s"),
]

SIZE_MAX_RATIO = 4
"""A pool that grows does so up to so many times its size."""

BEATS_PER_TIMEOUT = 3
RESTART_DELAY = 10.0
VISIBILITIES = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0)

_DEATHS = 4.0
_SURGE = 3.0
_TROUBLED = {"visibility": 30.0, "heartbeat": True, "poison": 0.01}
_SURGED = {"surge": _SURGE, "visibility": 120.0, "heartbeat": True}

MEASURES = {
    "latency_p50": Measure(description="median time from sending a job to its being done", unit="s"),
    "latency_p99": Measure(description="99th percentile of the same; inf: never done", unit="s"),
    "age_max": Measure(description="age of the oldest message, at its worst", unit="s"),
    "empty_time": Measure(
        description="from the end of the surge until nothing waits; inf: not within the run", unit="s"
    ),
    "done_twice": Measure(description="share of the jobs that were done more than once"),
    "extra_work": Measure(
        description="work on jobs that were done already, over the work on all of them once"
    ),
    "begun_anew": Measure(description="times that a job was cut short, by a crash or a taken host"),
    "lost": Measure(description="jobs that were accepted and are nowhere"),
    "dead": Measure(description="dead letters"),
    "crashes": Measure(description="crashes of workers, by jobs or by chance"),
    "cost": Measure(description="hours of hosts at the full price, while users come", unit="h"),
}


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from .figures.workers import figures_of_run

    return figures_of_run(run)


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from .figures.workers import figures_of_sweep

    return figures_of_sweep(result)


def require_act(*, fleet: str, notice: float | None, **_others: object) -> None:
    """Raise Misuse for a notice where no host is taken, and for none where one is."""
    if fleet == "spot" and notice is None:
        raise Misuse("notice must be a number of seconds with fleet spot, got none")
    if fleet != "spot" and notice is not None:
        raise Misuse(f"notice must be none with fleet {fleet}, whose hosts are not taken away, got {notice}")


@study(
    name="workers",
    question="How are jobs worked off by workers that die, are taken away, or are too few?",
    measures=MEASURES,
    sweep=Points(
        [
            *(
                {"deaths": _DEATHS, "visibility": visibility, "heartbeat": heartbeat}
                for heartbeat in (False, True)
                for visibility in VISIBILITIES
            ),
            *({**_TROUBLED, "receives_max": receives_max} for receives_max in (None, 3)),
            *({**_SURGED, "fleet": "fixed", "size": size} for size in (8, 12, 24)),
            {**_SURGED, "fleet": "scaled", "size": 8},
            *({**_SURGED, "fleet": "spot", "size": 8, "notice": notice} for notice in (120.0, 0.0)),
        ]
    ),
    replications=5,
    check=require_act,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def workers(
    *,
    seed: int,
    fleet: Annotated[
        FleetKind,
        Field(description="how many hosts, and whose: always as many, as the backlog says, or spot"),
    ] = "fixed",
    size: Annotated[
        int, Field(ge=1, le=200, description="workers; where they grow in number, the least")
    ] = 12,
    visibility: Visibility = 30.0,
    heartbeat: Annotated[
        bool, Field(description="whether workers extend it while they work, three times per timeout")
    ] = True,
    receives_max: Annotated[
        int | None, Field(ge=1, le=1_000, description="receives until a job is a dead letter; none: no limit")
    ] = None,
    deaths: Deaths = 0.0,
    poison: Annotated[
        float, Field(ge=0, le=0.5, description="share of the jobs that crash their worker")
    ] = 0.0,
    surge: Annotated[
        float,
        Field(ge=1, le=20, allow_inf_nan=False, description="load for five minutes, over the usual one"),
    ] = 1.0,
    takings: Takings = 3.0,
    notice: Notice = None,
) -> Run:
    """Send jobs for twenty minutes, and let a pool of workers do them."""
    env = Environment(seed=seed)
    system = WorkersSystem(
        env,
        fleet=Fleet(
            size=size,
            size_max=None if fleet == "fixed" else SIZE_MAX_RATIO * size,
            takings=takings if fleet == "spot" else 0.0,
            notice=notice or 0.0,
        ),
        rules=backlog_rules(visibility=visibility, receives_max=receives_max),
        settings=WorkerSettings(
            heartbeat=visibility / BEATS_PER_TIMEOUT if heartbeat else None, restart_delay=RESTART_DELAY
        ),
    )
    system.admit_users(surge=surge, poison=poison)
    if deaths:
        system.let_hosts_die(deaths)
    return Run(measures=_measures(run := system.run()), detail=run)


def _measures(run: WorkersRun) -> dict[str, float]:
    p50, p99 = np.percentile(run.latency, [50.0, 99.0], method="inverted_cdf").tolist()
    return {
        "latency_p50": p50,
        "latency_p99": p99,
        "age_max": run.backlog.statistics().oldest_age_max,
        "empty_time": run.empty_time,
        "done_twice": run.twice_count / run.done_count,
        "extra_work": run.work_done / run.work_needed - 1.0,
        "begun_anew": run.workers.killed_count + run.workers.abandoned_count,
        "lost": run.lost_count,
        "dead": run.dead_count,
        "crashes": run.workers.crash_count,
        "cost": run.cost,
    }
