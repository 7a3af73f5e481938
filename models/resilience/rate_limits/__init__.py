"""Rate limits: so many calls per second and no more, on the caller's side or on the server's.

    limiter                   RateLimiter: the endpoint that lets calls pass, wait or be rejected by a limit
    rate_limit                the contract: a limit is a frozen value, its allowance is what is left of it
    token_bucket              TokenBucket: a steady rate, and bursts of what was saved up
    leaky_bucket              LeakyBucket: a queue that empties at a fixed pace
    sliding_window            SlidingWindow: so many in any window, exactly
    sliding_window_counter    SlidingWindowCounter: about so many, from two counters
    fixed_cycles              FixedCycles: so many per cycle, and reservations in coming ones (resilience4j)
    per_key                   PerKey: any of these for each caller, tenant or key
    waiting_line              the queue of those who wait for a turn
    boundaries                when an instant counts as reached

The members in one sentence each: after a silence a token bucket lets its burst pass at once and a sliding
window its whole limit, at the end of a cycle and the start of the next fixed cycles let twice the limit pass,
and a leaky bucket never lets two pass closer together than its pace.
"""

from .fixed_cycles import FixedCycles
from .leaky_bucket import LeakyBucket
from .limiter import RateLimiter, RateLimiterStatistics
from .per_key import PerKey
from .rate_limit import Allowance, RateLimit
from .sliding_window import SlidingWindow
from .sliding_window_counter import SlidingWindowCounter
from .token_bucket import TokenBucket, by_size

__all__ = [
    "Allowance",
    "FixedCycles",
    "LeakyBucket",
    "PerKey",
    "RateLimit",
    "RateLimiter",
    "RateLimiterStatistics",
    "SlidingWindow",
    "SlidingWindowCounter",
    "TokenBucket",
    "by_size",
]
