"""The circuit breaker: one state machine, and the policies in which the libraries differ.

    breaker         CircuitBreaker: closed, open, half-open
    settings        CircuitBreakerSettings: the policies and their numbers
    presets         resilience4j, hystrix, polly, consecutive_failures
    state           BreakerState, CircuitBreakerStatistics
    trip_rule       the contract of what opens a breaker; its members:
                    failure_rate, error_percentage, failure_ratio, failure_run
    windows         how recent results are kept and forgotten

Most systems need `CircuitBreaker` and a preset, and take both from `models.resilience`.
"""

from .breaker import CircuitBreaker
from .error_percentage import EmittedErrorPercentage
from .failure_rate import CountBased, FailureRate, TimeBased
from .failure_ratio import SampledFailureRatio
from .failure_run import ConsecutiveFailures
from .presets import consecutive_failures, hystrix, polly, resilience4j
from .settings import AbandonedTrial, CircuitBreakerSettings
from .state import BreakerState, CircuitBreakerStatistics
from .trip_rule import HealthMonitor, TripRule

__all__ = [
    "AbandonedTrial",
    "BreakerState",
    "CircuitBreaker",
    "CircuitBreakerSettings",
    "CircuitBreakerStatistics",
    "ConsecutiveFailures",
    "CountBased",
    "EmittedErrorPercentage",
    "FailureRate",
    "HealthMonitor",
    "SampledFailureRatio",
    "TimeBased",
    "TripRule",
    "consecutive_failures",
    "hystrix",
    "polly",
    "resilience4j",
]
