"""Success rate: who is much worse than the others.

Of the targets that had at least `request_volume` calls in the interval, provided that these are at least
`minimum_hosts`, those are outliers whose share of successes is below

    mean - stdev_factor x standard deviation

of these shares. The standard deviation is that of the population (the sum of squares over n), and the mean is
that of the targets, not of the calls. Five targets of which one fails half of its calls: mean .9, deviation
.2, threshold .9 - 1.9 x .2 = .52, and .50 is below. Four of them would not do: one of n can be at most
sqrt(n - 1) deviations from the mean, which is 1.9 and more from n = 5 on.

The deviation is measured, not given: where all targets are alike and fail now and then, chance alone makes
outliers. Of 20 targets about one is ejected for nothing at every other sweep, of 5 at every thirtieth (0.55
and 0.033 on average: `gameday validate` has a check of it, after Thompson).

Source: Envoy, `DetectorImpl::successRateEjectionThreshold` (and its example).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from .interval_counts import IntervalCounts


@dataclass(frozen=True, slots=True)
class SuccessRate:
    """Finds those whose success rate is far below that of the others; `name`, `enforcing` as elsewhere."""

    name: str
    minimum_hosts: int
    request_volume: int
    stdev_factor: float
    enforcing: float

    def outliers(self, counts: Sequence[IntervalCounts]) -> list[int]:
        """Return the places of the outliers among the targets that have these counts."""
        places = [place for place, each in enumerate(counts) if each.total >= self.request_volume]
        if len(places) < self.minimum_hosts:
            return []
        rates = [counts[place].success_rate for place in places]
        threshold = ejection_threshold(rates, self.stdev_factor)
        return [place for place, rate in zip(places, rates, strict=True) if rate < threshold]


def ejection_threshold(rates: Sequence[float], stdev_factor: float) -> float:
    """Return the success rate below which a target is an outlier, given those of all."""
    mean = sum(rates) / len(rates)
    variance = sum((rate - mean) ** 2 for rate in rates) / len(rates)
    return mean - stdev_factor * sqrt(variance)
