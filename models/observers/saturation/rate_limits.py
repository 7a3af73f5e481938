"""A rate limit, as a resource: each call that passes takes a share of the time, 1 / rate seconds of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ...resilience.rate_limits import (
    FixedCycles,
    LeakyBucket,
    RateLimit,
    RateLimiter,
    SlidingWindow,
    SlidingWindowCounter,
    TokenBucket,
)
from .resource import Reading, Resource


@dataclass(frozen=True, slots=True, eq=False)
class LimiterRate(Resource):
    """How much of the rate of `limiter` is used, which lets `rate` calls pass a second in the long run."""

    kind: ClassVar[str] = "rate limit"
    is_physical: ClassVar[bool] = True
    limiter: RateLimiter
    rate: float

    @property
    def subject(self) -> RateLimiter:
        """The limiter."""
        return self.limiter

    @property
    def name(self) -> str:
        """The limiter's."""
        return self.limiter.name

    def read(self) -> Reading:
        """Return how many calls have passed, as time that the limit was used up, and how many wait."""
        seen = self.limiter.statistics()
        return Reading(
            capacity=1,
            used=0,
            waiting=seen.waiting_count,
            served_count=seen.passed_count,
            turned_away_count=seen.rejected_count,
            busy_time=seen.passed_count / self.rate,
        )


def limiter_rate(limiter: RateLimiter) -> LimiterRate | None:
    """Return the resource that `limiter` is, or `None` where nobody can tell how much it lets pass.

    Nobody can where calls cost differently, or where each key has a limit of its own.
    """
    rate = _calls_per_second(limiter.limit)
    return None if rate is None else LimiterRate(limiter, rate)


def _calls_per_second(limit: RateLimit) -> float | None:
    if isinstance(limit, TokenBucket):
        return limit.rate if limit.cost is None else None
    if isinstance(limit, LeakyBucket):
        return limit.rate
    if isinstance(limit, SlidingWindow | SlidingWindowCounter):
        return limit.limit / limit.window
    if isinstance(limit, FixedCycles):
        return limit.limit / limit.period
    return None
