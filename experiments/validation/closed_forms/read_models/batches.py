"""How far a read model is behind that reads a log in batches, each of which takes the same time.

Commits come at random, `rate` per second. After a read that has found some the next one comes a gap `busy`
later; after one that has found none it comes a gap `idle` later, or, where a reader may wait at the log, at
once with the next commit. What a read finds is shown `showing` seconds after it (of the gap `busy`).

How long a gap is depends on the read before it, and not on what comes in it. So reads are a chain of two
states, found some and found none, and in a gap of length g there come on average rate g commits, at moments
that are uniform in it: that is all. Source: renewal reward (Ross, "Introduction to Probability Models", 10th
ed. 2010, section 7.4); a reader that waits is a server of batches of any size (Bailey, "On Queueing Processes
with Bulk Service", 1954), with a service of constant length.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, expm1

from ..stability import require_positive


def showing_time_by_polling(rate: float, *, idle: float, busy: float, showing: float) -> float:
    """Return how many seconds a commit is in the log, on average, before it is shown."""
    gaps = _gaps(rate, idle, busy)
    waiting = sum(share * gap**2 / 2.0 for share, gap in gaps)
    return waiting / sum(share * gap for share, gap in gaps) + showing


def behind_probability_by_polling(rate: float, *, idle: float, busy: float, showing: float) -> float:
    """Return for which share of the time the read model lacks a commit at least."""
    (is_idle, idle), (is_busy, busy) = gaps = _gaps(rate, idle, busy)
    lacking = is_idle * _lacking(rate, 0.0, idle)
    lacking += is_busy * (showing + _lacking(rate, showing, busy))
    return lacking / sum(share * gap for share, gap in gaps)


def showing_time_by_waiting(rate: float, *, busy: float, showing: float) -> float:
    """Return the same where a reader that has found nothing waits at the log for the next commit."""
    require_positive("rate", rate)
    require_positive("busy", busy)
    come_in_gap = rate * busy
    return come_in_gap * busy / 2.0 / (come_in_gap + exp(-come_in_gap)) + showing


def behind_probability_by_waiting(rate: float, *, busy: float, showing: float) -> float:
    """Return for which share of the time it lacks one then: never while it waits."""
    require_positive("rate", rate)
    require_positive("busy", busy)
    waiting = exp(-rate * busy) / rate
    return (showing + _lacking(rate, showing, busy)) / (busy + waiting)


def _gaps(rate: float, idle: float, busy: float) -> Sequence[tuple[float, float]]:
    """Return of how many reads the next one is an idle gap later, and a busy one, with these gaps."""
    for name, value in (("rate", rate), ("idle", idle), ("busy", busy)):
        require_positive(name, value)
    finds_none_after_none, finds_some_after_some = exp(-rate * idle), -expm1(-rate * busy)
    leave_idle, leave_busy = 1.0 - finds_none_after_none, 1.0 - finds_some_after_some
    is_idle = leave_busy / (leave_idle + leave_busy)
    return (is_idle, idle), (1.0 - is_idle, busy)


def _lacking(rate: float, first: float, last: float) -> float:
    """Return for how long, between two moments after a read, something has come since it."""
    return last - first + (exp(-rate * last) - exp(-rate * first)) / rate
