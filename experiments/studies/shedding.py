"""Load shedding: how much is answered in time when more comes than can be done.

Users come to a server at a steady rate, from half of what it can do to three times as much, and give up
after a second. Nobody retries. Without a limit the queue grows to where every answer comes too late: the
server is busy all the time, and its goodput is nothing. What is turned away at the door costs nothing, and
the rest is answered in time.

    none              a queue without a limit
    queue length      a bounded queue
    queue age         nobody waits longer than half of his patience
    codel             the same, and much less while a queue does not go away
    lifo              the youngest first, once there is a queue
    priority          the most important first; the least important is turned away
    aimd, vegas, gradient    limits that the server finds by itself, from what calls take
    throttle          clients that turn away their own requests while most are rejected (with a bounded queue)

Of all requests a fifth is important; a rule that knows of priorities answers those first.

What to see (the default sweep): of the 160 requests/s that it can do the server answers 0.3 in time at 1.2
times that load without a limit, and none at three times. There a bounded queue makes it 159, whose 99th
percentile is 441 ms; by age it is as many, at 725 ms, for all have waited for long; youngest first as many,
at 233 ms. AIMD finds 141, and pays the rest for the search. Gradient turns 10 % away at 95 % load. Vegas
takes the shortest call for one without load: where calls differ in length it turns away 12 % at half load,
and answers 110 at twice. With priorities all important requests are answered at three times the load and 16 %
of the others; without them it is a third of both.

Sources: "Site Reliability Engineering" (2016), chapters 21 and 22; Maurer, "Fail at Scale" (ACM Queue 13,
2015); Netflix concurrency-limits; Nichols and Jacobson, "Controlling Queue Delay" (ACM Queue 10, 2012).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from models import Endpoint, Host, Network
from models.resilience import Timeout
from models.resilience.shedding import (
    AimdLimit,
    ByPriority,
    CoDel,
    ConcurrencyLimiter,
    Fifo,
    FixedLimit,
    Gradient2Limit,
    Lifo,
    QueueDiscipline,
    VegasLimit,
)
from models.resilience.throttling import AdaptiveThrottle
from models.services import Instance, Work
from models.workload import OpenLoop, Operation, OperationMix
from simulator import Environment, EventLog, RequestTable
from simulator.measurement import StepFunction
from simulator.randomness import Exponential

from ..design import Grid
from ..parameters import Unit
from ..study import Measure, Run, study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..result import SweepResult

Shedding = Literal[
    "none",
    "queue length",
    "queue age",
    "codel",
    "lifo",
    "priority",
    "aimd",
    "vegas",
    "gradient",
    "throttle",
]
SHEDDINGS: tuple[Shedding, ...] = (
    "none",
    "queue length",
    "queue age",
    "codel",
    "lifo",
    "priority",
    "aimd",
    "vegas",
    "gradient",
    "throttle",
)

CORES, WORK, PATIENCE = 8, 0.05, 1.0
CAPACITY = CORES / WORK
"""Requests per second that the server can do."""

USUAL, IMPORTANT = "usual", "important"
_IMPORTANT_SHARE = 0.2
_QUEUE = 4 * CORES  # a bounded queue: four requests a core, 0.2 s of work
_UNBOUNDED = 1_000_000
_WARM_UP = 10.0

MEASURES = {
    "goodput": Measure(description="requests answered before their user gave up", unit="1/s"),
    "goodput_ratio": Measure(description="goodput over what can be done of what comes"),
    "important_answered": Measure(description="share answered of the important requests"),
    "usual_answered": Measure(description="share answered of the others"),
    "p99": Measure(
        description="99th percentile of the time to an answer, of those that were answered", unit="s"
    ),
    "rejected": Measure(description="share that was turned away"),
    "wasted": Measure(description="share of what the server did that was no answer in time"),
    "utilisation": Measure(description="share of the cores' time that was worked"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SheddingRun:
    """A run that is over: the `requests`, the `log`, for how long users came, and the `limit`, if any."""

    requests: RequestTable
    log: EventLog
    duration: float
    limit: StepFunction | None


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from .figures.shedding import figures_of_sweep

    return figures_of_sweep(result)


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from .figures.shedding import figures_of_run

    return figures_of_run(run)


@study(
    name="shedding",
    question="How much is answered in time when more comes than can be done?",
    measures=MEASURES,
    sweep=Grid({"shedding": list(SHEDDINGS), "offered": [0.5, 0.8, 0.95, 1.2, 2.0, 3.0]}),
    replications=5,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def shedding(
    *,
    seed: int,
    shedding: Annotated[Shedding, Field(description="what is turned away, and how")] = "none",
    offered: Annotated[
        float, Field(gt=0, le=10, description="load that comes, as a multiple of what the server can do")
    ] = 1.5,
    duration: Annotated[
        float,
        Field(ge=15, le=3_600, allow_inf_nan=False, description="how long users come; 10 s are warm-up"),
        Unit("s"),
    ] = 25.0,
) -> Run:
    """Run one server under a steady load."""
    env = Environment(seed=seed)
    host = Host(env, "server", cores=CORES)
    threads, queue = (CORES, _QUEUE) if shedding in ("queue length", "throttle") else (CORES, _UNBOUNDED)
    server = Instance(
        env, host, Work(Exponential(WORK)), threads=threads, queue_size_max=queue, name="server"
    )
    front = _in_front(env, server, shedding)
    connection = Network(env).connect(Host(env, "clients"), front)
    way: Endpoint = Timeout(env, connection, PATIENCE)
    if shedding == "throttle":
        way = AdaptiveThrottle(env, way, k=2.0, window=10.0)
    mix = OperationMix(
        Operation(name=USUAL, weight=1.0 - _IMPORTANT_SHARE),
        Operation(name=IMPORTANT, weight=_IMPORTANT_SHARE, priority=1),
    )
    # Users come until the last of those that count has an answer or has left: if the load ended before that,
    # a server that has put off the old ones for the young would get to them in the end.
    users = OpenLoop(env, way, rate=offered * CAPACITY, mix=mix, until=duration + PATIENCE, name="users")
    env.run(until=_WARM_UP)
    before = server.statistics().completed_count, host.statistics().busy_time
    env.run(until=duration)
    after = server.statistics().completed_count, host.statistics().busy_time
    env.run(until=duration + PATIENCE + 1.0)
    done, busy = (now - then for now, then in zip(after, before, strict=True))
    used = int(users.table.sample(_WARM_UP, duration).succeeded.sum())
    sample = users.table.sample(_WARM_UP, duration, by="start")
    answered = sample.where(sample.succeeded)
    goodput = len(answered) / (duration - _WARM_UP)
    measures = {
        "goodput": goodput,
        "goodput_ratio": goodput / (CAPACITY * min(1.0, offered)),
        "important_answered": sample.of_operation(IMPORTANT).availability(),
        "usual_answered": sample.of_operation(USUAL).availability(),
        "p99": float(answered.percentiles([99.0])[0]),
        "rejected": sample.shares()["rejected"],
        "wasted": max(0.0, 1.0 - used / done) if done else float("nan"),
        "utilisation": busy / (CORES * (duration - _WARM_UP)),
    }
    limit = front.limit_gauge.history if isinstance(front, ConcurrencyLimiter) else None
    detail = SheddingRun(requests=users.table, log=env.event_log, duration=duration, limit=limit)
    return Run(measures=measures, detail=detail)


def _in_front(env: Environment, server: Instance, shedding: str) -> Endpoint:
    """Return the server with what stands in front of it."""
    queues: dict[str, QueueDiscipline] = {
        "queue age": Fifo(_UNBOUNDED, age_max=PATIENCE / 2),
        "codel": CoDel(target=WORK / 2, interval=PATIENCE / 2, around=Fifo(_UNBOUNDED)),
        "lifo": Lifo(_UNBOUNDED, age_max=PATIENCE, threshold=CORES),
        "priority": ByPriority(_QUEUE),
    }
    limits = {
        # Both minima of Netflix's defaults are far above what this server can do at a time.
        "aimd": AimdLimit(limit_initial=CORES, limit_min=1, limit_max=50 * CORES, timeout=PATIENCE / 2),
        "vegas": VegasLimit(limit_initial=CORES, limit_max=50 * CORES),
        "gradient": Gradient2Limit(limit_initial=CORES, limit_min=1, limit_max=50 * CORES),
    }
    if shedding in queues:
        limit = FixedLimit(CORES)
        return ConcurrencyLimiter(env, server, limit, queue=queues[shedding], keep_history=True)
    if shedding in limits:
        return ConcurrencyLimiter(env, server, limits[shedding], keep_history=True)
    return server
