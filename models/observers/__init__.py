"""Observers: they see what happens, from where they stand, write it down, and change nothing.

recorded_calls      an endpoint and a step that record how each call ended
answer_ages         AnswerAges: how old what clients are told is
breaker_stays       the states of circuit breakers over time, from the event log
messages            what went over a network, and the trace of a space-time diagram: a package of its own
saturation          which resource of a system saturates first, or has: a package of its own
"""

from .answer_ages import AgeSummary, AnswerAges
from .breaker_stays import BreakerStay, breaker_names, breaker_stays
from .recorded_calls import RecordedCalls, recorded

__all__ = [
    "AgeSummary",
    "AnswerAges",
    "BreakerStay",
    "RecordedCalls",
    "breaker_names",
    "breaker_stays",
    "recorded",
]
