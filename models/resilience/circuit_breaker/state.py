"""The states of a circuit breaker, and what is known of one that has run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class BreakerState(StrEnum):
    """Where a breaker stands; its value is the second half of the event log's kind ("breaker.open")."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    DISABLED = "disabled"
    """Lets everything through and records nothing."""
    FORCED_OPEN = "forced_open"
    """Lets nothing through, until it is told otherwise."""
    METRICS_ONLY = "metrics_only"
    """Lets everything through and records it, but never opens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitBreakerStatistics:
    """What a breaker has done so far.

    `permitted_count` calls were let through and `rejected_count` were not; of the former `failed_count` ended
    in what counts as a failure and `ignored_count` in what is ignored; `late_count` ended in another state
    than they began in. It has opened `opened_count` times. In its present state, `total_count_now` results
    count, of which `failed_count_now` failed and `slow_count_now` were slow; `free_trial_count` trials may
    still begin (0 unless half-open).
    """

    state: BreakerState
    permitted_count: int
    rejected_count: int
    failed_count: int
    ignored_count: int
    late_count: int
    opened_count: int
    total_count_now: int
    failed_count_now: int
    slow_count_now: int
    free_trial_count: int
