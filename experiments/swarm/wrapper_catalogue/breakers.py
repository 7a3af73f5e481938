"""Circuit breakers, by the libraries' presets."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

from models.resilience import (
    CircuitBreaker,
    CircuitBreakerSettings,
    CountBased,
    TimeBased,
    consecutive_failures,
    hystrix,
    polly,
    resilience4j,
)

from ..choices import Choice, Parameter
from .wrapper_kind import WrapperKind


def _breaker(settings: Callable[..., CircuitBreakerSettings], **parameters: Parameter) -> WrapperKind:
    return WrapperKind(
        parameters=parameters,
        build=lambda site, target, **given: site.keep(
            "breaker", CircuitBreaker(site.env, target, settings(**given), name=site.name)
        ),
    )


def _resilience4j(
    window_seconds: int | None, trial_duration_max: float | None, **settings: Any
) -> CircuitBreakerSettings:
    return resilience4j(
        window=CountBased(size=20) if window_seconds is None else TimeBased(seconds=window_seconds),
        trial_duration_max=inf if trial_duration_max is None else trial_duration_max,
        **settings,
    )


BREAKERS: dict[str, WrapperKind] = {
    "resilience4j": _breaker(
        _resilience4j,
        minimum_calls=Choice(5, 2),
        window_seconds=Choice(None, 3),
        slow_call_duration=Choice(60.0, 0.2),
        open_duration=Choice(0.5, 2.0),
        trial_count=Choice(1, 3),
        trial_duration_max=Choice(None, 0.5, 2.0),
        half_opens_by_itself=Choice(False, True),
    ),
    "hystrix": _breaker(hystrix, request_volume=Choice(5, 2), sleep_window=Choice(0.5, 2.0)),
    "polly": _breaker(
        polly,
        failure_ratio=Choice(0.1, 0.5),
        minimum_throughput=Choice(5, 2),
        sampling_duration=Choice(3.0, 0.1),
        break_duration=Choice(0.5, 2.0),
    ),
    "consecutive_failures": _breaker(
        consecutive_failures, count=Choice(3, 1), open_duration=Choice(0.5, 2.0)
    ),
}
"""By kind."""
