"""A backlog with its workers, and what is known of the jobs: which were accepted, and which are done.

Clients send jobs by calling the backlog, by ways like any other. Its workers poll it for ever; when nobody
asks any more and nothing is left they are let go, and then the backlog's own memory, if it has no disk.
Beside those on hosts of their own there may be workers on machines that are had by the hour, or are taken
away with a notice or without, as many as there is room for or as an autoscaler says.

Laws (Amazon SQS Developer Guide, "at-least-once delivery"; `models.workers`):

- A job that was accepted is done, or there still, or a dead letter, or was lost with the memory it was in.
- It is deleted only when it was done.
- When nobody asks and nothing is broken all jobs are worked off, however many workers were taken away.
- Who is taken away is replaced; and what was had by the hour is given back: in the end no machine is paid
  for.
- The autoscaler keeps to its bounds (see `scaling_laws`).
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterable
from dataclasses import dataclass
from math import inf
from typing import Any

from models import Endpoint, Host, Request, System
from models.autoscaling import Autoscaler, BacklogPerInstance, MetricPipeline
from models.faults import Fault, ProcessCrash
from models.infrastructure import HostPool, HostType
from models.instance_groups import ExistingHosts
from models.services import Instance, Work, in_sequence
from models.workers import Backlog, BacklogSettings, PreemptibleHosts, WorkerPool, WorkerSettings

from ..accepted_jobs import AcceptedJobs
from ..choices import Choice, OwnHosts, PartOf
from ..fault_kind import FaultKind
from ..invariants import BrokenInvariant
from ..live_system import LiveSystem
from ..part_kind import Builder, LivePart, PartKind, end_processes
from ..plan import DurationPlan, PartPlan, WayPlan
from ..wrapper_catalogue import WRAPPERS
from .scaling_laws import check_scaling

_BEATS = 3.0  # how often a worker says in a visibility timeout that it goes on
_LIVES_PER_HOUR = 900.0  # of a preemptible machine: one lives for four seconds
_MACHINES_COUNT = 2  # where nobody scales them
_SCALING = BacklogPerInstance(
    count_min=0, count_max=3, interval=0.5, acceptable=2.0, stabilisation_window=1.0, idle_time=1.0
)


@dataclass(frozen=True, slots=True)
class Machines:
    """Workers on machines that come and go: the `pool` of them, where they come from, and who scales it."""

    pool: WorkerPool
    provider: HostPool
    preemptible: PreemptibleHosts | None
    autoscaler: Autoscaler | None

    @property
    def counting(self) -> list[object]:
        """What has statistics."""
        optional = [each for each in (self.preemptible, self.autoscaler) if each is not None]
        return [self.provider, *optional]


class Jobs(LivePart):
    """The `backlog` and the `pools` of workers of a plan; keys of jobs that were `accepted` and `done`."""

    def __init__(
        self,
        plan: PartPlan,
        backlog: Backlog,
        staff: WorkerPool,
        machines: Machines | None,
        done: dict[Hashable, None],
    ) -> None:
        self.name = plan.name
        self.backlog = backlog
        self.machines = machines
        self.pools = [staff] if machines is None else [staff, machines.pool]
        self.accepted: dict[Hashable, None] = {}
        self.done = done
        self._has_let_go = False

    @property
    def backlogs(self) -> list[Backlog]:
        """The backlog, and that of its dead letters if it has one."""
        graveyard = self.backlog.dead_letters
        return [self.backlog] if graveyard is None else [self.backlog, graveyard]

    @property
    def counting(self) -> Iterable[object]:
        """Workers and their instances, groups, machines."""
        for pool in self.pools:
            yield pool.group
            for worker in pool.workers:
                yield worker
                yield worker.instance
        yield from () if self.machines is None else self.machines.counting

    @property
    def endpoints(self) -> Iterable[Endpoint]:
        """The backlogs, and their processes."""
        return [*self.backlogs, *(each.instance for each in self.backlogs)]

    def connect(self, builder: Builder, source: Host, way: WayPlan) -> Endpoint:
        """Return a connection to the backlog."""
        return builder.connect(source, self.backlog, way)

    def front(self, target: Endpoint, client: str) -> Endpoint:
        """Write down which jobs are accepted."""
        return AcceptedJobs(target, self.accepted, name=f"accepted jobs of {client}")

    @property
    def are_left(self) -> bool:
        """Whether there are jobs to be done, or in hand."""
        return bool(self.backlog.size or any(pool.statistics().in_hand_count for pool in self.pools))

    def kept(self) -> set[Hashable]:
        """Return the keys of all jobs of which it is known where they are: done, there, dead or lost."""
        found = [message for each in self.backlogs for message in (*each.messages(), *each.lost)]
        return {*self.done, *(message.job.key for message in found)}

    # -- to its end

    def unsettled(self, live: LiveSystem) -> BrokenInvariant | None:
        """Return the breach if jobs are left."""
        if not self.are_left:
            return None
        rule = "all jobs are worked off when all faults have healed"
        return self.broken(live, self.backlog, rule, str(self.backlog.statistics()))

    def wind_down(self, live: LiveSystem) -> None:
        """Let the workers go."""
        self._has_let_go = True
        end_processes(live.env, *_controllers(self.name))
        for pool in self.pools:
            pool.scale_to(0)

    @property
    def background_count(self) -> int:
        """The memories of backlogs without a disk, which end with them and would not end before."""
        return 0 if self.backlog.settings.is_durable else len(self.backlogs)

    def stop(self, live: LiveSystem) -> None:
        """End those memories."""
        for backlog in self.backlogs[: self.background_count]:
            backlog.instance.stop(grace=0.0)

    # -- laws

    def check(self, live: LiveSystem) -> None:
        """Hold the autoscaler to its rule, and the machines to their number."""
        if self.machines is None:
            return
        group = self.machines.pool.group
        if self.machines.autoscaler is not None:
            check_scaling(live, self, group, _SCALING, window=_SCALING.stabilisation_window)
        elif group.desired_count != _MACHINES_COUNT and not self._has_let_go:
            rule = "who is taken away is replaced"
            raise self.broken(live, group, rule, f"{group.desired_count} of {_MACHINES_COUNT} are wanted")

    def check_end(self, live: LiveSystem) -> None:
        """Account for all jobs, and for all machines."""
        self.check(live)
        if self.machines is not None and live.is_limited and self.machines.provider.hosts:
            names = ", ".join(host.name for host in self.machines.provider.hosts)
            raise self.broken(live, self.machines.provider, "in the end no machine is paid for", names)
        deleted = self.backlog.statistics().deleted_count
        completed = sum(pool.statistics().completed_count for pool in self.pools)
        if deleted > completed:
            detail = f"{deleted} deleted, {completed} done"
            raise self.broken(live, self.backlog, "a job is deleted when it was done", detail)
        askers = [each for each in live.clients if each.plan.way.service == self.name]
        wrappers = [wrapper for each in askers for wrapper in each.plan.way.all_wrappers]
        if any(WRAPPERS[wrapper.kind].answers_itself for wrapper in wrappers):
            return  # who was told "accepted" may have been told so by somebody else
        if missing := set(self.accepted) - self.kept():
            detail = ", ".join(sorted(map(str, missing)))
            rule = "a job that was accepted is done, dead, there or lost"
            raise self.broken(live, self.backlog, rule, detail)


def _controllers(name: str) -> tuple[str, str]:
    """Return the names of the processes that scale the machines of a backlog."""
    return f"autoscaler of {name}", f"metrics of {name}"


def _build(
    builder: Builder, plan: PartPlan, *, worker_hosts: tuple[str, ...], machines: str, **given: Any
) -> Jobs:
    system = builder.live.system
    done: dict[Hashable, None] = {}
    backlog = _make_backlog(system, plan.name, **given)
    step = in_sequence(Work(DurationPlan(mean=given["demand"], law=given["law"]).distribution()), _note(done))
    visibility = given["visibility"]
    hiring: dict[str, Any] = {
        "connect": lambda host: builder.connect(host, backlog, WayPlan(service=plan.name)),
        "make_handler": lambda host: step,
        "settings": WorkerSettings(
            wait=given["wait"],
            patience=1.0,
            visibility=visibility,
            heartbeat=visibility / _BEATS if given["has_heartbeat"] else None,
        ),
    }
    own = ExistingHosts([system.host(name) for name in worker_hosts])
    staff = WorkerPool(system.env, own, size=len(worker_hosts), name=f"worker of {plan.name}", **hiring)
    extra = None
    if machines != "none":
        extra = _hire(system, plan.name, backlog, machines, given["notice"], given["scales"], hiring)
    return Jobs(plan, backlog, staff, extra, done)


def _make_backlog(system: System, name: str, **given: Any) -> Backlog:
    env, host = system.env, system.host(given["host"][0])
    receives_max, in_flight_max = given["receives_max"], given["in_flight_max"]
    graveyard = None
    if receives_max is not None:
        settings = BacklogSettings(is_durable=given["is_durable"])
        graveyard = Backlog(env, host, settings, name=f"dead letters of {name}")
    settings = BacklogSettings(
        visibility=given["visibility"],
        delay=given["delay"],
        receives_max=inf if receives_max is None else receives_max,
        in_flight_max=inf if in_flight_max is None else in_flight_max,
        order=given["order"],
        is_durable=given["is_durable"],
    )
    return Backlog(env, host, settings, dead_letters=graveyard, name=name)


def _note(done: dict[Hashable, None]) -> Any:
    def note(worker: Instance, request: Request) -> Generator[Any, Any, None]:
        done[request.key] = None
        yield from ()

    return note


def _hire(
    system: System,
    name: str,
    backlog: Backlog,
    kind: str,
    notice: float,
    scales: bool,
    hiring: dict[str, Any],
) -> Machines:
    """Let there be workers on machines that come and go."""
    env = system.env
    provider = HostPool(
        env,
        f"machine of {name}",
        HostType(boot_time=0.2),
        host_count_max=_SCALING.count_max,
        make_host=system.add_host,
    )
    preemptible = None
    if kind == "preemptible":
        preemptible = PreemptibleHosts(
            env, provider, rate_per_hour=_LIVES_PER_HOUR, notice=notice, name=f"spot of {name}"
        )
    pool = WorkerPool(
        env,
        provider if preemptible is None else preemptible,
        size=0 if scales else _MACHINES_COUNT,
        name=f"extra worker of {name}",
        **hiring,
    )
    autoscaler = None
    if scales:
        process, metrics = _controllers(name)
        pipeline = MetricPipeline(
            env, totals={"backlog": lambda: backlog.size}, scrape_interval=0.5, name=metrics
        )
        autoscaler = Autoscaler(env, pool.group, _SCALING, pipeline, name=process)
    return Machines(pool, provider, preemptible, autoscaler)


def _backlog_crash(system: System, name: str, part: str) -> Fault:
    return ProcessCrash(system.part(part, Jobs).backlog.instance, name=name)


def _worker_crash(system: System, name: str, part: str, number: int) -> Fault:
    workers = system.part(part, Jobs).pools[0].workers
    return ProcessCrash(workers[(number - 1) % len(workers)].instance, name=name)


_A_BACKLOG = PartOf(("backlog",))

BACKLOG = PartKind(
    parameters={
        "host": OwnHosts(1, 1),
        "worker_hosts": OwnHosts(1, 3),
        "demand": Choice(0.05, 0.01, 0.2),
        "law": Choice("constant", "exponential", "lognormal"),
        "visibility": Choice(5.0, 1.0, 30.0),
        "delay": Choice(0.0, 1.0),
        "receives_max": Choice(None, 4),
        "in_flight_max": Choice(None, 3),
        "order": Choice("first-come", "priority"),
        "is_durable": Choice(True, False),
        "wait": Choice(2.0, 0.0),
        "has_heartbeat": Choice(False, True),
        "machines": Choice("none", "on demand", "preemptible"),
        "notice": Choice(0.0, 0.5),
        "scales": Choice(False, True),
    },
    build=_build,
    faults={
        "backlog_crash": FaultKind(parameters={"part": _A_BACKLOG}, build=_backlog_crash),
        "worker_crash": FaultKind(
            parameters={"part": _A_BACKLOG, "number": Choice(1, 2, 3)}, build=_worker_crash
        ),
    },
    is_asked=True,
)
