"""When a target is ejected for how its calls end, for how long, and how many may be at a time: as in Envoy.

Names and defaults are Envoy's. A percentage is one, as there: `enforcing_...` is the chance (0 to 100) that
what a detector has found is acted upon, so that a detector can be tried out, or switched off with 0.

Of how many may be ejected there are two versions. The documentation has always said "10 % but at least one";
since 1.28 Envoy ejects nobody whose ejection would exceed the percentage, so that of less than ten hosts none
goes, and since 1.31 `always_eject_one_host` brings the one back. Here `always_ejects_one` is true by default,
as the documentation has it.

Source: Envoy, `api/envoy/config/cluster/v3/outlier_detection.proto`, and "Outlier detection" in its
architecture overview.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import inf

from ...validation import require_number

_EJECTION_TIME_MAX = 300.0
_TIMES = ("interval", "base_ejection_time")
_PERCENTAGES = ("max_ejection_percent", "failure_percentage_threshold")
_COUNTS = (
    "consecutive_5xx",
    "consecutive_gateway_failure",
    "consecutive_local_origin_failure",
    "success_rate_minimum_hosts",
    "success_rate_request_volume",
    "failure_percentage_minimum_hosts",
    "failure_percentage_request_volume",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlierSettings:
    """Times in seconds, percentages from 0 to 100, counts >= 1.

    Every `interval` there is a sweep: what has served its time comes back, and the statistical detectors look
    at the interval that is over. The n-th ejection of a target in a row takes n times `base_ejection_time`,
    at the most `max_ejection_time` (`None`: 300 s, or the base if that is longer), and at random up to
    `max_ejection_time_jitter` more; after each interval without, n falls by one. At the most
    `max_ejection_percent` of the targets are ejected at a time, but one always may if `always_ejects_one`.

    With `split_external_local_origin_errors` what the target answered and what the network or its silence
    made of a call are counted apart, by detectors of their own.

    A target that passes an active health check comes back at once, with
    `successful_active_health_check_uneject_host`, if there are such checks.
    """

    interval: float = 10.0
    base_ejection_time: float = 30.0
    max_ejection_time: float | None = None
    max_ejection_time_jitter: float = 0.0
    max_ejection_percent: float = 10.0
    always_ejects_one: bool = True
    consecutive_5xx: int = 5
    enforcing_consecutive_5xx: float = 100.0
    consecutive_gateway_failure: int = 5
    enforcing_consecutive_gateway_failure: float = 0.0
    success_rate_minimum_hosts: int = 5
    success_rate_request_volume: int = 100
    success_rate_stdev_factor: float = 1.9
    enforcing_success_rate: float = 100.0
    failure_percentage_threshold: float = 85.0
    failure_percentage_minimum_hosts: int = 5
    failure_percentage_request_volume: int = 50
    enforcing_failure_percentage: float = 0.0
    split_external_local_origin_errors: bool = False
    consecutive_local_origin_failure: int = 5
    enforcing_consecutive_local_origin_failure: float = 100.0
    enforcing_local_origin_success_rate: float = 100.0
    enforcing_failure_percentage_local_origin: float = 0.0
    successful_active_health_check_uneject_host: bool = True

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name in _TIMES:
            if not 0.0 < require_number(name, getattr(self, name)) < inf:
                raise ValueError(f"{name} must be finite and > 0 s, got {getattr(self, name)!r}")
        if not 0.0 <= require_number("max_ejection_time_jitter", self.max_ejection_time_jitter) < inf:
            raise ValueError(
                f"max_ejection_time_jitter must be finite and >= 0 s, got {self.max_ejection_time_jitter!r}"
            )
        if self.max_ejection_time is not None and not (
            require_number("max_ejection_time", self.max_ejection_time) >= self.base_ejection_time
        ):
            raise ValueError(
                f"max_ejection_time must be >= base_ejection_time ({self.base_ejection_time!r} s), "
                f"got {self.max_ejection_time!r}"
            )
        enforcing = (field.name for field in fields(self) if field.name.startswith("enforcing_"))
        for name in (*_PERCENTAGES, *enforcing):
            if not 0.0 <= require_number(name, getattr(self, name)) <= 100.0:
                raise ValueError(f"{name} must be in [0, 100] %, got {getattr(self, name)!r}")
        for name in _COUNTS:
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{name} must be a whole number >= 1, got {value!r}")
        if not 0.0 <= require_number("success_rate_stdev_factor", self.success_rate_stdev_factor) < inf:
            raise ValueError(
                f"success_rate_stdev_factor must be finite and >= 0, got {self.success_rate_stdev_factor!r}"
            )

    @property
    def ejection_time_max(self) -> float:
        """The longest ejection in seconds, jitter excluded."""
        if self.max_ejection_time is not None:
            return self.max_ejection_time
        return max(_EJECTION_TIME_MAX, self.base_ejection_time)


def envoy_outlier() -> OutlierSettings:
    """Return Envoy's defaults, as documented."""
    return OutlierSettings()
