"""How the cores of a host are shared out among the work that wants them.

Two disciplines, one contract (`Cores`): *first-come*, where work waits for a core and then has it to itself
(M/G/c), and *processor sharing*, where all work proceeds at once, each at an equal share of the cores and
never faster than one core (the limit of round robin with small time slices; Kleinrock 1967). Demand is in
seconds on one core at speed 1.

A change of speed holds for all work at once, for what is in progress from then on: work that began while a
host was slow does not stay slow. Leaves out: context-switch cost, priorities, affinity.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from dataclasses import dataclass
from heapq import heappop, heappush
from math import inf
from typing import Any

from simulator import PARKED, Environment, Permits, Process

_SPEED_CHANGED = object()  # what working processes are roused with


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreStatistics:
    """What the cores of a host have done since the start of the run.

    `completed_count` pieces of work were finished; `work_done` is their demand in seconds at speed 1, work
    given up half-way included as far as it got (and, under processor sharing, work in progress).
    `busy_time` is in core-seconds up to now, `utilisation` its share of all core-seconds so far.
    `running_count` pieces of work keep a core busy now and `waiting_count` more are there: waiting for one,
    or, under processor sharing, sharing the same cores.
    """

    completed_count: int
    work_done: float
    busy_time: float
    utilisation: float
    running_count: int
    waiting_count: int


class Cores(ABC):
    """The contract of a discipline: `work` works, `speed` may change, `statistics` tells what was done."""

    __slots__ = ("_busy_time", "_completed_count", "_env", "_speed", "_start", "_work_done", "count")

    def __init__(self, env: Environment, count: int, speed: float) -> None:
        self._env = env
        self._start = env.now
        self.count = count
        self._speed = speed
        self._completed_count = 0
        self._work_done = 0.0
        self._busy_time = 0.0

    @property
    def speed(self) -> float:
        """How much work one core does in one second; 1 is normal, 0.1 a host with a gray failure."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        if not 0 < speed < inf:
            raise ValueError(f"speed must be finite and > 0, got {speed!r}")
        self._change_speed(speed)

    def _change_speed(self, speed: float) -> None:
        self._speed = speed

    @abstractmethod
    def work(self, demand: float) -> Generator[Any, Any, None]:
        """Do `demand` seconds of work (finite, >= 0), waiting for a core or sharing it, by `yield from`."""

    @abstractmethod
    def statistics(self) -> CoreStatistics:
        """Return what has been done so far."""

    def _statistics(
        self, running_count: int, waiting_count: int, *, busy: float, work: float = 0.0
    ) -> CoreStatistics:
        elapsed = (self._env.now - self._start) * self.count
        return CoreStatistics(
            completed_count=self._completed_count,
            work_done=self._work_done + work,
            busy_time=self._busy_time + busy,
            utilisation=(self._busy_time + busy) / elapsed if elapsed else 0.0,
            running_count=running_count,
            waiting_count=waiting_count,
        )


