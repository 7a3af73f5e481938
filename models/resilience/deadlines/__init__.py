"""Deadlines that travel: the moment after which nobody wants the answer is told to those who work on it.

    deadline            Deadline: the caller's side; gives up at that moment, and says so in advance
    honour_deadline     HonourDeadline: the server's side; does not work for those who have given up
    by_the_clock        what the two have in common
    request_deadline    what requests carry: with_deadline, keeping_deadline

A deadline travels as `Request.deadline` with the request, and on with each request that is passed on: a
`Dependency` of a service does so unless it is told to `ask` something else. Where nobody honours it, nothing
comes of it.
"""

from .deadline import Deadline, DeadlineStatistics
from .honour_deadline import HonourDeadline, HonourDeadlineStatistics
from .request_deadline import keeping_deadline, with_deadline

__all__ = [
    "Deadline",
    "DeadlineStatistics",
    "HonourDeadline",
    "HonourDeadlineStatistics",
    "keeping_deadline",
    "with_deadline",
]
