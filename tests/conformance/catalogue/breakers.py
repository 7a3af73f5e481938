"""Circuit breakers, by their presets."""

from __future__ import annotations

from dataclasses import replace

from models import ServerError, TimedOut
from models.outcome import Outcome
from models.resilience import (
    CircuitBreaker,
    CircuitBreakerSettings,
    CountBased,
    ExponentialBackoff,
    TimeBased,
    consecutive_failures,
    hystrix,
    polly,
    resilience4j,
)

from ..breaker_expectation import BreakerModel, Rule
from .wrapper import OPEN, Wrapper


def _breaker(name: str, settings: CircuitBreakerSettings, rule: Rule) -> Wrapper:
    return Wrapper(
        name=name,
        build=lambda world, inner: CircuitBreaker(
            world.env, inner, settings, name=f"breaker {len(world.endpoints)}"
        ),
        model=lambda clock, inner, host: BreakerModel(clock, inner, rule),
    )


_RESILIENCE4J = Rule(kind="resilience4j", volume=3, share=0.5, open_durations=(OPEN,), trials=2)
_CONSECUTIVE = Rule(kind="consecutive", volume=2, share=1.0, open_durations=(OPEN,))

WRAPPERS = (
    _breaker("resilience4j", resilience4j(minimum_calls=3, open_duration=OPEN, trial_count=2), _RESILIENCE4J),
    _breaker(
        "resilience4j by the second",
        resilience4j(
            minimum_calls=2,
            failure_rate_threshold=0.6,
            window=TimeBased(seconds=2),
            open_duration=ExponentialBackoff(base=2.03041, factor=2.0),
            trial_count=1,
        ),
        Rule(
            kind="resilience4j",
            volume=2,
            share=0.6,
            seconds=2,
            open_durations=tuple(2.03041 * 2**n for n in range(20)),
        ),
    ),
    _breaker(
        "resilience4j of slow calls",
        resilience4j(
            minimum_calls=2,
            failure_rate_threshold=1.0,
            slow_call_rate_threshold=0.5,
            slow_call_duration=0.5,
            window=CountBased(size=20),
            open_duration=3.03067,
            trial_count=1,
            half_opens_by_itself=True,
            trial_duration_max=4.57103,
        ),
        Rule(
            kind="resilience4j",
            volume=2,
            share=1.0,
            slow_share=0.5,
            slow_after=0.5,
            open_durations=(3.03067,),
            half_opens_by_itself=True,
            trials_take_at_most=4.57103,
        ),
    ),
    _breaker(
        "Hystrix",
        hystrix(request_volume=2, sleep_window=OPEN),
        Rule(kind="hystrix", volume=2, share=0.5, open_durations=(OPEN,)),
    ),
    _breaker(
        "Polly",
        polly(failure_ratio=0.4, minimum_throughput=2, sampling_duration=7.30157, break_duration=OPEN),
        Rule(kind="polly", volume=2, share=0.4, sampling=7.30157, open_durations=(OPEN,)),
    ),
    _breaker("consecutive failures", consecutive_failures(2, open_duration=OPEN), _CONSECUTIVE),
    _breaker(
        "strict breaker of some failures",
        replace(
            consecutive_failures(2, open_duration=OPEN),
            strict_epochs=True,
            ignores=(TimedOut,),
            counts_as_failure=(ServerError, TimedOut),
        ),
        replace(
            _CONSECUTIVE,
            strict=True,
            ignored=(Outcome.TIMED_OUT,),
            harmless=tuple(set(Outcome) - {Outcome.SERVER_ERROR}),
        ),
    ),
)
