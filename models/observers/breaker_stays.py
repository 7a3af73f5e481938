"""The states of a circuit breaker over time, read from the event log."""

from __future__ import annotations

from typing import NamedTuple

from simulator import EventLog

from ..resilience import BreakerState

_KIND = "breaker."


class BreakerStay(NamedTuple):
    """A breaker's stay in one state, from `start` to `end` (s)."""

    state: BreakerState
    start: float
    end: float


def breaker_stays(log: EventLog, name: str, until: float) -> list[BreakerStay]:
    """Return the states of the breaker called `name` from 0 to `until` (s), in order; it starts closed."""
    changes = [(0.0, BreakerState.CLOSED)] + [
        (record.time, BreakerState(record.kind.removeprefix(_KIND)))
        for record in log.between(0.0, until)
        if record.kind.startswith(_KIND) and record.subject == name
    ]
    ends = [time for time, _ in changes[1:]] + [until]
    return [BreakerStay(state, start, end) for (start, state), end in zip(changes, ends, strict=True)]


def breaker_names(log: EventLog, until: float) -> list[str]:
    """Return the names of the breakers that changed their state before `until` (s), sorted."""
    return sorted({record.subject for record in log.between(0.0, until) if record.kind.startswith(_KIND)})
