"""A service that is scaled: users, a balancer that follows it, hosts that boot, and a rule or none.

Each request takes half a second of a core, on hosts of two cores that are had by the hour. It may need a
database first, on one host that nobody scales. Users have ten seconds of patience, and an answer within two
is in time. What an instance that goes has in hand it finishes.
"""

from dataclasses import dataclass
from math import ceil
from typing import Any

from models import System
from models.autoscaling import Autoscaler, AutoscalerStatistics, MetricPipeline, ScalingRule, Utilisation
from models.infrastructure import Host, HostPool, HostType
from models.instance_groups import InstanceGroup
from models.resilience import Timeout
from models.services import Dependency, Step, Work, in_sequence
from models.workload import OpenLoop, RateShape
from simulator import Environment, EventLog, RequestTable
from simulator.measurement import StepFunction
from simulator.randomness import Erlang

CORES = 2
WORK_TIME = 0.5
"""Seconds of a core that a request takes, on average."""

CAPACITY = CORES / WORK_TIME
"""Requests per second that a host can do."""

DATABASE_CORES = 4
DATABASE_TIME = 0.4
DATABASE_CAPACITY = DATABASE_CORES / DATABASE_TIME

PATIENCE = 10.0
IN_TIME = 2.0
LINGER = 1.0
START_TIME = 5.0
THREADS = 8
QUEUE_SIZE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledRun:
    """A run that is over: what users saw, and how many hosts were wanted, paid for and ready.

    `needed` is the number of hosts that the load would keep at the target utilisation, if they were there.
    """

    requests: RequestTable
    log: EventLog
    rate: RateShape
    duration: float
    target: float
    desired: StepFunction
    provisioned: StepFunction
    ready: StepFunction
    host_hours: float
    used: float
    statistics: AutoscalerStatistics | None

    def needed(self, time: float) -> float:
        """Return how many hosts would be at the target utilisation at `time` (s)."""
        return self.rate(time) / (CAPACITY * self.target)


def hosts_for(rate: float, target: float) -> int:
    """Return how many hosts a load (1/s) keeps at or below a utilisation."""
    return max(1, ceil(rate / (CAPACITY * target) - 1e-9))


class ScaledService:
    """The service with `count` hosts that are there, a database if it `needs_database`, and its users."""

    def __init__(
        self,
        env: Environment,
        *,
        rate: RateShape,
        duration: float,
        count: int,
        boot_time: float,
        needs_database: bool,
    ) -> None:
        self.env = env
        self.rate, self.duration = rate, duration
        self.system = System(env)
        self.hosts: list[Host] = []
        zone = self.system.add_zone("zone")
        database = self._add_database() if needs_database else None
        pool_type = HostType(cores=CORES, boot_time=boot_time)
        self.pool = HostPool(env, "shop host", pool_type, zones=[zone], make_host=self._add_host)
        there = [self.pool.provision(boots=False) for _ in range(count)]

        def make_handler(host: Host) -> Step:
            work = Work(Erlang(shape=4, mean=WORK_TIME))
            if database is None:
                return work
            way = self.system.network.connect(host, database.instances[0])
            return in_sequence(Dependency(way, name="database"), work)

        self.service = self.system.add_service(
            "shop", there, make_handler, threads=THREADS, queue_size_max=QUEUE_SIZE, start_time=START_TIME
        )
        self.group = InstanceGroup(
            env, self.service, self.pool, count, linger=LINGER, grace=PATIENCE + LINGER
        )
        self.users = self._admit_users()
        self.autoscaler: Autoscaler | None = None

    def _add_host(self, name: str, **settings: Any) -> Host:
        host = self.system.add_host(name, **settings)
        self.hosts.append(host)
        return host

    def _add_database(self) -> Any:
        host = self.system.add_host("database", cores=DATABASE_CORES)
        work = Work(Erlang(shape=4, mean=DATABASE_TIME))
        return self.system.add_service("database", [host], lambda host: work)

    def _admit_users(self) -> OpenLoop:
        edge = self.system.add_host("edge")
        balancer = self.system.balanced(edge, self.service)
        entrance = Timeout(self.env, balancer, PATIENCE)
        return OpenLoop(self.env, entrance, rate=self.rate, until=self.duration, name="users")

    def in_flight(self) -> float:
        """Return how many requests its instances have or keep waiting."""
        return float(sum(each.in_service_count + each.waiting_count for each in self.group.instances))

    def scale_by(self, rule: ScalingRule, *, metric_delay: float) -> None:
        """Let an autoscaler see to it; its metrics come `metric_delay` seconds late."""
        pipeline = MetricPipeline(
            self.env,
            group=self.group,
            meters=[Utilisation()],
            totals={"backlog": self.in_flight},
            delay=metric_delay,
            expiry=metric_delay + 60.0,
        )
        self.autoscaler = Autoscaler(self.env, self.group, rule, pipeline)

    def run(self, target: float) -> ScaledRun:
        """Run until the last user has an answer or has lost patience."""
        # What is paid for is counted as long as users come, not until the last of them is gone.
        self.env.run(until=self.duration)
        host_hours = self.pool.statistics().host_hours
        used = sum(host.statistics().busy_time for host in self.hosts) / (CORES * 3_600.0 * host_hours)
        self.env.run(until=self.duration + PATIENCE + 1.0)
        group = self.group
        return ScaledRun(
            requests=self.users.table,
            log=self.env.event_log,
            rate=self.rate,
            duration=self.duration,
            target=target,
            desired=group.desired.history,
            provisioned=group.provisioned.history,
            ready=group.ready.history,
            host_hours=host_hours,
            used=used,
            statistics=self.autoscaler.statistics() if self.autoscaler else None,
        )
