"""Resilience: endpoints around an endpoint, for when that one fails. Nest them, outermost first.

    timeout             wait so long and no longer
    retry               ask again; with backoff (`backoff`) and within a budget (`retry_budget`)
    circuit_breaker     stop asking; its policies and settings have a face of their own
    outbox              accept now, deliver later

Each of these has a face of its own:

    bulkheads           so many calls to one dependency at a time
    shedding            so many in a server at a time: fixed and adaptive limits, queues, priorities
    rate_limits         so many per second
    throttling          clients that hold back while they are rejected
    deadlines           a timeout that travels with the request
    hedging             ask twice, take the first answer
    fallbacks           something else instead of a failure
    feature_switches    "Be Back Soon", by hand
    idempotency         what is repeated takes effect once

A usual order is `CircuitBreaker(Retry(Timeout(target)))` or `Retry(CircuitBreaker(Timeout(target)))`: the
timeout innermost, so that the others see what it decides.

What such a part remembers (results, tokens, permits, latencies, answers) is in memory, and begins anew when
its process starts again, alone or with its host; what is durable says so. Statistics are an observer's, and
count on.

- Around an instance of a service, that is the instance's process. Around a connection or a balancer the part
  stands on the caller's host, and knows of that alone, not of a restart of the calling process.
- A part that stands on no host forgets nothing.
- Who shares a pool or a budget begins it anew for all; a rate limit that is shared stands elsewhere.
- A call that the crash has not ended, since its caller runs elsewhere, counts nowhere in the new memory, but
  for a budget.
"""

from .backoff import (
    Backoff,
    ConstantBackoff,
    DecorrelatedJitter,
    EqualJitter,
    ExponentialBackoff,
    FullJitter,
    PollyJitter,
)
from .circuit_breaker import (
    BreakerState,
    CircuitBreaker,
    CircuitBreakerSettings,
    CountBased,
    TimeBased,
    consecutive_failures,
    hystrix,
    polly,
    resilience4j,
)
from .outbox import Outbox
from .retry import Retry
from .retry_budget import EnvoyRetryBudget, GrpcRetryThrottle, RetryBudget, SreRetryRatio, TokenBucketBudget
from .timeout import Timeout

__all__ = [
    "Backoff",
    "BreakerState",
    "CircuitBreaker",
    "CircuitBreakerSettings",
    "ConstantBackoff",
    "CountBased",
    "DecorrelatedJitter",
    "EnvoyRetryBudget",
    "EqualJitter",
    "ExponentialBackoff",
    "FullJitter",
    "GrpcRetryThrottle",
    "Outbox",
    "PollyJitter",
    "Retry",
    "RetryBudget",
    "SreRetryRatio",
    "TimeBased",
    "Timeout",
    "TokenBucketBudget",
    "consecutive_failures",
    "hystrix",
    "polly",
    "resilience4j",
]
