"""First-come cores: each does one piece of work at a time, to its end (M/G/c)."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from simulator import Environment, Permits, Process

from .cores import Cores, CoreStatistics, require_demand

_SPEED_CHANGED = object()  # what working processes are roused with


class FirstComeCores(Cores):
    """Each core does one piece of work at a time; work waits in one first-in first-out queue."""

    __slots__ = ("_changed", "_permits", "_running")

    def __init__(self, env: Environment, count: int, speed: float) -> None:
        super().__init__(env, count, speed)
        self._permits = Permits(env, count)
        # Which began when. A list, as there are no more than cores, and a dictionary is spread far and wide.
        self._running: list[tuple[Process, float]] = []
        # Those that were running when the speed changed: what was done until when, and the speed since.
        self._changed: dict[Process, tuple[float, float, float]] = {}

    def _change_speed(self, speed: float) -> None:
        if speed != self._speed:
            self._speed = speed
            for process, _ in self._running:
                self._env.rouse(process, _SPEED_CHANGED)

    def work(self, demand: float) -> Generator[Any, Any, None]:
        """Wait for a core, then have it until the work is done."""
        permits = self._permits
        if permits.free:
            permits.free -= 1
        else:
            require_demand(demand)
            yield from permits.wait()
        env, running = self._env, self._running
        process: Any = env.active_process
        start = env.now
        entry = (process, start)
        running.append(entry)
        speed = self._speed
        try:
            if (yield demand / speed) is _SPEED_CHANGED:
                yield from self._go_on(process, demand, start, speed)
        except BaseException:
            self._give_up(entry, speed)
            require_demand(demand)  # not at the beginning: it would cost every piece of work
            raise
        running.remove(entry)
        self._busy_time += env.now - start
        self._work_done += demand
        self._completed_count += 1
        if permits.free or not permits.waiting:
            permits.free += 1
        else:
            permits.release()

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

    def _give_up(self, entry: tuple[Process, float], speed: float) -> None:
        process, start = entry
        now = self._env.now
        done, since, speed = self._changed.pop(process, (0.0, start, speed))
        self._work_done += done + (now - since) * speed
        self._busy_time += now - start
        self._running.remove(entry)
        self._permits.release()

    @property
    def running_count(self) -> int:
        """How many have a core."""
        return self._permits.held_count

    def statistics(self) -> CoreStatistics:
        """Return what has been done so far; work in progress is busy time now, and work once it ends."""
        busy = sum(self._env.now - start for _, start in self._running)
        return self._statistics(self.running_count, self._permits.waiting_count, busy=busy)
