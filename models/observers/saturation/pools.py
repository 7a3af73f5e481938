"""What limits how many calls are under way: the pools and threads of bulkheads, and concurrency limiters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ...endpoint import Endpoint
from ...resilience.bulkheads import BulkheadPool, ThreadPoolBulkhead
from ...resilience.shedding import ConcurrencyLimiter
from .resource import Reading, Resource


@dataclass(frozen=True, slots=True, eq=False)
class PoolPermits(Resource):
    """The permits of a `pool`, of connections or of a bulkhead; what has leaked is in use, by nobody."""

    kind: ClassVar[str] = "pool"
    is_physical: ClassVar[bool] = False
    pool: BulkheadPool

    @property
    def subject(self) -> BulkheadPool:
        """The pool."""
        return self.pool

    @property
    def name(self) -> str:
        """The pool's."""
        return self.pool.name

    @property
    def ways_on(self) -> tuple[Endpoint, ...]:
        """What the bulkheads stand around."""
        return tuple(bulkhead.target for bulkhead in self.pool.bulkheads)

    def read(self) -> Reading:
        """Return how many permits are taken and how many callers wait for one."""
        seen = self.pool.statistics()
        return Reading(
            capacity=seen.size,
            used=seen.held_count + seen.leaked_count,
            waiting=seen.waiting_count,
            served_count=sum(bulkhead.statistics().permitted_count for bulkhead in self.pool.bulkheads),
            turned_away_count=seen.full_count + seen.waited_too_long_count,
        )


@dataclass(frozen=True, slots=True, eq=False)
class PoolThreads(Resource):
    """The threads of a `bulkhead` that has its own; those that work for nobody are held too."""

    kind: ClassVar[str] = "pool"
    is_physical: ClassVar[bool] = False
    bulkhead: ThreadPoolBulkhead

    @property
    def subject(self) -> ThreadPoolBulkhead:
        """The bulkhead."""
        return self.bulkhead

    @property
    def name(self) -> str:
        """The bulkhead's."""
        return self.bulkhead.name

    @property
    def ways_on(self) -> tuple[Endpoint, ...]:
        """What the bulkhead stands around."""
        return (self.bulkhead.target,)

    def read(self) -> Reading:
        """Return how many threads are held and how many callers wait for one."""
        seen = self.bulkhead.statistics()
        return Reading(
            capacity=self.bulkhead.thread_count,
            used=seen.busy_count,
            waiting=seen.waiting_count,
            served_count=seen.call_count - seen.rejected_count - seen.left_count - seen.waiting_count,
            turned_away_count=seen.rejected_count,
        )


@dataclass(frozen=True, slots=True, eq=False)
class LimiterPlaces(Resource):
    """The places of a concurrency `limiter`: as many as its limit says at the time."""

    kind: ClassVar[str] = "limit"
    is_physical: ClassVar[bool] = False
    limiter: ConcurrencyLimiter

    @property
    def subject(self) -> ConcurrencyLimiter:
        """The limiter."""
        return self.limiter

    @property
    def name(self) -> str:
        """The limiter's."""
        return self.limiter.name

    @property
    def ways_on(self) -> tuple[Endpoint, ...]:
        """What the limiter stands around."""
        return (self.limiter.target,)

    def read(self) -> Reading:
        """Return how many calls are in flight and how many wait to be."""
        seen = self.limiter.statistics()
        return Reading(
            capacity=seen.limit,
            used=seen.in_flight_count,
            waiting=seen.waiting_count,
            served_count=seen.admitted_count,
            turned_away_count=seen.rejected_count,
        )
