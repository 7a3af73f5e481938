"""A plan's backlog with its workers, and what is known of the jobs: which were accepted, and which are done.

Clients send jobs by calling the backlog, by ways like any other. Its workers poll it for ever; when nobody
asks any more and nothing is left they are let go, and then the backlog's own memory, if it has no disk.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable
from dataclasses import dataclass, field
from math import inf
from typing import Any

from models import Call, Endpoint, Host, Request, System, Wrapper
from models.instance_groups import ExistingHosts
from models.network import Connection
from models.services import Instance, Work, in_sequence
from models.workers import Backlog, BacklogSettings, WorkerPool, WorkerSettings

from .plan import BacklogPlan

_BEATS = 3.0  # how often a worker says in a visibility timeout that it goes on


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedJobsStatistics:
    """How many calls there were."""

    call_count: int


class AcceptedJobs(Wrapper):
    """Answers as `target` does, and writes down in `keys` which jobs were accepted."""

    def __init__(self, target: Endpoint, keys: dict[Hashable, None], *, name: str) -> None:
        super().__init__(target, name=name)
        self._keys = keys
        self._call_count = 0

    def call(self, request: Request) -> Call:
        """Answer `request` as the target does."""
        self._call_count += 1
        answer = yield from self.target.call(request)
        if request.key is not None and not answer.degraded:
            self._keys[request.key] = None
        return answer

    def statistics(self) -> AcceptedJobsStatistics:
        """Return what has happened so far."""
        return AcceptedJobsStatistics(call_count=self._call_count)


@dataclass(frozen=True, slots=True)
class Jobs:
    """The `backlog` and the `pool` of a plan, and the keys of jobs that were `accepted` and `done`."""

    plan: BacklogPlan
    backlog: Backlog
    pool: WorkerPool
    accepted: dict[Hashable, None] = field(default_factory=dict)
    done: dict[Hashable, None] = field(default_factory=dict)

    @property
    def backlogs(self) -> list[Backlog]:
        """The backlog, and that of its dead letters if it has one."""
        graveyard = self.backlog.dead_letters
        return [self.backlog] if graveyard is None else [self.backlog, graveyard]

    @property
    def are_left(self) -> bool:
        """Whether there are jobs to be done, or in hand."""
        return bool(self.backlog.size or self.pool.statistics().in_hand_count)

    @property
    def instances(self) -> list[Instance]:
        """The processes of all backlogs and workers."""
        backlogs = [each.instance for each in self.backlogs]
        return backlogs + [each.instance for each in self.pool.workers]

    def kept(self) -> set[Hashable]:
        """Return the keys of all jobs of which it is known where they are: done, there, dead or lost."""
        found = [message for each in self.backlogs for message in (*each.messages(), *each.lost)]
        return {*self.done, *(message.job.key for message in found)}


def add_jobs(system: System, plan: BacklogPlan, connect: Callable[[Host, Endpoint], Connection]) -> Jobs:
    """Add the backlog of a plan and its workers; `connect(host, endpoint)` makes the ways of workers."""
    env, host = system.env, system.host(plan.host)
    done: dict[Hashable, None] = {}

    def note(worker: Instance, request: Request) -> Generator[Any, Any, None]:
        done[request.key] = None
        yield from ()

    graveyard = None
    if plan.receives_max is not None:
        settings = BacklogSettings(is_durable=plan.is_durable)
        graveyard = Backlog(env, host, settings, name=f"dead letters of {plan.name}")
    backlog = Backlog(
        env,
        host,
        BacklogSettings(
            visibility=plan.visibility,
            delay=plan.delay,
            receives_max=inf if plan.receives_max is None else plan.receives_max,
            in_flight_max=inf if plan.in_flight_max is None else plan.in_flight_max,
            order=plan.order,
            is_durable=plan.is_durable,
        ),
        dead_letters=graveyard,
        name=plan.name,
    )
    pool = WorkerPool(
        env,
        ExistingHosts([system.host(name) for name in plan.worker_hosts]),
        lambda worker_host: connect(worker_host, backlog),
        lambda worker_host: in_sequence(Work(plan.demand.distribution()), note),
        size=len(plan.worker_hosts),
        settings=WorkerSettings(
            wait=plan.wait,
            patience=1.0,
            visibility=plan.visibility,
            heartbeat=plan.visibility / _BEATS if plan.has_heartbeat else None,
        ),
        name=f"worker of {plan.name}",
    )
    return Jobs(plan, backlog, pool, done=done)
