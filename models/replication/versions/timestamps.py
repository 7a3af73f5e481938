"""Timestamps of a writer that grow whatever its clock does: what Cassandra's drivers and coordinators see to.

A clock that stands still, or is set back, would let a writer's later write lose to its earlier one. So each
timestamp is later than the last one by a microsecond, or by more where a clock says so much that this is
nothing. Source: Cassandra's `ClientState`, and the monotonic timestamp generators of its drivers; both have
the last one in memory.
"""

from __future__ import annotations

from math import inf, nextafter

_TICK = 1e-6


def next_timestamp(now: float, last: float) -> float:
    """Return the timestamp of a write at `now` of the writer's clock, after its `last` one (-inf: none)."""
    return max(now, last + _TICK, nextafter(last, inf))
