"""Measurement: watch a run without touching it. Observers draw no random numbers and schedule nothing.

- `request_table`: one compact row per completed request; `request_sample`: the rows of a window, questioned
- `event_log`: timeouts, breaker transitions, faults, failovers, with their intervals for shading
- `gauge`: a level over time and its time-weighted mean; `step_function`: its history
- `windowed_series`: throughput, availability, percentiles and levels per window
- `histogram`: percentiles of bounded memory and stated relative error, for very long runs
- `warm_up`: where the biased beginning of a run ends (MSER-5)
"""

from .event_log import EventLog, LoggedInterval, LogRecord
from .gauge import Clock, Gauge, GaugeStatistics
from .histogram import LatencyHistogram
from .request_sample import RequestSample, nearest_rank_percentiles
from .request_table import RequestTable
from .step_function import StepFunction
from .warm_up import detect_warm_up, detect_warm_up_end, marginal_standard_error
from .windowed_series import (
    WindowedSeries,
    windowed_count,
    windowed_level,
    windowed_mean,
    windowed_percentile,
    windowed_rate,
    windowed_share,
)

__all__ = [
    "Clock",
    "EventLog",
    "Gauge",
    "GaugeStatistics",
    "LatencyHistogram",
    "LogRecord",
    "LoggedInterval",
    "RequestSample",
    "RequestTable",
    "StepFunction",
    "WindowedSeries",
    "detect_warm_up",
    "detect_warm_up_end",
    "marginal_standard_error",
    "nearest_rank_percentiles",
    "windowed_count",
    "windowed_level",
    "windowed_mean",
    "windowed_percentile",
    "windowed_rate",
    "windowed_share",
]
