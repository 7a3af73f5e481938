"""A run of jobs through a backlog: users who send them, workers on hosts by the hour, and what goes wrong.

Each job keeps a core busy for a few seconds, some for much longer. How long is drawn when it is sent, so that
whoever does it, and however often, it is the same job. Users begin when the first hosts have booted.
"""

from collections.abc import Generator, Hashable
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

from models import Host, Network, Request
from models.autoscaling import Autoscaler, BacklogPerInstance, MetricPipeline
from models.faults import HostCrash
from models.infrastructure import HostPool, HostType
from models.instance_groups import HostSource
from models.resilience.idempotency import Acknowledged, Effect, EffectLog
from models.services import Instance, in_sequence
from models.workers import (
    Backlog,
    BacklogSettings,
    PreemptibleHosts,
    WorkerPool,
    WorkerSettings,
    WorkerStatistics,
    sqs,
)
from models.workload import OpenLoop, Operation, OperationMix, RateSteps
from simulator import PARKED, Environment, EventLog
from simulator.measurement import StepFunction
from simulator.randomness import Exponential, LogNormal

DEMAND = LogNormal.from_percentiles(p50=4.0, p99=30.0)
"""Seconds of a core that a job takes."""

RATE = 1.0
BOOT_TIME = 60.0
START = 2 * BOOT_TIME
SURGE_START, SURGE_END = START + 120.0, START + 420.0
DURATION = START + 1_200.0
SETTLING = 600.0
REPAIR_TIME = 60.0
SPOT_PRICE = 0.3
"""Of a host-hour that can be taken away, where one that cannot costs 1."""

ACCEPTABLE = 4.0
"""Messages for each worker, those in hand included, up to which the pool need not grow."""

_HOUR = 3_600.0


@dataclass(frozen=True, slots=True)
class Job:
    """The `number`-th job, sent at `sent_at` (s), which takes a core `demand` seconds."""

    number: int
    sent_at: float
    demand: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """How many workers there are, and on what hosts.

    `size` of them, up to `size_max` as the backlog grows (`None`: always as many). `takings` is how often a
    host is taken away (1 per host-hour; 0: never), `notice` seconds after its worker was told.
    """

    size: int
    size_max: int | None = None
    takings: float = 0.0
    notice: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkersRun:
    """A run that is over: what became of jobs, and how much of everything there was over time.

    `latency` (s) is how long each job took from being sent to being done the first time, infinite where it
    was not; jobs that crash whoever does them are left out. `cost` is in hours of hosts at the full price,
    while users came. Of `done_count` jobs, `twice_count` were done more than once: `work_done` seconds of
    work, where `work_needed` would have done. `lost_count` jobs were accepted and are nowhere.
    """

    log: EventLog
    latency: npt.NDArray[np.float64]
    done_count: int
    twice_count: int
    dead_count: int
    lost_count: int
    work_done: float
    work_needed: float
    workers: WorkerStatistics
    cost: float
    visible: StepFunction
    in_flight: StepFunction
    ready: StepFunction
    backlog: Backlog

    @property
    def empty_time(self) -> float:
        """Seconds from the end of the surge until nothing waits; infinity if that was not seen."""
        after = (self.visible.times >= SURGE_END) & (self.visible.values == 0.0)
        if self.visible.at(SURGE_END) == 0.0:
            return 0.0
        return float(self.visible.times[after][0]) - SURGE_END if after.any() else float("inf")


