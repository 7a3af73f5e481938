"""Which detectors a balancer has, by its settings: for what targets answer, and for what never came back.

Names are those of Envoy's ejection types, in small letters.
"""

from __future__ import annotations

from dataclasses import dataclass

from .call_result import CallResult
from .consecutive_failures import ConsecutiveFailures
from .failure_percentage import FailurePercentage
from .settings import OutlierSettings
from .success_rate import SuccessRate


@dataclass(frozen=True, slots=True)
class Detectors:
    """Those that look at one origin of results: at each result in order, and at each interval in order."""

    consecutive: tuple[ConsecutiveFailures, ...]
    statistical: tuple[SuccessRate | FailurePercentage, ...]


def external_detectors(settings: OutlierSettings) -> Detectors:
    """Return those for what targets answer, and for everything where it is not told apart."""
    gateway = ConsecutiveFailures(
        "consecutive_gateway_failure",
        (CallResult.GATEWAY,),
        settings.consecutive_gateway_failure,
        settings.enforcing_consecutive_gateway_failure,
    )
    any_5xx = ConsecutiveFailures(
        "consecutive_5xx",
        (CallResult.ERROR, CallResult.GATEWAY),
        settings.consecutive_5xx,
        settings.enforcing_consecutive_5xx,
    )
    return Detectors(
        (gateway, any_5xx),
        _statistical(settings, "", settings.enforcing_success_rate, settings.enforcing_failure_percentage),
    )


def local_detectors(settings: OutlierSettings) -> Detectors:
    """Return those for failures of local origin, which act where these are told apart."""
    local = ConsecutiveFailures(
        "consecutive_local_origin_failure",
        (CallResult.LOCAL,),
        settings.consecutive_local_origin_failure,
        settings.enforcing_consecutive_local_origin_failure,
    )
    return Detectors(
        (local,),
        _statistical(
            settings,
            "_local_origin",
            settings.enforcing_local_origin_success_rate,
            settings.enforcing_failure_percentage_local_origin,
        ),
    )


def _statistical(
    settings: OutlierSettings, origin: str, enforcing_rate: float, enforcing_percentage: float
) -> tuple[SuccessRate | FailurePercentage, ...]:
    return (
        SuccessRate(
            f"success_rate{origin}",
            settings.success_rate_minimum_hosts,
            settings.success_rate_request_volume,
            settings.success_rate_stdev_factor,
            enforcing_rate,
        ),
        FailurePercentage(
            f"failure_percentage{origin}",
            settings.failure_percentage_minimum_hosts,
            settings.failure_percentage_request_volume,
            settings.failure_percentage_threshold,
            enforcing_percentage,
        ),
    )
