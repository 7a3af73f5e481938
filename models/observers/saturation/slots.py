"""The slots of workers: each has one job in hand at a time, and fetches the next one from a backlog.

A slot that polls while jobs wait is not idle: its poll is answered at once, and the way there and back is
part of what a job takes. One that polls while none waits is. So the pool is full when jobs wait that nobody
has time for, however short they are beside the way to the backlog. At light load that part is not seen, and
the load at which the pool will be full is said too high by it.

Of a pool, workers on hosts that are down, or that boot, have no slots; nor have those that drain, whose last
jobs are nobody's load any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from ...endpoint import Endpoint
from ...workers import Backlog, Worker, WorkerPool
from .resource import Reading, Resource


@dataclass(frozen=True, slots=True, eq=False)
class WorkerSlots(Resource):
    """The slots of one `worker`: as many as its instance has threads."""

    kind: ClassVar[str] = "slots"
    is_physical: ClassVar[bool] = False
    worker: Worker

    @property
    def subject(self) -> Worker:
        """The worker."""
        return self.worker

    @property
    def name(self) -> str:
        """The worker's."""
        return self.worker.name

    @property
    def ways_on(self) -> tuple[Endpoint, ...]:
        """Its instance, which does the jobs."""
        return (self.worker.instance,)

    def read(self) -> Reading:
        """Return how many slots have a job, or are on their way to one, and how many jobs wait."""
        return _read((self.worker,), self.worker.statistics().received_count)


@dataclass(frozen=True, slots=True, eq=False)
class PoolSlots(Resource):
    """The slots of all workers of a `pool` that are ready now."""

    kind: ClassVar[str] = "slots"
    is_physical: ClassVar[bool] = False
    pool: WorkerPool

    @property
    def subject(self) -> WorkerPool:
        """The pool."""
        return self.pool

    @property
    def name(self) -> str:
        """The pool's."""
        return self.pool.name

    @property
    def ways_on(self) -> tuple[Endpoint, ...]:
        """The instances of its members, which do the jobs."""
        return self.pool.group.instances

    def read(self) -> Reading:
        """Return how many slots have a job, or are on their way to one, and how many jobs wait."""
        return _read(self.pool.workers, self.pool.statistics().received_count)


def _read(workers: Iterable[Worker], received_count: int) -> Reading:
    ready = [worker for worker in workers if worker.is_ready]
    backlogs = dict.fromkeys(backlog for worker in ready if (backlog := _backlog_behind(worker.way)))
    waiting = sum(int(backlog.visible.value) for backlog in backlogs)
    capacity = sum(worker.instance.thread_count for worker in ready)
    return Reading(
        capacity=capacity,
        used=capacity if waiting else sum(worker.busy_count for worker in ready),
        waiting=waiting,
        served_count=received_count,
        turned_away_count=0,
    )


def _backlog_behind(way: Endpoint) -> Backlog | None:
    """Return the backlog that a way leads to, through whatever stands around it."""
    thing: object = way
    while thing is not None and not isinstance(thing, Backlog):
        thing = getattr(thing, "target", None)
    return thing


@dataclass(frozen=True, slots=True, eq=False)
class MessagesInFlight(Resource):
    """The messages of a `backlog` that may be in flight: beyond its limit nothing is handed out."""

    kind: ClassVar[str] = "messages in flight"
    is_physical: ClassVar[bool] = False
    backlog: Backlog

    @property
    def subject(self) -> Backlog:
        """The backlog."""
        return self.backlog

    @property
    def name(self) -> str:
        """The backlog's."""
        return self.backlog.name

    def read(self) -> Reading:
        """Return how many messages are in flight, and how many wait because of that."""
        seen, limit = self.backlog.statistics(), self.backlog.settings.in_flight_max
        return Reading(
            capacity=limit,
            used=seen.in_flight_count,
            waiting=seen.visible_count if seen.in_flight_count >= limit else 0,
            served_count=seen.received_count,
            turned_away_count=seen.over_limit_count,
        )
