"""Goodput: answers per second that came in time.

Throughput counts whatever ends; under overload it stays high with answers that nobody waits for. Goodput is
what is left of it. A lower bound on goodput is met by a system with enough users: judge it at a stated load.

Leaves out: the value of an answer. Source: the glossary; Floyd and Fall, "Promoting the Use of End-to-End
Congestion Control in the Internet" (IEEE/ACM ToN 7, 1999), for how the two come apart in congestion collapse.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from ..validation import require_finite_duration, require_positive
from .evidence import Evidence
from .objective import CLOCK_ROUNDING, NOTHING, Measured, Objective, about


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodputObjective(Objective):
    """At least `at_least` requests per second are answered `within` so many seconds (both finite, > 0).

    `operation` is the one it is about; None: all. Where nobody asks there is no evidence. The margin is in
    answers per second, its noise that of Poisson arrivals.

    Example: `GoodputObjective(within=0.3, at_least=80.0)`.
    """

    within: float
    at_least: float
    operation: str | None = None
    unit = "1/s"

    def __post_init__(self) -> None:
        """Check the numbers."""
        require_finite_duration("within", self.within)
        require_positive("at_least", self.at_least, "per s")

    @property
    def name(self) -> str:
        """As "goodput within 0.3 s >= 80/s"."""
        what = f"goodput{about(self.operation)} within {self.within:.12g} s"
        return f"{what} >= {self.at_least:.12g}/s"

    @property
    def bound(self) -> float:
        """The lowest rate per second."""
        return self.at_least

    def measure(self, evidence: Evidence) -> Measured:
        """Return the answers in time per second of the window."""
        if evidence.requests is None:
            return NOTHING
        requests = evidence.requests
        if self.operation is not None:
            requests = requests.of_operation(self.operation)
        if not len(requests) and not evidence.in_flight_count:
            return NOTHING
        count = int(np.count_nonzero(requests.in_time(self.within + CLOCK_ROUNDING)))
        value = count / evidence.duration
        return Measured(value, value - self.at_least, sqrt(self.at_least / evidence.duration))
