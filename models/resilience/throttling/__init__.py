"""Client-side throttling: a client that is mostly turned away stops asking, in proportion.

    adaptive_throttle    AdaptiveThrottle: rejects locally by the share of its recent requests that were
                         accepted (the SRE book's)

gRPC's throttle ("retryThrottling") holds back retries only and never a first attempt: it is a retry budget,
`models.resilience.GrpcRetryThrottle`.
"""

from .adaptive_throttle import NOT_ACCEPTED, AdaptiveThrottle, AdaptiveThrottleStatistics

__all__ = ["NOT_ACCEPTED", "AdaptiveThrottle", "AdaptiveThrottleStatistics"]
