"""Metastable failure: an overload that outlives what has caused it, and what ends it.

Users come at a steady rate to a server with capacity to spare. For some seconds there is trouble: a spike of
users, or a slower server. A queue builds up, answers come too late, clients time out and try again; the
server does the work for those who have given up, too. When the trouble is over the retries alone keep the
server busy, and of what it does nothing is in time. Load and capacity are what they were before, and it stays
down.

So what a server can carry depends on where it comes from: below a vulnerable load it always recovers, above
it a trigger that is large enough brings it down for good. Remedies differ in what they break of the circle:

    none                 three attempts, as fast as the timeouts come
    backoff              the same with full jitter: later, but as many
    budget               retries are at most a tenth of the calls that succeed
    breaker              clients stop asking while most calls fail
    one attempt          no retries at all
    deadlines            the server leaves undone what nobody waits for any more
    queue age            the server turns away who has waited too long
    lifo                 the server serves the youngest first when a queue has built up
    adaptive limit       the server finds out how much it can take on (AIMD)

And after the fact: a restart drops the queue; fewer users for a while let it run empty.

What to see (the default sweep): without a remedy, and with backoff, the system stays down from 50 % load on:
3.0 attempts per request, a queue of 1,007 at 60 %, and all work for nobody. Retries within a budget, or none,
let the queue run empty: in 12 s at 60 % load, in 50 s at 80 %. A breaker takes 5 s at 80 %; what drops work
for those who have left, 3 s at most. At 60 % a restart at 50 s brings users back at once, 20 s after the
trigger; fewer users in 35 s.

Sources: Bronson et al., "Metastable Failures in Distributed Systems" (HotOS 2021); Huang et al., "Metastable
Failures in the Wild" (OSDI 2022); Brooker, "Metastability and Distributed Systems" (2021); Maurer, "Fail at
Scale" (ACM Queue 13, 2015) for queues under overload.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from models import Call, Endpoint, Host, Network, Request, Wrapper
from models.faults import Fault, FaultPlan, SlowHost
from models.requirements import Amplification
from models.resilience import (
    Backoff,
    CircuitBreaker,
    ConstantBackoff,
    FullJitter,
    Retry,
    Timeout,
    TokenBucketBudget,
    resilience4j,
)
from models.resilience.deadlines import Deadline, HonourDeadline
from models.resilience.shedding import AimdLimit, ConcurrencyLimiter, Fifo, FixedLimit, Lifo
from models.services import Instance, Work
from models.workload import OpenLoop, RateSteps
from simulator import Environment, EventLog, Gauge, RequestTable
from simulator.measurement import WindowedSeries, windowed_rate
from simulator.randomness import Exponential

from ..design import Points
from ..misuse import Misuse
from ..recovery import time_to_recover
from ..study import Measure, Run, study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..result import SweepResult

Remedy = Literal[
    "none",
    "backoff",
    "budget",
    "breaker",
    "one attempt",
    "deadlines",
    "queue age",
    "lifo",
    "adaptive limit",
]
REMEDIES: tuple[Remedy, ...] = (
    "none",
    "backoff",
    "budget",
    "breaker",
    "one attempt",
    "deadlines",
    "queue age",
    "lifo",
    "adaptive limit",
)

CORES, WORK, PATIENCE, ATTEMPTS = 10, 0.1, 1.0, 3
CAPACITY = CORES / WORK
"""Requests per second that the server can do."""

TRIGGER_AT, TRIGGER_END, RELIEF_AT, END = 20.0, 30.0, 50.0, 120.0
"""In seconds. At 80 % load a full queue drains in 50 s, which is over before the last 15 s."""

_LAST = 15.0
_FEWER, _RELIEF_TIME = 0.2, 20.0
_QUEUE = 1_000  # ten seconds of work: long, as queues are when nobody has thought about them
_BREAKER = resilience4j(minimum_calls=50, open_duration=5.0, trial_count=10)
_ENDING = 60.0  # by then every request has an end, after its last backoff too
_WINDOW = 1.0

MEASURES = {
    "goodput_before": Measure(description="share answered of the requests sent before the trigger"),
    "goodput_after": Measure(description="share answered of the requests sent in the last 15 s"),
    "recovered": Measure(description="1 if the system came back, 0 if it did not"),
    "recover_time": Measure(
        description="from the end of the trigger until users are served; inf: never", unit="s"
    ),
    "attempts_after": Measure(description="attempts at the server per request in the last 15 s"),
    "wasted_after": Measure(
        description="share of what the server did in the last 15 s that was no answer in time"
    ),
    "queue_after": Measure(description="requests at the server, waiting ones too, mean of the last 15 s"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MetastableRun:
    """A run that is over: the users' `requests`, the `log`, and how many were `present` at the server.

    The duration is that of the load.
    """

    requests: RequestTable
    log: EventLog
    present: Gauge
    duration: float

    def goodput(self, width: float) -> WindowedSeries:
        """Requests answered per second, by when they were answered, in windows of `width` s."""
        sample = self.requests.sample()
        return windowed_rate(sample.end[sample.succeeded], width=width, until=self.duration)


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from .figures.metastable import figures_of_sweep

    return figures_of_sweep(result)


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from .figures.metastable import figures_of_run

    return figures_of_run(run)


def require_act(*, trigger: str, size: float, **_others: object) -> None:
    """Raise Misuse for a trigger that would be none."""
    if trigger == "slow" and not size < 1.0:
        raise Misuse(f"size must be < 1 for a slow server, the share of its speed that is left, got {size}")
    if trigger == "spike" and not size > 1.0:
        raise Misuse(f"size must be > 1 for a spike, so many times the usual load, got {size}")


@study(
    name="metastable",
    question="What keeps an overload alive when its cause is gone, and what ends it?",
    measures=MEASURES,
    sweep=Points(
        [
            *({"load": load, "remedy": remedy} for remedy in REMEDIES for load in (0.3, 0.4, 0.5, 0.6, 0.8)),
            {"load": 0.6, "remedy": "none", "relief": "restart"},
            {"load": 0.6, "remedy": "none", "relief": "fewer users"},
        ]
    ),
    replications=3,
    check=require_act,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def metastable(
    *,
    seed: int,
    load: Annotated[
        float, Field(gt=0, lt=1, description="usual load, as a share of what the server can do")
    ] = 0.6,
    remedy: Annotated[Remedy, Field(description="what is done about it, before it happens")] = "none",
    trigger: Annotated[
        Literal["spike", "slow"], Field(description="more users, or a slower server, from 20 to 30 s")
    ] = "spike",
    size: Annotated[
        float,
        Field(gt=0, le=20, description="so many times the usual users, or the share of speed that is left"),
    ] = 2.5,
    relief: Annotated[
        Literal["none", "restart", "fewer users"],
        Field(description="what is done at 50 s: the server restarts, or 4 of 5 users stay away for 20 s"),
    ] = "none",
) -> Run:
    """Run a server through a trigger, and look at it a minute and a half later."""
    system = _System(seed, load=load, remedy=remedy, trigger=trigger, size=size, relief=relief)
    env, table = system.env, system.users.table
    env.run(until=END - _LAST)
    system.amplification.restart()
    work = system.work_counts()
    env.run(until=END)
    amplification = system.amplification.statistics().ratio
    queue = system.present.mean(END - _LAST)
    used, done = (now - then for now, then in zip(system.work_counts(), work, strict=True))
    env.run(until=END + _ENDING)
    before = table.sample(5.0, TRIGGER_AT, by="start").availability()
    after = table.sample(END - _LAST, END, by="start").availability()
    measures = {
        "goodput_before": before,
        "goodput_after": after,
        "recovered": float(after > 0.5 * before),
        "recover_time": time_to_recover(
            table, healed_at=TRIGGER_END, until=END, healthy=before, width=_WINDOW
        ),
        "attempts_after": amplification,
        "wasted_after": max(0.0, 1.0 - used / done) if done else float("nan"),
        "queue_after": queue,
    }
    detail = MetastableRun(requests=table, log=env.event_log, present=system.present, duration=END)
    return Run(measures=measures, detail=detail)


class _System:
    """Users, their client, and the server, with a remedy built in, a trigger and a relief planned."""

    def __init__(
        self, seed: int, *, load: float, remedy: str, trigger: str, size: float, relief: str
    ) -> None:
        self.env = env = Environment(seed=seed)
        self.present = Gauge(env, keep_history=True)
        host = Host(env, "server", cores=CORES)
        self.server = server = Instance(
            env, host, Work(Exponential(WORK)), threads=CORES, queue_size_max=_QUEUE, name="server"
        )
        front = _Watched(_in_front(env, server, remedy), self.present)
        self.connection = Network(env).connect(Host(env, "clients"), front)
        rates = _rates(load * CAPACITY, size if trigger == "spike" else 1.0, relief)
        way = _client(env, self.connection, remedy)
        self.users = OpenLoop(env, way, rate=RateSteps(rates), until=END, name="users")
        self.amplification = Amplification(self.users.table, [self.connection])
        plan = FaultPlan(env)
        plan.at(TRIGGER_AT, SlowHost(host, size) if trigger == "slow" else _Spike(env), end=TRIGGER_END)
        if relief == "restart":
            env.call_later(RELIEF_AT, server.crash)
            env.call_later(RELIEF_AT, server.restart)

    def work_counts(self) -> tuple[int, int]:
        """Return how many users have had an answer so far, and how many requests the server has worked off.

        Rejections are neither, whether anybody was there to hear of them or not.
        """
        return int(self.users.table.sample().succeeded.sum()), self.server.statistics().completed_count


def _rates(rate: float, factor: float, relief: str) -> list[tuple[float, float]]:
    """Return the users' rate over time, as steps."""
    steps = [(0.0, rate), (TRIGGER_AT, factor * rate), (TRIGGER_END, rate)]
    if relief == "fewer users":
        steps += [(RELIEF_AT, _FEWER * rate), (RELIEF_AT + _RELIEF_TIME, rate)]
    return steps


