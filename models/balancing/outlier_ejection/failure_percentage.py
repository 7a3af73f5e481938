"""Failure percentage: who fails too much, however the others do.

Of the targets that had at least `request_volume` calls in the interval, provided that these are at least
`minimum_hosts`, those are outliers of whose calls `threshold` percent or more have failed. Off by default in
Envoy: where all fail, all are outliers, up to the share that may be ejected.

Source: Envoy, `DetectorImpl::processSuccessRateEjections`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .interval_counts import IntervalCounts


@dataclass(frozen=True, slots=True)
class FailurePercentage:
    """Finds those that fail too much; `threshold` in percent, `name` and `enforcing` as elsewhere."""

    name: str
    minimum_hosts: int
    request_volume: int
    threshold: float
    enforcing: float

    def outliers(self, counts: Sequence[IntervalCounts]) -> list[int]:
        """Return the places of the outliers among the targets that have these counts."""
        places = [place for place, each in enumerate(counts) if each.total >= self.request_volume]
        if len(places) < self.minimum_hosts:
            return []
        return [place for place in places if counts[place].failure_percentage >= self.threshold]
