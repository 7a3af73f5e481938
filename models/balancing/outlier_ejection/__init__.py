"""Outlier ejection: targets whose calls go wrong are not asked for a while, as in Envoy.

outlier_ejector         OutlierEjector: watches a balancer's calls, ejects and readmits
settings                OutlierSettings; `envoy_outlier`
call_result             CallResult, result_of: what the end of a call says of the target
detectors               which detectors there are, by the settings
consecutive_failures    ConsecutiveFailures: so many in a row
success_rate            SuccessRate, ejection_threshold: much worse than the others
failure_percentage      FailurePercentage: too many, however the others do
target_record           what is remembered of one target
interval_counts         IntervalCounts: calls and successes in an interval
"""

from .call_result import CallResult, result_of
from .consecutive_failures import ConsecutiveFailures
from .failure_percentage import FailurePercentage
from .interval_counts import IntervalCounts
from .outlier_ejector import OutlierEjector, OutlierStatistics
from .settings import OutlierSettings, envoy_outlier
from .success_rate import SuccessRate, ejection_threshold

__all__ = [
    "CallResult",
    "ConsecutiveFailures",
    "FailurePercentage",
    "IntervalCounts",
    "OutlierEjector",
    "OutlierSettings",
    "OutlierStatistics",
    "SuccessRate",
    "ejection_threshold",
    "envoy_outlier",
    "result_of",
]