def _client(env: Environment, connection: Endpoint, remedy: str) -> Endpoint:
    """Return the server as a client calls it."""
    target: Endpoint
    if remedy == "deadlines":
        target = Deadline(env, connection, PATIENCE)
    else:
        target = Timeout(env, connection, PATIENCE)
    if remedy == "breaker":
        target = CircuitBreaker(env, target, _BREAKER, name="client")
    if remedy == "one attempt":
        return target
    backoff: Backoff = FullJitter(base=1.0, cap=10.0) if remedy == "backoff" else ConstantBackoff(delay=0.0)
    budget = TokenBucketBudget() if remedy == "budget" else None
    return Retry(env, target, ATTEMPTS, backoff=backoff, budget=budget)


def _in_front(env: Environment, server: Instance, remedy: str) -> Endpoint:
    """Return the server with what stands in front of it."""
    if remedy == "deadlines":
        return HonourDeadline(env, server)
    if remedy == "queue age":
        return ConcurrencyLimiter(env, server, FixedLimit(CORES), queue=Fifo(_QUEUE, age_max=PATIENCE / 2))
    if remedy == "lifo":
        return ConcurrencyLimiter(env, server, FixedLimit(CORES), queue=Lifo(_QUEUE, threshold=CORES))
    if remedy == "adaptive limit":
        limit = AimdLimit(limit_initial=2 * CORES, limit_min=1, limit_max=20 * CORES, timeout=PATIENCE / 2)
        return ConcurrencyLimiter(env, server, limit)
    return server


class _Spike(Fault):
    """More users than usual: nothing is broken, but a figure shades it like a fault."""

    def __init__(self, env: Environment) -> None:
        super().__init__(env, "users", "spike")

    def _start(self) -> None:
        pass

    def _stop(self) -> None:
        pass


class _Watched(Wrapper):
    """An observer: how many requests are present in what it stands around, waiting ones included."""

    def __init__(self, target: Endpoint, present: Gauge) -> None:
        super().__init__(target, name=target.name)
        self.present = present

    def call(self, request: Request) -> Call:
        self.present.add(1)
        try:
            return (yield from self.target.call(request))
        finally:
            self.present.add(-1)
