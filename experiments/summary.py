"""What replications say together: means with 95 % Student-t intervals, and paired comparisons.

Replications with different seeds are independent, so the t interval over their means is the textbook one
(Law, Simulation Modeling and Analysis, 5th ed., 9.4). Two points of one sweep share seeds; the difference per
seed then varies less than either (common random numbers, ibid. 11.2), and the interval is taken over the
differences (paired t, ibid. 10.2.1).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # SciPy loads its parts when they are first used, and most runs use none

CONFIDENCE = 0.95
"""The confidence of every interval that GameDay prints or draws, unless asked otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean with its interval: `mean` +/- `half_width`; nan where too few values allow neither.

    `count` is how many replications had a value, `missing_count` how many had none (nan).
    """

    mean: float
    half_width: float
    standard_deviation: float
    count: int
    missing_count: int = 0
    confidence: float = CONFIDENCE

    @property
    def low(self) -> float:
        """The lower end of the interval."""
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        """The upper end of the interval."""
        return self.mean + self.half_width


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The paired difference `other - baseline` of one measure over the seeds that both points ran."""

    measure: str
    difference: Estimate
    baseline_mean: float
    other_mean: float

    @property
    def significant(self) -> bool:
        """Whether the interval of the difference leaves out zero."""
        return self.difference.low > 0 or self.difference.high < 0


def estimate(values: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """Mean and Student-t interval of independent `values`; nan values are left out and counted.

    One value has a mean but no interval (`half_width` nan). Raises ValueError unless 0 < confidence < 1.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be > 0 and < 1, got {confidence}")
    sample = np.asarray([value for value in values if not math.isnan(value)], dtype=float)
    count = len(sample)
    finite = bool(np.isfinite(sample).all())
    # An infinite value makes an infinite mean; two that contradict make nan, without the warning that NumPy
    # would give.
    mean = math.nan if count == 0 else float(sample.mean()) if finite else sum(sample.tolist())
    deviation = float(sample.std(ddof=1)) if count > 1 and finite else math.nan
    quantile = float(scipy.special.stdtrit(count - 1, 0.5 + confidence / 2)) if count > 1 else math.nan
    return Estimate(
        mean=mean,
        half_width=quantile * deviation / math.sqrt(count) if count > 1 else math.nan,
        standard_deviation=deviation,
        count=count,
        missing_count=len(values) - count,
        confidence=confidence,
    )


def compare_paired(
    measure: str, baseline: Mapping[int, float], other: Mapping[int, float], confidence: float = CONFIDENCE
) -> Comparison:
    """Compare two points by their values per seed; seeds that only one of them ran are left out.

    Raises ValueError if they have no seed in common.
    """
    shared = sorted(
        seed
        for seed in baseline.keys() & other.keys()
        if not (math.isnan(baseline[seed]) or math.isnan(other[seed]))
    )
    if not shared:
        raise ValueError(f"points to compare must share a seed with a value of {measure}, got none")
    return Comparison(
        measure=measure,
        difference=estimate([other[seed] - baseline[seed] for seed in shared], confidence),
        baseline_mean=estimate([baseline[seed] for seed in shared]).mean,
        other_mean=estimate([other[seed] for seed in shared]).mean,
    )
