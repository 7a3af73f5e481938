"""Limits on how many calls there may be, at a time or per second, and on how much load."""

from __future__ import annotations

from math import inf

from models import Endpoint
from models.resilience.bulkheads import Bulkhead, BulkheadPool, ConnectionPool, ThreadPoolBulkhead
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
from models.resilience.shedding import (
    AimdLimit,
    ByPriority,
    CoDel,
    ConcurrencyLimit,
    ConcurrencyLimiter,
    CoreLoad,
    EnvoyGradientLimit,
    Fifo,
    FixedLimit,
    Gradient2Limit,
    Lifo,
    LoadShedder,
    QueueDiscipline,
    QueueLength,
    RejectAtOnce,
    ThreadLoad,
    UtilisationShedding,
    VegasLimit,
    WindowedLimit,
)
from models.resilience.throttling import AdaptiveThrottle
from models.services import Instance

from ..choices import Choice
from ..turnstile import Turnstile
from .wrapper_kind import Site, WrapperKind


def _build_bulkhead(
    site: Site, target: Endpoint, size: int, waiting_max: int, wait_max: float | None, shares_pool: bool
) -> Endpoint:
    def make() -> BulkheadPool:
        longest = inf if wait_max is None or not waiting_max else wait_max
        return BulkheadPool(site.env, size, waiting_max=waiting_max, wait_max=longest, name=site.name)

    pool = site.shared("pool", make) if shares_pool else site.keep("pool", make())
    return Bulkhead(site.env, target, pool, name=site.name)


def _build_connection_pool(site: Site, target: Endpoint, size: int, wait_max: float) -> Endpoint:
    pool = ConnectionPool(site.env, size, wait_max=wait_max, name=site.name)
    return Bulkhead(site.env, target, site.keep("pool", pool), name=site.name)


def _build_thread_pool(
    site: Site, target: Endpoint, threads: int, queue_size_max: int, interrupts: bool
) -> Endpoint:
    return ThreadPoolBulkhead(
        site.env,
        target,
        threads=threads,
        queue_size_max=queue_size_max,
        interrupts=interrupts,
        host=site.host,
        name=site.name,
    )


def _concurrency_limit(kind: str, size: int) -> ConcurrencyLimit:
    match kind:
        case "aimd":
            return AimdLimit(limit_initial=size, limit_min=1, limit_max=20, timeout=0.2)
        case "vegas":
            return VegasLimit(limit_initial=size, limit_max=20)
        case "gradient2":
            return Gradient2Limit(limit_initial=size, limit_min=1, limit_max=20, long_window=20)
        case "envoy":
            return EnvoyGradientLimit(
                limit_min=1, limit_max=20, window=0.5, interval=3.0, request_count=3, jitter=0.15
            )
        case "windowed":
            return WindowedLimit(VegasLimit(limit_initial=size, limit_max=20), sample_count_min=2)
    return FixedLimit(size)


def _queue(kind: str, size: int, age_max: float | None) -> QueueDiscipline:
    oldest = inf if age_max is None else age_max
    match kind:
        case "fifo":
            return Fifo(size, age_max=oldest)
        case "lifo":
            return Lifo(size, age_max=oldest)
        case "by_priority":
            return ByPriority(size, age_max=oldest)
        case "codel":
            return CoDel(target=0.01, around=Fifo(size, age_max=oldest))
    return RejectAtOnce()


def _build_limiter(
    site: Site, target: Endpoint, limit: str, size: int, queue: str, queue_size: int, age_max: float | None
) -> Endpoint:
    return ConcurrencyLimiter(
        site.env,
        target,
        _concurrency_limit(limit, size),
        queue=_queue(queue, queue_size, age_max),
        name=site.name,
    )


def _rate_limit(kind: str, rate: float, burst: int) -> RateLimit:
    match kind:
        case "leaky_bucket":
            return LeakyBucket(rate, burst)
        case "sliding_window":
            return SlidingWindow(burst, burst / rate)
        case "sliding_window_counter":
            return SlidingWindowCounter(burst, burst / rate)
        case "fixed_cycles":
            return FixedCycles(limit=burst, period=burst / rate, timeout=0.5)
    return TokenBucket(rate, burst)