class FirstComeCores(Cores):
    """Each core does one piece of work at a time; work waits in one first-in first-out queue."""

    __slots__ = ("_changed", "_permits", "_running")

    def __init__(self, env: Environment, count: int, speed: float) -> None:
        super().__init__(env, count, speed)
        self._permits = Permits(env, count)
        self._running: dict[Process, float] = {}  # when each began
        # Those that were running when the speed changed: what was done until when, and the speed since.
        self._changed: dict[Process, tuple[float, float, float]] = {}

    def _change_speed(self, speed: float) -> None:
        if speed != self._speed:
            self._speed = speed
            for process in self._running:
                self._env.rouse(process, _SPEED_CHANGED)

    def work(self, demand: float) -> Generator[Any, Any, None]:
        """Wait for a core, then have it until the work is done."""
        permits = self._permits
        if permits.free:
            permits.free -= 1
        else:
            yield from permits.wait()
        env, running = self._env, self._running
        process: Any = env.active_process
        running[process] = start = env.now
        speed = self._speed
        try:
            if (yield demand / speed) is _SPEED_CHANGED:
                yield from self._go_on(process, demand, start, speed)
        except BaseException:
            self._give_up(process, start, speed)
            raise
        del running[process]
        self._busy_time += env.now - start
        self._work_done += demand
        self._completed_count += 1
        if permits.waiting:
            permits.release()
        else:
            permits.free += 1

    def _go_on(
        self, process: Process, demand: float, since: float, speed: float
    ) -> Generator[Any, Any, None]:
        """Do what is left of work that has gone on since `since` at `speed`, at what the speed is now."""
        done = 0.0
        is_done = False
        while not is_done:
            now = self._env.now
            done = min(demand, done + (now - since) * speed)
            since, speed = now, self._speed
            self._changed[process] = (done, since, speed)
            is_done = (yield (demand - done) / speed) is not _SPEED_CHANGED
        del self._changed[process]

    def _give_up(self, process: Process, start: float, speed: float) -> None:
        now = self._env.now
        done, since, speed = self._changed.pop(process, (0.0, start, speed))
        self._work_done += done + (now - since) * speed
        self._busy_time += now - self._running.pop(process)
        self._permits.release()

    def statistics(self) -> CoreStatistics:
        """Return what has been done so far; work in progress is busy time now, and work once it ends."""
        busy = sum(self._env.now - start for start in self._running.values())
        return self._statistics(self._permits.held_count, self._permits.waiting_count, busy=busy)


class _Job:
    """A piece of work under processor sharing; done when the work that each job has had reaches `until`."""

    __slots__ = ("is_gone", "process", "until")

    def __init__(self, until: float, process: Process) -> None:
        self.until = until
        self.process = process
        self.is_gone = False


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
        self._jobs: list[tuple[float, int, _Job]] = []
        self._job_count = 0
        self._order = 0
        self._looks: list[float] = []  # the times of the calls of `_look` that are due, the next one last
        self._next_until: float | None = None  # what the virtual clock reads then, if somebody is done then

    def _change_speed(self, speed: float) -> None:
        self._advance()
        self._speed = speed
        self._plan()

    def work(self, demand: float) -> Generator[Any, Any, None]:
        """Share the cores until the work is done."""
        if not 0 <= demand < inf:
            raise ValueError(f"demand must be finite and >= 0 s, got {demand!r}")
        self._advance()
        process: Any = self._env.active_process
        job = _Job(self._virtual_time + demand, process)
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
        """See to it that somebody looks when the next piece of work is done.

        A look that is due before that is made use of, and one after it stays where it is: were looks replaced
        at each change, a long piece of work would fill the schedule with void ones.
        """
        jobs, looks = self._jobs, self._looks
        while jobs and jobs[0][2].is_gone:
            heappop(jobs)
        self._next_until = None
        if not jobs:
            return
        until = jobs[0][0]
        delay = max(0.0, until - self._virtual_time) / self._rate()
        at = self._env.now + delay
        if not looks or at < looks[-1]:
            self._env.call_later(delay, self._look)
            looks.append(at)
        if at == looks[-1]:
            self._next_until = until

    def _look(self) -> None:
        """Let everything go on whose work is done now, if there is any, and plan the next look."""
        self._looks.pop()
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

    def statistics(self) -> CoreStatistics:
        """Return what has been done so far, exact at this instant."""
        # Without `_advance`: the clock in two steps may differ from that in one by a rounding, and who asks
        # must not change what happens.
        running_count = min(self.count, self._job_count)
        busy = (self._env.now - self._changed_at) * running_count
        return self._statistics(
            running_count, self._job_count - running_count, work=busy * self._speed, busy=busy
        )


DISCIPLINES: dict[str, type[FirstComeCores] | type[ProcessorSharingCores]] = {
    "first-come": FirstComeCores,
    "processor-sharing": ProcessorSharingCores,
}
"""The disciplines by the names under which `Host` takes them."""
