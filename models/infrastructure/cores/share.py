"""A share: what one group of work, say all of a service's on a host, has of the cores.

Inside a group all work proceeds alike, as under processor sharing; the group keeps the virtual clock that
shows how much work each piece that was there all along has had. What the group as a whole gets, `rate` cores
at a time, is for `fair_share` to say.

A group with a quota may use so many seconds on cores in a period. The rule is that of the kernel's CFS
bandwidth control (Turner, Rao, Rao, "CPU bandwidth control for CFS", Linux Symposium 2010; kernel
documentation, "CFS Bandwidth Control"): periods follow each other on a fixed grid from the boot on; at the
beginning of each the quota is there in full, and nothing is carried over; a group that has used it up is
*throttled*: none of its work runs, whatever cores are idle, until the next period begins. Two groups may well
be throttled at the same time. As the kernel counts in nanoseconds, work or quota of which less than one is
left is used up.

Leaves out: that the kernel hands out the quota in slices of 5 ms to each core, some of which expire unused
there; that since 2023 it begins each group's grid at a random offset, so that groups do not all begin their
periods at once (`init_cfs_bandwidth` in its `kernel/sched/fair.c`); bursts (`cpu.max.burst`); weights and
quotas of groups inside groups.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from heapq import heappop, heappush
from math import inf
from typing import TYPE_CHECKING, Any

from simulator import PARKED, Environment, Process

from ...validation import require_positive
from .cores import CpuQuota, require_demand
from .looks import Job

if TYPE_CHECKING:
    from .fair_share import FairShareCores

_NANOSECOND = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareStatistics:
    """What one group has had of its host's cores so far.

    `completed_count` pieces of work were finished and `present_count` are there; `work_done` is in seconds
    at speed 1, with what was given up or is in progress as far as it got; `busy_time` is in core-seconds.
    `throttled_time` is how long there was work and no quota left, in `throttled_count` different periods.
    """

    completed_count: int
    present_count: int
    work_done: float
    busy_time: float
    throttled_count: int
    throttled_time: float


class Share:
    """One group's share of the cores of a host, of a `weight` (> 0), with a `quota` or without limit.

    `rate` is how many cores it has just now, `job_count` how many pieces of work are there.
    """

    __slots__ = (
        "_busy_time",
        "_completed_count",
        "_cores",
        "_env",
        "_is_counted",
        "_job_count",
        "_jobs",
        "_left",
        "_order",
        "_period",
        "_since",
        "_throttled_count",
        "_throttled_time",
        "_virtual_time",
        "_work_done",
        "is_throttled",
        "quota",
        "rate",
        "weight",
    )

    def __init__(
        self, env: Environment, cores: FairShareCores, weight: float, quota: CpuQuota | None
    ) -> None:
        require_positive("weight", weight)
        if quota is not None and not isinstance(quota, CpuQuota):
            raise TypeError(f"quota must be a CpuQuota or None, got {quota!r}")
        self._env = env
        self._cores = cores
        self.weight = weight
        self.quota = quota
        self.rate = 0.0
        self.is_throttled = False
        self._jobs: list[tuple[float, int, Job]] = []
        self._job_count = 0
        self._order = 0
        self._virtual_time = 0.0
        self._since = -inf  # the boot from which periods are counted
        self._period = 0  # the number of the present one
        self._left = inf  # seconds on cores until it is throttled
        self._is_counted = False  # as throttled in the present period
        self._busy_time = 0.0
        self._work_done = 0.0
        self._completed_count = 0
        self._throttled_count = 0
        self._throttled_time = 0.0

    @property
    def job_count(self) -> int:
        """How many pieces of work are there."""
        return self._job_count

    def work(self, demand: float) -> Generator[Any, Any, None]:
        """Do `demand` seconds of work (finite, >= 0) with what the group gets, by `yield from`."""
        require_demand(demand)
        cores = self._cores
        cores.advance()
        process: Any = self._env.active_process
        job = self._add(demand, process)
        cores.plan()
        try:
            yield PARKED
        except BaseException:
            if not job.is_gone:
                cores.advance()
                self._drop(job)
                cores.plan()
            raise

    def _add(self, demand: float, process: Process) -> Job:
        if not self._job_count:
            self._virtual_time = 0.0
            self._jobs.clear()
            self._begin()
        job = Job(self._virtual_time + demand, process)
        self._order += 1
        heappush(self._jobs, (job.until, self._order, job))
        self._job_count += 1
        return job

    def _begin(self) -> None:
        """Join those that share; after a boot, with a quota that nothing was taken of."""
        self._cores.join(self)
        if self.quota is not None and self._since != self._cores.booted_at:
            self._since = self._cores.booted_at
            self._enter(self._number_of(self._env.now))

    def _drop(self, job: Job) -> None:
        job.is_gone = True
        self._job_count -= 1
        if not self._job_count:
            self.rate = 0.0
            self.is_throttled = False
            self._cores.leave(self)

    # -- what goes on between two changes -------------------------------------------------------------------

    def advance(self, since: float, now: float, speed: float) -> None:
        """Bring everything up to `now`, at the rate that has held `since`."""
        elapsed = now - since
        if self.is_throttled:
            self._throttled_time += elapsed
            return
        busy = elapsed * self.rate
        self._busy_time += busy
        self._work_done += busy * speed
        if self._job_count:
            self._virtual_time += busy * speed / self._job_count
        if self.quota is not None:
            self._left -= busy

    def settle(self, now: float) -> None:
        """Before rates are set anew: begin a period if it is time, be throttled if nothing is left of it."""
        if self.quota is None:
            return
        number = self._number_of(now)
        if number > self._period:
            self._enter(number)
            # Where it could not be throttled at its rate, nobody looked when the period began.
            self._left -= self.rate * max(0.0, now - self._since - number * self.quota.period)
        if self._left < _NANOSECOND and not self.is_throttled:
            self.is_throttled = True
            self._throttled_count += not self._is_counted
            self._is_counted = True

    def _number_of(self, time: float) -> int:
        assert self.quota is not None
        return int((time - self._since + _NANOSECOND) / self.quota.period)

    def _enter(self, number: int) -> None:
        assert self.quota is not None
        self._period = number
        self._left = self.quota.time
        self.is_throttled = self._is_counted = False

    def next_change(self, now: float, speed: float) -> tuple[float, Callable[[], None]]:
        """Return in how many seconds something changes of itself, and what is then to be called."""
        period_left = inf
        if self.quota is not None:
            period_left = self._since + (self._period + 1) * self.quota.period - now
        if self.is_throttled:
            return max(0.0, period_left), self._begin_period
        if not self.rate:
            return inf, self._reach_first  # a weight so small beside the others that nothing is left for it
        end = max(0.0, self._first_until() - self._virtual_time) * self._job_count / (speed * self.rate)
        spent = self._left / self.rate
        if end <= min(spent, period_left) + _NANOSECOND:
            return end, self._reach_first
        if spent < period_left - _NANOSECOND:
            return spent, self._spend_all
        if self.quota is None or self.rate * self.quota.period <= self.quota.time:
            return end, self._reach_first
        return max(0.0, period_left), self._begin_period

    def _first_until(self) -> float:
        jobs = self._jobs
        while jobs[0][2].is_gone:
            heappop(jobs)
        return jobs[0][0]

    # What is called at the end of an interval makes up for the rounding of elapsed x rate.

    def _reach_first(self) -> None:
        self._virtual_time = max(self._virtual_time, self._first_until())

    def _spend_all(self) -> None:
        self._left = 0.0

    def _begin_period(self) -> None:
        self._enter(self._period + 1)

    def complete(self) -> int:
        """Let everything go on whose work is done; return how many pieces those are."""
        count, jobs = 0, self._jobs
        while jobs and (jobs[0][2].is_gone or jobs[0][0] <= self._virtual_time + _NANOSECOND):
            job = heappop(jobs)[2]
            if not job.is_gone:
                self._drop(job)
                self._env.wake(job.process)
                count += 1
        self._completed_count += count
        return count

    def statistics(self) -> ShareStatistics:
        """Return what has been done so far, exact at this instant."""
        since, speed = self._cores.changed_at, self._cores.speed
        elapsed = self._env.now - since
        busy = elapsed * self.rate
        return ShareStatistics(
            completed_count=self._completed_count,
            present_count=self._job_count,
            work_done=self._work_done + busy * speed,
            busy_time=self._busy_time + busy,
            throttled_count=self._throttled_count,
            throttled_time=self._throttled_time + (elapsed if self.is_throttled else 0.0),
        )