class WorkersSystem:
    """Users, a backlog with dead letters, and a pool of workers."""

    def __init__(
        self, env: Environment, *, fleet: Fleet, rules: BacklogSettings, settings: WorkerSettings
    ) -> None:
        self.env = env
        self.network = Network(env, latencies=0.005)
        self.log = EffectLog()
        self.first_done: dict[Job, float] = {}
        self.work_done = 0.0
        self.poisons: dict[Job, None] = {}
        broker = Host(env, "broker")
        has_limit = rules.receives_max < float("inf")
        self.graveyard = Backlog(env, broker, name="dead letters") if has_limit else None
        self.backlog = Backlog(
            env, broker, rules, dead_letters=self.graveyard, keeps_history=True, name="jobs"
        )
        is_spot = fleet.takings > 0.0
        self.hosts = HostPool(
            env, "host", HostType(boot_time=BOOT_TIME, price=SPOT_PRICE if is_spot else 1.0)
        )
        source: HostSource = self.hosts
        if is_spot:
            source = PreemptibleHosts(env, self.hosts, rate_per_hour=fleet.takings, notice=fleet.notice)
        self.pool = WorkerPool(
            env,
            source,
            partial(self.network.connect, target=self.backlog),
            lambda host: in_sequence(self._do, Effect(self.log)),
            size=fleet.size,
            settings=settings,
        )
        if fleet.size_max is not None:
            rule = BacklogPerInstance(
                count_min=fleet.size, count_max=fleet.size_max, acceptable=ACCEPTABLE, interval=15.0
            )
            metrics = MetricPipeline(env, totals={"backlog": lambda: float(self.backlog.size)})
            Autoscaler(env, self.pool.group, rule, metrics)

    def _do(self, instance: Instance, request: Request) -> Generator[Any, Any, None]:
        job: Job = request.key
        yield from instance.host.work(job.demand)
        if request.operation == "poison":
            self.poisons[job] = None
            instance.crash()
            yield PARKED
        self.work_done += job.demand
        self.first_done.setdefault(job, self.env.now)

    def admit_users(self, *, surge: float, poison: float) -> None:
        """Let users send jobs, `surge` times as many for a while; a share `poison` of them crash workers."""
        env = self.env
        numbers, demands = count(), env.sampler("demand", DEMAND)
        rate = RateSteps([(START, RATE), (SURGE_START, surge * RATE), (SURGE_END, RATE)])
        mix = (
            OperationMix(Operation(name="job", weight=1.0 - poison), Operation(name="poison", weight=poison))
            if poison
            else None
        )
        way = self.network.connect(Host(env, "web"), self.backlog)
        OpenLoop(
            env,
            Acknowledged(way, self.log),
            rate=rate,
            mix=mix,
            keys=lambda: Job(next(numbers), env.now, demands()),
            until=DURATION,
            name="users",
        )

    def let_hosts_die(self, rate: float) -> None:
        """Crash the host of one worker or another, `rate` times per host-hour, for a minute each."""
        victims = self.env.stream("victims")
        gaps = self.env.sampler("deaths", Exponential(_HOUR / rate / self.pool.worker_count))

        def strike() -> Generator[Any, Any, None]:
            yield START
            while True:
                yield gaps()
                up = [each.host for each in self.pool.group.instances if each.host.is_up]
                if up:
                    crash = HostCrash(up[int(victims.integers(len(up)))])
                    crash.inject()
                    self.env.call_later(REPAIR_TIME, crash.heal)

        self.env.process(strike(), "deaths")

    def run(self) -> WorkersRun:
        """Run until users have gone home, and then on, so that what is left can be done."""
        env = self.env
        env.run(until=DURATION)
        cost = self.hosts.statistics().cost
        env.run(until=DURATION + SETTLING)
        dead = () if self.graveyard is None else self.graveyard.messages()
        there: set[Hashable] = {message.job.key for message in (*self.backlog.messages(), *dead)}
        undone = self.log.lost()
        waited = [done_at - job.sent_at for job, done_at in self.first_done.items()]
        waited += [float("inf") for job in undone if job not in self.poisons]
        return WorkersRun(
            log=env.event_log,
            latency=np.sort(np.array(waited)),
            done_count=self.log.distinct_count,
            twice_count=self.log.applied_more_than_once_count,
            dead_count=len(dead),
            lost_count=sum(job not in there for job in undone),
            work_done=self.work_done,
            work_needed=sum(job.demand for job in self.first_done),
            workers=self.pool.statistics(),
            cost=cost,
            visible=self.backlog.visible.history,
            in_flight=self.backlog.in_flight.history,
            ready=self.pool.group.ready.history,
            backlog=self.backlog,
        )


def backlog_rules(*, visibility: float, receives_max: int | None) -> BacklogSettings:
    """Return SQS' rules with a visibility timeout (s), and a limit of receives or none."""
    limit = float("inf") if receives_max is None else receives_max
    return sqs(visibility=visibility, receives_max=limit)
