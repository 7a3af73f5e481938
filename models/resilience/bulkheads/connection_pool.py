"""A pool of connections, as every real client of a database or of another service has, and how it leaks.

A leaked connection is one that its user has not given back: it belongs to nobody, and to the pool it is in
use for ever. Leaks add up until every call waits in vain, although the dependency is well and idle. States of
a permit, here of a connection: *free* -> *held* by a call -> *free* or *leaked* -> *free* again only when the
process of the client starts anew (or by `return_leaked`). Invariant: free + held + leaked = size.

- `leak` leaks so many at once; those for which no free one is left are taken from the calls that end next,
  before anybody who waits.
- While `leak_probability` is > 0, each call that ends, however it ends, leaks its connection with that
  probability.

With the host or the process that a bulkhead with this pool stands in, the pool begins anew, and all are free.
The restart of a process that only calls over a connection it cannot see: `web.on_restart(pool.start_afresh)`.

Leaves out: that connections are made on demand, break, or are retired by age, and that a pool may detect
leaks. HikariCP lets a thread take again the connection that it had last, before others who wait; here the
first who waits is first. Sources: Nygard, "Release It!" (2nd ed. 2018), chapter 4, "Blocked Threads";
HikariCP `HikariPool`, `ConcurrentBag`.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from simulator import Environment, Permits
from simulator.randomness import Uniform

from ...validation import require_count, require_unit_interval
from .pool import BulkheadPool, BulkheadPoolStatistics


class _LeakyPermits(Permits):
    """Permits of which `due_count` are to leak as soon as they are given back.

    From inside it looks as if the leaked ones were held.
    """

    __slots__ = ("due_count", "leaked_count")

    def __init__(self, env: Environment, capacity: int, queue_size_max: float) -> None:
        super().__init__(env, capacity, queue_size_max)
        self.due_count = 0
        self.leaked_count = 0

    def release(self) -> None:
        """Give a permit back, or leak it if one is due."""
        if self.due_count:
            self.due_count -= 1
            self.leaked_count += 1
        else:
            super().release()


class ConnectionPool(BulkheadPool):
    """A pool of `size` (>= 1) connections: a `BulkheadPool` with a waiting room, which can leak.

    The default is no limit on how many wait, and 30 s on how long (`hikari_pool`).

    Example::

        pool = ConnectionPool(env, 10, wait_max=1.0, name="orders")
        orders = Bulkhead(env, network.connect(web, database), pool, name="orders")
        env.call_later(60.0, pool.leak, 9)
        env.call_later(120.0, pool.return_leaked)
    """

    permits: _LeakyPermits

    def __init__(
        self,
        env: Environment,
        size: int,
        *,
        waiting_max: float = inf,
        wait_max: float = 30.0,
        name: str = "connection pool",
    ) -> None:
        """Start with all connections free, and none that leaks."""
        super().__init__(env, size, waiting_max=waiting_max, wait_max=wait_max, name=name)
        self._leak_probability = 0.0
        self._draw: Callable[[], float] | None = None

    def _make_permits(self) -> _LeakyPermits:
        return _LeakyPermits(self.env, self.size, self.waiting_max)

    def give_back(self) -> None:
        """Give back the connection of a call that has ended, or leak it."""
        permits = self.permits
        if self._leak_probability and not permits.due_count and self._leaks():
            permits.leaked_count += 1
        else:
            permits.release()

    def _leaks(self) -> bool:
        return self._leak_probability == 1.0 or (
            self._draw is not None and self._draw() < self._leak_probability
        )

    # -- leaks -----------------------------------------------------------------------------------------------

    def leak(self, count: int = 1) -> None:
        """Leak `count` (>= 1) connections: free ones now, and for the rest those of the calls that end next.

        What has leaked already cannot leak again: where fewer are left, these leak. Raises `ValueError` for
        more than the pool has.
        """
        require_count("count", count)
        if count > self.size:
            raise ValueError(f"count must be at most the size of {self.name!r}, {self.size}, got {count!r}")
        permits = self.permits
        at_once = min(count, permits.free)
        permits.free -= at_once
        permits.leaked_count += at_once
        permits.due_count += count - at_once

    def return_leaked(self) -> None:
        """Let all leaked connections be free again, or pass them to those who wait; none is to leak any more.

        Calls under way keep theirs. `leak_probability` stays.
        """
        permits = self.permits
        permits.due_count = 0
        while permits.leaked_count:
            permits.leaked_count -= 1
            permits.release()

    @property
    def leak_probability(self) -> float:
        """The probability, in [0, 1], that a call that ends leaks its connection.

        Draws from the stream "bulkhead/<name>/leak", and only while it is neither 0 nor 1.
        """
        return self._leak_probability

    @leak_probability.setter
    def leak_probability(self, probability: float) -> None:
        require_unit_interval("leak_probability", probability)
        if 0 < probability < 1 and self._draw is None:
            self._draw = self.env.sampler(f"bulkhead/{self.name}/leak", Uniform(0.0, 1.0))
        self._leak_probability = probability

    def statistics(self) -> BulkheadPoolStatistics:
        """Return what has happened so far."""
        return self._statistics(leaked_count=self.permits.leaked_count)
