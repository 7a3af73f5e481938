"""A limit that is fed samples by hand, without calls: what a limiter would tell it, one after the other."""

from __future__ import annotations

from collections.abc import Callable

from models.resilience.shedding import ConcurrencyLimit
from simulator import Environment


class Fed:
    """An estimator of `limit`; `changes` are the limits that it has announced.

    `uniform` gives the random numbers, all 0 by default.
    """

    def __init__(
        self,
        limit: ConcurrencyLimit,
        env: Environment | None = None,
        uniform: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.env = env or Environment()
        self.changes: list[int] = []
        self.estimator = limit.estimator(self.env, uniform, self.changes.append)

    @property
    def limit(self) -> int:
        return self.estimator.limit

    def feed(
        self, duration: float, in_flight: int | None = None, *, drop: bool = False, times: int = 1
    ) -> int:
        """Feed samples that end now, of calls that found the limit used up by default; return the limit."""
        for _ in range(times):
            busy = self.limit if in_flight is None else in_flight
            self.estimator.sample(self.env.now - duration, duration, busy, drop)
        return self.limit

    def next_at(self) -> float:
        """When something is due next, infinity if never; a run that has stopped leaves its stop behind."""
        while self.env.peek() == self.env.now:
            self.env.step()
        return self.env.peek()
