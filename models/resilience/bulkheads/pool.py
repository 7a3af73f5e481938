"""A pool of permits, one for each call that may be under way at a time, with a room for those who wait.

States of a permit: *free* -> *held* by a call -> *free*, or straight to the first who waits; in a
`ConnectionPool` also *leaked*. Rules:

- The room is first come, first served, and nobody jumps the queue: resilience4j's semaphore is a fair one.
- Whoever finds no permit free, and the room full, is turned away at once.
- Whoever has waited `wait_max` is turned away then. A permit that comes free at that very instant is too
  late, as an answer at the very end of a `Timeout` is: if it was passed to the one whose time is up, it goes
  on to the next. (Java's semaphore would look once more before it gives up.)
- Whoever leaves the room, or is killed in it, leaves no gap, and takes no permit along.
- A pool is in the memory of a process, and begins anew with it (`start_afresh`): all permits free, nobody in
  the room. Those whom the crash has not reached, since they call from a process that is bound to no host,
  keep among themselves what they had of the old one.

Leaves out: changing the size of a pool at run time. Sources: Nygard, "Release It!" (2nd ed. 2018), chapter 5,
"Bulkheads"; resilience4j `SemaphoreBulkhead`.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from simulator import Cancelled, Environment, Permits, QueueFull

from ...validation import require_count, require_duration, require_room

if TYPE_CHECKING:
    from .bulkhead import Bulkhead


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkheadPoolStatistics:
    """What has happened in a pool so far, whoever shares it.

    Of its `size` permits `free_count` are free now, `held_count` held by calls and `leaked_count` leaked:
    these three add up. `waiting_count` callers wait. In these four nothing is left of before a restart. Of
    all callers `waited_count` got their permit only after waiting, for
    `waiting_time` seconds in all; `full_count` found the room full, and `waited_too_long_count` had to go
    after `wait_max`.
    """

    size: int
    free_count: int
    held_count: int
    leaked_count: int
    waiting_count: int
    waited_count: int
    waiting_time: float
    full_count: int
    waited_too_long_count: int


class BulkheadPool:
    """`size` (>= 1) permits, to be given to one `Bulkhead` or shared by several.

    `waiting_max` (>= 0, may be infinite) callers may wait for one, each for `wait_max` seconds (> 0, may be
    infinite; only where somebody may wait).

    Example::

        payment = Bulkhead(env, network.connect(web, payment), BulkheadPool(env, 10), name="payment")
        shared = BulkheadPool(env, 20, waiting_max=100, wait_max=0.5)
        stock, prices = Bulkhead(env, stock, shared), Bulkhead(env, prices, shared)
    """

    def __init__(
        self,
        env: Environment,
        size: int,
        *,
        waiting_max: float = 0,
        wait_max: float = inf,
        name: str = "pool",
    ) -> None:
        """Start with all permits free."""
        require_count("size", size)
        require_room("waiting_max", waiting_max)
        require_duration("wait_max", wait_max)
        if not waiting_max and wait_max != inf:
            raise ValueError(f"wait_max must be left out where nobody may wait, got {wait_max!r}")
        self.env = env
        self.size = size
        self.waiting_max = waiting_max
        self.wait_max = wait_max
        self.name = name
        self.permits = self._make_permits()
        self.bulkheads: list[Bulkhead] = []  # those that use it
        self._waited_count = 0
        self._waiting_time = 0.0
        self._full_count = 0
        self._waited_too_long_count = 0

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def _make_permits(self) -> Permits:
        return Permits(self.env, self.size, self.waiting_max)

    def wait(self) -> Generator[Any, Any, bool]:
        """Wait for a permit, for whoever has found none free; return whether one was got in time.

        Raises `simulator.QueueFull` where the room is full.
        """
        start = self.env.now
        deadline = self.env.open_deadline(self.wait_max)
        try:
            yield from self.permits.wait()
        except QueueFull:
            self._full_count += 1
            raise
        except Cancelled as cancelled:
            if cancelled.scope is not deadline:
                raise
            self._waited_too_long_count += 1
            return False
        finally:
            deadline.process = None
        self._waited_count += 1
        self._waiting_time += self.env.now - start
        return True

    @property
    def waiting_count(self) -> int:
        """How many wait for a permit now."""
        return self.permits.waiting_count

    def give_back(self) -> None:
        """Give back the permit of a call that has ended, however it ended."""
        self.permits.release()

    def start_afresh(self) -> None:
        """Forget who holds a permit and who waits, as the process does that starts anew."""
        self.permits = self._make_permits()

    def statistics(self) -> BulkheadPoolStatistics:
        """Return what has happened so far."""
        return self._statistics(leaked_count=0)

    def _statistics(self, *, leaked_count: int) -> BulkheadPoolStatistics:
        permits = self.permits.statistics()
        return BulkheadPoolStatistics(
            size=self.size,
            free_count=self.size - permits.held_count,
            held_count=permits.held_count - leaked_count,
            leaked_count=leaked_count,
            waiting_count=permits.waiting_count,
            waited_count=self._waited_count,
            waiting_time=self._waiting_time,
            full_count=self._full_count,
            waited_too_long_count=self._waited_too_long_count,
        )
