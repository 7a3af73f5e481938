"""Fixed cycles, with reservations: resilience4j's `AtomicRateLimiter`.

Time is cut into cycles of `period` seconds from time zero. At each new cycle the permits are refilled: with k
cycles gone by, permits = min(permits + k x limit, limit). A call takes a permit if there is one. Otherwise it
computes how long it would have to wait for the cycle in which one is left for it:

- within its `timeout` it reserves that permit, so that the count falls below zero, and sleeps till then;
- beyond it, it reserves nothing, sleeps its *whole* timeout, and then fails: a thread that cannot be served
  is held all the same. That is a lesson of its own; `timeout=0` fails at once.

A reservation is kept: somebody who stops sleeping (deadline, cancel, crash) has spent a permit on nothing.
That is how the original does it (its test `waitingThreadIsInterrupted`), and why it needs no queue.

With `timeout=0` this is the fixed window counter of the textbooks, and has its flaw: at the end of one cycle
and the start of the next, 2 x limit calls pass in no time.

Left out: permits by weight, draining on a result, changes while it runs. Cycles count from the start of the
simulation, not of the process: after a restart they are where they were. Source: resilience4j,
`AtomicRateLimiter.java`, `RateLimiterConfig.java`.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from math import floor, inf
from typing import Any

from simulator import Environment

from ...request import Request
from ...validation import require_count, require_finite_duration
from .boundaries import slack
from .rate_limit import Allowance, RateLimit


@dataclass(frozen=True, slots=True)
class FixedCycles(RateLimit):
    """At most `limit` (>= 1) calls pass per cycle of `period` (> 0) s; callers wait up to `timeout` (>= 0) s.

    The defaults are resilience4j's, and let through more than a process can send: 100 million per second.
    """

    limit: int = 50
    period: float = 500e-9
    timeout: float = 5.0

    def __post_init__(self) -> None:
        """Check the parameters."""
        require_count("limit", self.limit)
        require_finite_duration("period", self.period)
        if isinstance(self.timeout, bool) or not 0.0 <= self.timeout < inf:
            raise ValueError(f"timeout must be finite and >= 0 s, got {self.timeout!r}")

    def start(self, env: Environment) -> Cycles:
        """Return the permits of the present cycle, all of them."""
        return Cycles(env, self)


class Cycles(Allowance):
    """The permits left in the present cycle; below zero, those of coming ones that are reserved."""

    __slots__ = ("_cycle", "_limit", "_period", "_permits", "_timeout")

    def __init__(self, env: Environment, limit: FixedCycles) -> None:
        super().__init__(env, limit)
        self._limit = limit.limit
        self._period = limit.period
        self._timeout = limit.timeout
        self._permits = limit.limit
        self._cycle = self._present_cycle()

    @property
    def permits(self) -> int:
        """How many permits are left now; negative, how many of coming cycles are reserved."""
        self._refill()
        return self._permits

    @property
    def is_fresh(self) -> bool:
        """Whether all permits are there. Those who sleep in vain hold nothing."""
        return self.permits == self._limit

    def _present_cycle(self) -> int:
        now = self.env.now
        return floor((now + slack(now, self._period)) / self._period)

    def _refill(self) -> None:
        cycle = self._present_cycle()
        if cycle != self._cycle:
            self._permits = min(self._permits + (cycle - self._cycle) * self._limit, self._limit)
            self._cycle = cycle

    def admit(self, request: Request) -> bool:
        """Let `request` pass now, if a permit is left in this cycle."""
        self._refill()
        if self._permits < 1:
            return False
        self._permits -= 1
        return True

    def wait(self, request: Request, wait_max: float) -> Generator[Any, Any, bool]:
        """Reserve a permit and sleep until its cycle begins, or sleep in vain."""
        now, timeout = self.env.now, self._timeout
        # With n permits reserved beyond this cycle, n // limit whole cycles are gone before the one is there.
        cycles = 1 + -self._permits // self._limit
        delay = max(0.0, (self._cycle + cycles) * self._period - now)
        if delay <= timeout + slack(now, timeout):
            self._permits -= 1
            yield delay
            return True
        if timeout:
            yield timeout
        return False