def _build_rate_limiter(
    site: Site, target: Endpoint, limit: str, rate: float, burst: int, per_key: bool, wait_max: float
) -> Endpoint:
    rule = _rate_limit(limit, rate, burst)
    rule = PerKey(rule, key=lambda request: request.key) if per_key else rule
    longest = wait_max if rule.lets_wait else 0.0
    turnstile = site.stand(Turnstile(site.env, target, rule, name=f"{site.name}: turnstile"))
    return RateLimiter(site.env, turnstile, rule, wait_max=longest, name=site.name)


def _build_shedder(site: Site, target: Endpoint, of: str, below_1: float, below_3: float) -> Endpoint:
    instance = target.serving
    load = ThreadLoad(instance) if of == "threads" and isinstance(instance, Instance) else CoreLoad(site.host)
    rule = UtilisationShedding(load, {1: below_1, 3: below_3})
    return LoadShedder(site.env, target, rule, name=site.name)


LIMITS: dict[str, WrapperKind] = {
    "bulkhead": WrapperKind(
        parameters={
            "size": Choice(10, 1, 2),
            "waiting_max": Choice(0, 3),
            "wait_max": Choice(None, 0.2),
            "shares_pool": Choice(False, True),
        },
        build=_build_bulkhead,
        bound=lambda inner, waiting_max, wait_max, **parameters: (
            inner + (0.0 if not waiting_max else inf if wait_max is None else wait_max)
        ),
    ),
    "connection_pool": WrapperKind(
        parameters={"size": Choice(10, 1, 2), "wait_max": Choice(0.5, 30.0)},
        build=_build_connection_pool,
        bound=lambda inner, wait_max, **parameters: inner + wait_max,
    ),
    "thread_pool": WrapperKind(
        parameters={
            "threads": Choice(10, 1, 2),
            "queue_size_max": Choice(0, 3),
            "interrupts": Choice(True, False),
        },
        build=_build_thread_pool,
        bound=lambda inner, queue_size_max, **parameters: inf if queue_size_max else inner,
        detaches=True,
        drops_answers=True,
    ),
    "concurrency_limiter": WrapperKind(
        parameters={
            "limit": Choice("fixed", "aimd", "vegas", "gradient2", "envoy", "windowed"),
            "size": Choice(10, 1, 3),
            "queue": Choice("none", "fifo", "lifo", "by_priority", "codel"),
            "queue_size": Choice(5, 1),
            "age_max": Choice(None, 0.2),
        },
        build=_build_limiter,
        bound=lambda inner, queue, age_max, **parameters: (
            inner + (0.0 if queue == "none" else inf if age_max is None else age_max)
        ),
    ),
    "shed_by_queue": WrapperKind(
        parameters={"length_max": Choice(1, 3)},
        build=lambda site, target, length_max: LoadShedder(
            site.env, target, QueueLength(length_max), name=site.name
        ),
        sides=("server",),
    ),
    "shed_by_load": WrapperKind(
        parameters={
            "of": Choice("cores", "threads"),
            "below_1": Choice(1.0, 0.5),
            "below_3": Choice(2.0, 4.0),
        },
        build=_build_shedder,
        sides=("server",),
    ),
    "rate_limiter": WrapperKind(
        parameters={
            "limit": Choice(
                "token_bucket", "leaky_bucket", "sliding_window", "sliding_window_counter", "fixed_cycles"
            ),
            "rate": Choice(10.0, 2.0),
            "burst": Choice(5, 1),
            "per_key": Choice(False, True),
            "wait_max": Choice(0.0, 0.3),
        },
        build=_build_rate_limiter,
        # Leaky buckets and cycles have rules of their own for how long one waits.
        bound=lambda inner, limit, rate, burst, wait_max, **parameters: (
            inner + max(wait_max, 0.5, burst / rate + 1.0 / rate)
        ),
    ),
    "throttle": WrapperKind(
        parameters={"k": Choice(2.0, 1.0), "window": Choice(5.0, 1.0)},
        build=lambda site, target, k, window: AdaptiveThrottle(
            site.env, target, k=k, window=window, name=site.name
        ),
    ),
}
"""By kind."""
