"""Limits to compare, and what passes through them at given times."""

from __future__ import annotations

from collections.abc import Iterable

from models.request import Request
from models.resilience.rate_limits import (
    Allowance,
    FixedCycles,
    LeakyBucket,
    PerKey,
    RateLimit,
    SlidingWindow,
    SlidingWindowCounter,
    TokenBucket,
)
from simulator import Environment

# All of them: four calls a second in the long run, none of which waits.
LIMITS: dict[str, RateLimit] = {
    "token bucket": TokenBucket(rate=4.0, burst=4),
    "leaky bucket": LeakyBucket(rate=4.0, queue_size_max=0),
    "sliding window": SlidingWindow(limit=4, window=1.0),
    "sliding window counter": SlidingWindowCounter(limit=4, window=1.0),
    "fixed cycles": FixedCycles(limit=4, period=1.0, timeout=0.0),
    "token bucket per key": PerKey(TokenBucket(rate=4.0, burst=4)),
    "fixed cycles per key": PerKey(FixedCycles(limit=4, period=1.0, timeout=0.0)),
}
# Those in which one call waits after another, four in a second, and how long a limiter lets them.
WAITING: dict[str, tuple[RateLimit, float]] = {
    "token bucket": (TokenBucket(rate=4.0, burst=1), 10.0),
    "leaky bucket": (LeakyBucket(rate=4.0, queue_size_max=40), 0.0),
    "sliding window": (SlidingWindow(limit=1, window=0.25), 10.0),
    "token bucket per key": (PerKey(TokenBucket(rate=4.0, burst=1)), 10.0),
}


def admitted(allowance: Allowance, times: Iterable[float], *, request: Request | None = None) -> list[float]:
    """Return at which of the times, in order, one request is admitted."""
    env: Environment = allowance.env
    passed = []
    for time in times:
        if time > env.now:
            env.run(until=time)
        if allowance.admit(request or Request()):
            passed.append(time)
    return passed
