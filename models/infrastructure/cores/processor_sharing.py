"""Processor sharing: all work proceeds at once, each piece at an equal share of the cores.

The limit of round robin with small time slices (Kleinrock 1967).
"""

from __future__ import annotations

from collections.abc import Generator
from heapq import heappop, heappush
from typing import Any

from simulator import PARKED, Environment

from .cores import Cores, CoreStatistics, require_demand
from .looks import Job, Looks


class ProcessorSharingCores(Cores):
    """All work proceeds at once: n pieces on c cores each run at speed x min(1, c / n).

    Kept as a virtual clock, which shows how much work each job that was there all along has had: a job is
    done when the clock has advanced by its demand, however the number of jobs changed meanwhile (the virtual
    time of fair queueing; Parekh and Gallager 1993).
    """

    __slots__ = (
        "_changed_at",
        "_job_count",
        "_jobs",
        "_looks",
        "_next_until",
        "_order",
        "_virtual_time",
    )

    def __init__(self, env: Environment, count: int, speed: float) -> None:
        super().__init__(env, count, speed)
        self._virtual_time = 0.0
        self._changed_at = env.now
        self._jobs: list[tuple[float, int, Job]] = []
        self._job_count = 0
        self._order = 0
        self._looks = Looks(env, self._look)
        self._next_until: float | None = None  # what the virtual clock reads then, if somebody is done then

    def _change_speed(self, speed: float) -> None:
        self._advance()
        self._speed = speed
        self._plan()

    def work(self, demand: float) -> Generator[Any, Any, None]:
        """Share the cores until the work is done."""
        require_demand(demand)
        self._advance()
        process: Any = self._env.active_process
        job = Job(self._virtual_time + demand, process)
        self._order += 1
        heappush(self._jobs, (job.until, self._order, job))
        self._job_count += 1
        self._plan()
        try:
            yield PARKED
        except BaseException:
            if not job.is_gone:
                self._advance()
                job.is_gone = True
                self._job_count -= 1
                self._plan()
            raise

    def _rate(self) -> float:
        return self._speed * min(1.0, self.count / self._job_count)

    def _advance(self) -> None:
        """Bring the virtual clock, and what was done, up to now."""
        now = self._env.now
        elapsed = now - self._changed_at
        if self._job_count and elapsed:
            busy = elapsed * min(self.count, self._job_count)
            self._virtual_time += elapsed * self._rate()
            self._busy_time += busy
            self._work_done += busy * self._speed
        self._changed_at = now

    def _plan(self) -> None:
        """See to it that somebody looks when the next piece of work is done."""
        jobs = self._jobs
        while jobs and jobs[0][2].is_gone:
            heappop(jobs)
        self._next_until = None
        if not jobs:
            return
        until = jobs[0][0]
        if self._looks.plan(max(0.0, until - self._virtual_time) / self._rate()):
            self._next_until = until

    def _look(self) -> None:
        """Let everything go on whose work is done now, if there is any, and plan the next look."""
        self._advance()
        if self._next_until is not None:
            self._complete(self._next_until)
        self._plan()

    def _complete(self, until: float) -> None:
        """Let everything go on whose work is done when the virtual clock reads `until`, which is now."""
        self._virtual_time = until  # exactly, whatever the rounding of elapsed x rate
        jobs = self._jobs
        while jobs and (jobs[0][2].is_gone or jobs[0][0] <= until):
            job = heappop(jobs)[2]
            if not job.is_gone:
                job.is_gone = True
                self._job_count -= 1
                self._completed_count += 1
                self._env.wake(job.process)

    @property
    def running_count(self) -> int:
        """How many cores have work."""
        return min(self.count, self._job_count)

    def statistics(self) -> CoreStatistics:
        """Return what has been done so far, exact at this instant."""
        # Without `_advance`: the clock in two steps may differ from that in one by a rounding, and who asks
        # must not change what happens.
        running_count = self.running_count
        busy = (self._env.now - self._changed_at) * running_count
        return self._statistics(
            running_count, self._job_count - running_count, work=busy * self._speed, busy=busy
        )
