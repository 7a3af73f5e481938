"""SimPy, made fast: the environment and its processes, sleeps, deadlines and trace.

core            Environment: clock, schedule, run loop
process         Process: a generator in simulated time
scopes          CancelScope, Cancelled, deadline lanes
trace           the digest of everything that happened
failure_notes   what an error says about the run; runaways
"""

from .core import Environment
from .failure_notes import RunawayError
from .loop import Call
from .process import PARKED, Process
from .scopes import Cancelled, CancelScope, ProcessCancelled

__all__ = [
    "PARKED",
    "Call",
    "CancelScope",
    "Cancelled",
    "Environment",
    "Process",
    "ProcessCancelled",
    "RunawayError",
]
