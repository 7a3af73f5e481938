"""Workload: who asks, how often, for what, and what came of it.

client           sends a request and records its outcome, exactly once
workload         what all workloads share; they start when they are made
open_loop        Poisson and other arrivals; rates that vary in time (rate)
closed_loop      users who wait, think and ask again
trace_replay     a recorded trace at a chosen speed
trace_file       reads traces: CSV (csv_trace), web servers' logs (access_log); recorded_trace, trace_line
mix              which operations
keys             which keys: popularity that stays, drifts or churns; scans, loops; sizes of keys
"""

from .client import Client, request_table
from .closed_loop import ClosedLoop
from .keys import UniformKeys, ZipfKeys
from .mix import KeySource, Operation, OperationMix
from .open_loop import OpenLoop
from .rate import ConstantRate, DailySine, FlashCrowd, RateFunction, RateShape, RateSteps
from .recorded_trace import MalformedLine, RecordedTrace, TraceSummary
from .trace_file import TraceError, load_trace
from .trace_replay import TraceReplay
from .workload import Workload

__all__ = [
    "Client",
    "ClosedLoop",
    "ConstantRate",
    "DailySine",
    "FlashCrowd",
    "KeySource",
    "MalformedLine",
    "OpenLoop",
    "Operation",
    "OperationMix",
    "RateFunction",
    "RateShape",
    "RateSteps",
    "RecordedTrace",
    "TraceError",
    "TraceReplay",
    "TraceSummary",
    "UniformKeys",
    "Workload",
    "ZipfKeys",
    "load_trace",
    "request_table",
]
