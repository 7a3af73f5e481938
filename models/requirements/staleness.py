"""Staleness: how far behind the truth the values are that users read.

A percentile, by nearest rank, of the staleness of reads: seconds since the value read was replaced by a newer
one; 0 for a current value. Reads that failed have no value and are availability's affair.

Leaves out: staleness in versions. Source: Bailis et al., "Probabilistically Bounded Staleness for Practical
Partial Quorums" (VLDB 2012), t-visibility.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.measurement import nearest_rank_percentiles

from ..validation import require_finite_duration, require_percentile
from .evidence import Evidence
from .objective import CLOCK_ROUNDING, NOTHING, Measured, Objective, measured_share


@dataclass(frozen=True, slots=True, kw_only=True)
class StalenessObjective(Objective):
    """The `percentile` (in (0, 100]) of staleness is at most `at_most` seconds (finite, > 0).

    Example: `StalenessObjective(percentile=99.9, at_most=5.0)`.
    """

    percentile: float = 99.0
    at_most: float = 1.0
    unit = "s"

    def __post_init__(self) -> None:
        """Check the numbers."""
        require_percentile("percentile", self.percentile)
        require_finite_duration("at_most", self.at_most)

    @property
    def name(self) -> str:
        """As "p99 staleness <= 1 s"."""
        return f"p{self.percentile:.12g} staleness <= {self.at_most:.12g} s"

    @property
    def bound(self) -> float:
        """The highest staleness in seconds."""
        return self.at_most

    def measure(self, evidence: Evidence) -> Measured:
        """Return the percentile in seconds."""
        staleness = evidence.staleness
        if not len(staleness):
            return NOTHING
        value = float(nearest_rank_percentiles(staleness, [self.percentile])[0])
        fresh_count = int(np.count_nonzero(staleness <= self.at_most + CLOCK_ROUNDING))
        return measured_share(value, fresh_count, len(staleness), self.percentile / 100.0)
