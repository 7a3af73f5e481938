"""The engine: simulated time, randomness and measurement. Knows nothing of distributed systems.

    fast_simpy      Environment and processes: SimPy, made fast; deadlines; trace digest
    permits         a counted resource with one fair queue
    randomness      named streams, samplers, distributions
    measurement     request table, event log, gauges, series, histograms
    failures        CallFailed and TimedOut, the simulated failures the engine itself raises
    nominal         abstract classes that are cheap to ask for
    huge_pages      what makes large systems faster on Linux

The names used most are importable from here; distributions and measurements from their own packages.
"""

from .failures import CallFailed, TimedOut
from .fast_simpy import (
    PARKED,
    Call,
    Cancelled,
    CancelScope,
    Environment,
    Process,
    ProcessCancelled,
    RunawayError,
)
from .huge_pages import use_huge_pages
from .measurement import EventLog, Gauge, LatencyHistogram, RequestTable
from .nominal import Nominal
from .permits import Permits, PermitStatistics, QueueFull
from .randomness import Distribution, Sampler

__all__ = [
    "PARKED",
    "Call",
    "CallFailed",
    "CancelScope",
    "Cancelled",
    "Distribution",
    "Environment",
    "EventLog",
    "Gauge",
    "LatencyHistogram",
    "Nominal",
    "PermitStatistics",
    "Permits",
    "Process",
    "ProcessCancelled",
    "QueueFull",
    "RequestTable",
    "RunawayError",
    "Sampler",
    "TimedOut",
    "use_huge_pages",
]
