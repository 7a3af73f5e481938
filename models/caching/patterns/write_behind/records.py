"""What is counted of writes that wait, and what is lost of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.measurement import GaugeStatistics


@dataclass(frozen=True, slots=True, kw_only=True)
class LostWrite:
    """A write of `key` that was acknowledged at `acknowledged_at` and lost with the cache at `lost_at` (s).

    Its value, or that of a later write, had been sent `attempt_count` times, and may have arrived if that is
    not 0.
    """

    key: Any
    acknowledged_at: float
    lost_at: float
    attempt_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteBehindStatistics:
    """What has become of the writes: acknowledged = flushed + coalesced + lost + waiting now.

    Of `acknowledged_count` writes the target has acknowledged `flushed_count`; `coalesced_count` were
    overwritten by a later one before, which was flushed in their place; `lost_count` went with the cache; and
    `waiting_count` are dirty or in flight now, `sent_count` of them have been sent and may have arrived.
    `rejected_count` found too many dirty keys, `through_count` were of those that cannot wait. The target was
    asked `attempt_count` times to do a flush. `answered_count` reads found no entry and were told a dirty
    value. `dirty` is the number of keys that are dirty or in flight; one that was flushed had been so for
    `dirty_time_mean` seconds, nan if none was.
    """

    acknowledged_count: int
    flushed_count: int
    coalesced_count: int
    lost_count: int
    waiting_count: int
    sent_count: int
    rejected_count: int
    through_count: int
    attempt_count: int
    answered_count: int
    dirty_time_mean: float
    dirty: GaugeStatistics
