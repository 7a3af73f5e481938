"""How many calls to a target ended in an interval, and how many of them well."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class IntervalCounts:
    """Of `total` calls, `successes` were answered."""

    total: int = 0
    successes: int = 0

    @property
    def success_rate(self) -> float:
        """The share of successes; of no call at all it is not defined, and nobody asks."""
        return self.successes / self.total

    @property
    def failure_percentage(self) -> float:
        """The share of failures in percent, in one division, so that a whole percentage is exact."""
        return 100.0 * (self.total - self.successes) / self.total
