"""Permits: a counted resource with one fair queue, such as cores, threads and connection pools.

States of a permit: *free*, *held*. Whoever wants one and finds none free waits in a first-in first-out queue,
which may be bounded. A permit that is given back goes straight to the first in the queue: it never becomes
free in between, so nobody can jump the queue at that instant. Someone who stops waiting (deadline, cancel,
crash) leaves the queue; if the permit had been passed on to it at that very instant, it goes to the next.

SimPy's `Resource` does the same in several events and objects a request; this is what the hot path needs of
it. Source: FIFO semaphores (Dijkstra 1965) with direct hand-off.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator
from dataclasses import dataclass
from math import inf
from typing import Any

from .fast_simpy import PARKED, Environment, Process


class QueueFull(Exception):
    """The queue for a permit is full; the part that owns the permits turns this into an outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PermitStatistics:
    """What has happened to some permits so far.

    `waited_count` of the acquirers had to wait, `waiting_time` seconds in all; `rejected_count` found the
    queue full. Now `held_count` permits are held and `waiting_count` acquirers wait.
    """

    capacity: int
    held_count: int
    waiting_count: int
    waited_count: int
    waiting_time: float
    rejected_count: int


class Permits:
    """A number of permits, with a queue for those who wait.

    `capacity` (> 0) permits exist; at most `queue_size_max` (>= 0, may be infinite) processes wait. `free` is
    the number of permits that nobody holds. A part on the hot path may take a free one itself (`if
    permits.free: permits.free -= 1`) and must otherwise use `wait`; while any is free nobody waits, and it
    may give one back likewise.

    Example::

        yield from permits.acquire()
        try:
            yield 0.1
        finally:
            permits.release()
    """

    __slots__ = (
        "_env",
        "_rejected_count",
        "_waited_count",
        "_waiting_time",
        "capacity",
        "free",
        "queue_size_max",
        "waiting",
    )

    def __init__(self, env: Environment, capacity: int, queue_size_max: float = inf) -> None:
        if type(capacity) is not int or capacity < 1:
            raise ValueError(f"capacity must be a whole number >= 1, got {capacity!r}")
        if not queue_size_max >= 0:
            raise ValueError(f"queue_size_max must be >= 0, got {queue_size_max!r}")
        self._env = env
        self.capacity = capacity
        self.free = capacity
        self.queue_size_max = queue_size_max
        self.waiting: OrderedDict[Process, None] = OrderedDict()
        self._waited_count = 0
        self._waiting_time = 0.0
        self._rejected_count = 0

    @property
    def held_count(self) -> int:
        """How many permits are held now."""
        return self.capacity - self.free

    @property
    def waiting_count(self) -> int:
        """How many processes wait for a permit now."""
        return len(self.waiting)

    def acquire(self) -> Generator[Any, Any, None]:
        """Take a permit, waiting for one if need be; raise `QueueFull` where even that is not possible."""
        if self.free:
            self.free -= 1
        else:
            yield from self.wait()

    def wait(self) -> Generator[Any, Any, None]:
        """Wait for a permit at the end of the queue, and take it; for a process that has found none free."""
        queue = self.waiting
        if len(queue) >= self.queue_size_max:
            self._rejected_count += 1
            raise QueueFull
        env = self._env
        process: Any = env.active_process
        start = env.now
        queue[process] = None
        try:
            yield PARKED
        except BaseException:
            if process in queue:
                del queue[process]
            else:
                self.release()
            raise
        self._waited_count += 1
        self._waiting_time += env.now - start

    def release(self) -> None:
        """Give a permit back: to the first that waits, or to the free ones.

        Raises `RuntimeError` if nobody holds one.
        """
        if self.waiting:
            process, _ = self.waiting.popitem(last=False)
            self._env.wake(process)
        elif self.free < self.capacity:
            self.free += 1
        else:
            raise RuntimeError(f"a permit was given back that nobody holds: all {self.capacity} are free")

    def statistics(self) -> PermitStatistics:
        """Return what has happened so far."""
        return PermitStatistics(
            capacity=self.capacity,
            held_count=self.held_count,
            waiting_count=len(self.waiting),
            waited_count=self._waited_count,
            waiting_time=self._waiting_time,
            rejected_count=self._rejected_count,
        )
