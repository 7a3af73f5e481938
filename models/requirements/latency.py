"""Latency: a percentile of the time to an answer, with the failed requests in it.

The percentile is by nearest rank over all requests that were sent in the window. One that failed, or hangs,
was never answered: its time is infinite. Were only the answered ones counted, a shop that turns away half its
visitors at once would have the best latency of all.

Leaves out: means, which nobody experiences. Source: Beyer et al., "Site Reliability Engineering" (2016),
chapter 4, for percentiles; Dean and Barroso, "The Tail at Scale" (CACM 56, 2013), for why the high ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulator.measurement import RequestSample, nearest_rank_percentiles

from ..validation import require_finite_duration, require_percentile
from .evidence import Evidence
from .objective import CLOCK_ROUNDING, NOTHING, Measured, RequestObjective, about


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyObjective(RequestObjective):
    """The `percentile` (in (0, 100]) of the time to an answer is at most `at_most` seconds (finite, > 0).

    `operation`: see `RequestObjective`. With `counts_failures=False` only answered requests are looked at, as
    dashboards mostly do; pair that with an `AvailabilityObjective`.

    Example: `LatencyObjective(percentile=99.0, at_most=0.3, operation="browse")`.
    """

    percentile: float = 99.0
    at_most: float = 0.3
    operation: str | None = None
    counts_failures: bool = True
    unit = "s"

    def __post_init__(self) -> None:
        """Check the numbers."""
        require_percentile("percentile", self.percentile)
        require_finite_duration("at_most", self.at_most)

    @property
    def name(self) -> str:
        """As "p99 latency <= 0.3 s"."""
        which = "" if self.counts_failures else " where answered"
        return f"p{self.percentile:.12g} latency{about(self.operation)}{which} <= {self.at_most:.12g} s"

    @property
    def bound(self) -> float:
        """The highest latency in seconds."""
        return self.at_most

    @property
    def share_required(self) -> float:
        """The percentile as a share: so many must be fast enough."""
        return self.percentile / 100.0

    def counted(self, requests: RequestSample) -> RequestSample:
        """Return those of the operation, and without failures only those that were answered."""
        requests = RequestObjective.counted(self, requests)
        return requests if self.counts_failures else requests.where(requests.succeeded)

    def good(self, requests: RequestSample) -> npt.NDArray[np.bool_]:
        """Return which requests were answered in time."""
        return requests.in_time(self.at_most + CLOCK_ROUNDING)

    def measure(self, evidence: Evidence) -> Measured:
        """Return the percentile in seconds, infinity where so many were never answered."""
        if evidence.requests is None:
            return NOTHING
        requests = self.counted(evidence.requests)
        never_count = evidence.in_flight_count if self.counts_failures else 0
        times = np.where(requests.succeeded, requests.latency, np.inf)
        times = np.append(times, np.full(never_count, np.inf))
        value = float(nearest_rank_percentiles(times, [self.percentile])[0])
        return self.measured(value, requests, never_count)
