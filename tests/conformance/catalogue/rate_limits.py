"""Rate limits of all kinds, and a client that throttles itself."""

from __future__ import annotations

from collections.abc import Callable

from models import CallFailed, Endpoint, Refused, Rejected, TimedOut
from models.outcome import Outcome
from models.resilience.rate_limits import (
    FixedCycles,
    LeakyBucket,
    PerKey,
    RateLimit,
    RateLimiter,
    SlidingWindow,
    SlidingWindowCounter,
    TokenBucket,
)
from models.resilience.throttling import AdaptiveThrottle

from ..expectation import Clock, Node
from ..rate_limit_expectation import (
    BucketRule,
    CyclesModel,
    EstimateRule,
    LimiterModel,
    Rule,
    ThrottleModel,
    WindowRule,
)
from ..world import World
from .wrapper import Wrapper

# By their intervals: the oracle rounds its times, and what it rounds must not add up.
SLOW_RATE, RATE, DRIP_RATE = 1.0 / 8.83629, 1.0 / 0.61297, 1.0 / 0.73471
PATIENCE, LONG_PATIENCE = 1.10063, 1.71027
WINDOW, SHORT_WINDOW = 1.93217, 1.61811
PERIOD, TIMEOUT = 0.87013, 1.30207
RECENT, RECENT_TOO = 8.03117, 5.27329


def _limiter(
    name: str,
    limit: RateLimit,
    model: Callable[[Clock, Node], Node],
    *,
    wait_max: float = 0.0,
) -> Wrapper:
    return Wrapper(
        name=name,
        build=lambda world, inner: RateLimiter(world.env, inner, limit, wait_max=wait_max),
        model=lambda clock, inner, host: model(clock, inner),
    )


def _by(rule: Rule) -> Callable[[Clock, Node], Node]:
    return lambda clock, inner: LimiterModel(clock, inner, rule)


_ENDED_BADLY = {
    Outcome.REJECTED: Rejected,
    Outcome.REFUSED: Refused,
    Outcome.TIMED_OUT: TimedOut,
}


def _throttle(
    name: str,
    k: float,
    window: float,
    rejections: tuple[Outcome, ...] = (Outcome.REJECTED, Outcome.REFUSED, Outcome.TIMED_OUT),
) -> Wrapper:
    kinds: tuple[type[CallFailed], ...] = tuple(_ENDED_BADLY[outcome] for outcome in rejections)

    def build(world: World, inner: Endpoint) -> Endpoint:
        return AdaptiveThrottle(
            world.env,
            inner,
            k=k,
            window=window,
            counts_as_rejected=kinds,
            name=name,
        )

    return Wrapper(
        name=name,
        build=build,
        model=lambda clock, inner, host: ThrottleModel(
            clock, inner, name=name, k=k, window=window, rejections=rejections
        ),
    )


WRAPPERS = (
    _limiter(
        "TokenBucket",
        TokenBucket(rate=SLOW_RATE, burst=2),
        _by(BucketRule(rate=SLOW_RATE, burst=2.0)),
    ),
    _limiter(
        "TokenBucket to wait for",
        PerKey(TokenBucket(rate=RATE, burst=1)),
        _by(BucketRule(rate=RATE, burst=1.0, patience=PATIENCE)),
        wait_max=PATIENCE,
    ),
    _limiter(
        "LeakyBucket",
        LeakyBucket(rate=DRIP_RATE, queue_size_max=1),
        _by(BucketRule(rate=DRIP_RATE, burst=1.0, size=1)),
    ),
    _limiter(
        "SlidingWindow",
        SlidingWindow(limit=2, window=WINDOW),
        _by(WindowRule(limit=2, window=WINDOW, patience=LONG_PATIENCE)),
        wait_max=LONG_PATIENCE,
    ),
    _limiter(
        "SlidingWindowCounter",
        SlidingWindowCounter(limit=2, window=SHORT_WINDOW),
        _by(EstimateRule(limit=2, window=SHORT_WINDOW)),
    ),
    _limiter(
        "FixedCycles",
        FixedCycles(limit=1, period=PERIOD, timeout=TIMEOUT),
        lambda clock, inner: CyclesModel(clock, inner, 1, PERIOD, TIMEOUT),
    ),
    _throttle("AdaptiveThrottle", 1.0, RECENT),
    _throttle("AdaptiveThrottle on time-outs", 2.0, RECENT_TOO, (Outcome.TIMED_OUT,)),
)
