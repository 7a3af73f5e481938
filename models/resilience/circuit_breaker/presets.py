"""Breakers as the libraries ship them.

Each function takes the library's own parameters, with its defaults, in seconds and shares. For what is not
among them, `dataclasses.replace` the result: `replace(hystrix(), strict_epochs=True)`.

    library        opens                                              waits   trials
    resilience4j   share of failures or slow calls, every result      > 60 s  10, by the same shares
    hystrix        error percentage, when a 0.5 s bucket ends         > 5 s   1
    polly          ratio of failures, when a call fails               >= 5 s  1

None of them tells results of calls that began before the last change of state from others. The libraries'
further parts (Hystrix's timeout of 1 s and pool of 10) are endpoints of their own here.
"""

from __future__ import annotations

from math import inf

from ..backoff import Backoff
from .error_percentage import EmittedErrorPercentage
from .failure_rate import CountBased, FailureRate, WindowChoice
from .failure_ratio import SampledFailureRatio
from .failure_run import ConsecutiveFailures
from .settings import AbandonedTrial, CircuitBreakerSettings

_HUNDRED_CALLS = CountBased(size=100)


def resilience4j(
    *,
    failure_rate_threshold: float = 0.5,
    slow_call_rate_threshold: float = 1.0,
    slow_call_duration: float = 60.0,
    window: WindowChoice = _HUNDRED_CALLS,
    minimum_calls: int = 100,
    open_duration: float | Backoff = 60.0,
    trial_count: int = 10,
    trial_duration_max: float = inf,
    half_opens_by_itself: bool = False,
) -> CircuitBreakerSettings:
    """Return resilience4j's breaker, which is GameDay's default.

    The parameters are those of `FailureRate` and `CircuitBreakerSettings`.
    """
    return CircuitBreakerSettings(
        trip_rule=FailureRate(
            threshold=failure_rate_threshold,
            minimum_calls=minimum_calls,
            window=window,
            slow_threshold=slow_call_rate_threshold,
            slow_call_duration=slow_call_duration,
        ),
        open_duration=open_duration,
        trial_count=trial_count,
        trial_duration_max=trial_duration_max,
        half_opens_by_itself=half_opens_by_itself,
    )


def hystrix(
    *, error_percentage: int = 50, request_volume: int = 20, sleep_window: float = 5.0
) -> CircuitBreakerSettings:
    """Return Hystrix's breaker.

    `error_percentage` % of at least `request_volume` calls in 10 s open it for `sleep_window` seconds. A
    trial that is cancelled opens it again (Hystrix marks an unsubscribed command as no success).
    """
    return CircuitBreakerSettings(
        trip_rule=EmittedErrorPercentage(percentage=error_percentage, request_volume=request_volume),
        open_duration=sleep_window,
        trial_count=1,
        abandoned_trial=AbandonedTrial.REOPEN,
    )


def polly(
    *,
    failure_ratio: float = 0.1,
    minimum_throughput: int = 100,
    sampling_duration: float = 30.0,
    break_duration: float | Backoff = 5.0,
) -> CircuitBreakerSettings:
    """Return Polly's breaker.

    A `failure_ratio` of at least `minimum_throughput` calls in `sampling_duration` s open it for
    `break_duration` s. A trial that is cancelled is released. In Polly itself a cancellation is an outcome
    that is not handled, hence a success, and closes the breaker: an accident rather than a rule, and not
    reproduced.
    """
    return CircuitBreakerSettings(
        trip_rule=SampledFailureRatio(
            ratio=failure_ratio, minimum_throughput=minimum_throughput, sampling_duration=sampling_duration
        ),
        open_duration=break_duration,
        is_open_duration_inclusive=True,
        trial_count=1,
    )


def consecutive_failures(count: int = 5, *, open_duration: float | Backoff = 5.0) -> CircuitBreakerSettings:
    """Return the textbook's breaker: `count` failures in a row open it for `open_duration` s; one trial."""
    return CircuitBreakerSettings(
        trip_rule=ConsecutiveFailures(count=count), open_duration=open_duration, trial_count=1
    )
