"""Availability: the share of requests that were answered.

Of those sent in the window: a request that still hangs was not answered, although it has not failed yet.
(`RequestSample.availability` is over those that ended, as the glossary has it; a promise must not get better
by keeping silent.)

Leaves out: availability as a share of time ("minutes up"), which hides how many were there to see it. Source:
Beyer et al., "Site Reliability Engineering" (2016), chapter 3, request success rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
import numpy.typing as npt

from simulator.measurement import RequestSample

from ..validation import require_share
from .evidence import Evidence
from .objective import NOTHING, Measured, RequestObjective, about

_DEGRADED = "degraded"


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailabilityObjective(RequestObjective):
    """At least a share `at_least` (in (0, 1]) of the requests is answered.

    `operation`: see `RequestObjective`. With `counts_degraded=False` an answer with something missing is
    none.

    Example: `AvailabilityObjective(at_least=0.999, operation="buy")`.
    """

    at_least: float = 0.999
    operation: str | None = None
    counts_degraded: bool = True

    def __post_init__(self) -> None:
        """Check the share."""
        require_share("at_least", self.at_least)

    @property
    def name(self) -> str:
        """As "availability >= 0.999"."""
        which = "" if self.counts_degraded else " in full"
        return f"availability{about(self.operation)}{which} >= {self.at_least:.12g}"

    @property
    def bound(self) -> float:
        """The lowest share."""
        return self.at_least

    @property
    def share_required(self) -> float:
        """The lowest share."""
        return self.at_least

    def good(self, requests: RequestSample) -> npt.NDArray[np.bool_]:
        """Return which requests were answered, or answered in full."""
        if self.counts_degraded or _DEGRADED not in requests.outcomes:
            return requests.succeeded
        is_full: npt.NDArray[np.bool_] = requests.outcome != requests.outcomes.index(_DEGRADED)
        return requests.succeeded & is_full

    def measure(self, evidence: Evidence) -> Measured:
        """Return the share of requests sent that were answered."""
        if evidence.requests is None:
            return NOTHING
        requests = self.counted(evidence.requests)
        sent = len(requests) + evidence.in_flight_count
        value = int(np.count_nonzero(self.good(requests))) / sent if sent else nan
        return self.measured(value, requests, evidence.in_flight_count)
