"""How one feature is called: what stands between a host and the service that it needs.

From the outside: a circuit breaker, a bulkhead, retries, a timeout for each attempt, the balancer. So a call
takes one place in the bulkhead however often it is tried, and the breaker counts what its caller got, a full
bulkhead included (as Hystrix counts it). Each layer stands only where it is asked for, one per calling host.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulator import Environment

from ..endpoint import Endpoint
from ..resilience import (
    Backoff,
    CircuitBreaker,
    CircuitBreakerSettings,
    FullJitter,
    Retry,
    RetryBudget,
    Timeout,
)
from ..resilience.bulkheads import Bulkhead, BulkheadPool

_BACKOFF = FullJitter(base=0.05, cap=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """What protects callers from a dependency; by default nothing.

    `timeout` (> 0 s) for each attempt, `attempts` (>= 1) with a `backoff` and, if there are several, a
    `budget` (made anew for each host), `bulkhead`: so many calls at a time (>= 1), `breaker`.

    Example: `Protection(timeout=0.5, attempts=2, breaker=hystrix())`.
    """

    timeout: float | None = None
    attempts: int = 1
    backoff: Backoff = _BACKOFF
    budget: Callable[[Environment], RetryBudget] | None = None
    bulkhead: int | None = None
    breaker: CircuitBreakerSettings | None = None

    def __post_init__(self) -> None:
        """Refuse what would not act; the rest is checked by the parts that it is for."""
        if self.budget is not None and self.attempts == 1:
            raise ValueError(
                f"budget must be None where nothing is tried again (attempts=1), got {self.budget!r}"
            )

    def around(
        self, env: Environment, target: Endpoint, *, name: str, pool: BulkheadPool | None = None
    ) -> Endpoint:
        """Put it around `target`. A `pool` is that of a bulkhead: instead of one of its own, or a shared one.

        Timeouts are written into the event log.
        """
        if self.timeout is not None:
            target = Timeout(env, target, self.timeout, log=True, name=name)
        if self.attempts != 1:
            budget = None if self.budget is None else self.budget(env)
            target = Retry(env, target, self.attempts, backoff=self.backoff, budget=budget, name=name)
        if pool is None and self.bulkhead is not None:
            pool = BulkheadPool(env, self.bulkhead, name=name)
        if pool is not None:
            target = Bulkhead(env, target, pool, name=name)
        if self.breaker is not None:
            target = CircuitBreaker(env, target, self.breaker, name=name)
        return target
