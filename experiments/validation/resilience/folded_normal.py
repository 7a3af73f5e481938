"""The folded normal law |N(mean, deviation)|: the latency of the AWS post on backoff.

An example of a distribution of one's own: a frozen value with a mean, a variance, a cdf and its inverse.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import foldnorm

from simulator.randomness import Distribution

FloatArray = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class FoldedNormal(Distribution):
    """The absolute value of a normal number with the mean `centre` (>= 0) and `deviation` (> 0)."""

    centre: float
    deviation: float

    def __post_init__(self) -> None:
        """Check the parameters."""
        if not self.centre >= 0.0:
            raise ValueError(f"centre must be >= 0, got {self.centre!r}")
        if not self.deviation > 0.0:
            raise ValueError(f"deviation must be > 0, got {self.deviation!r}")

    @property
    def mean(self) -> float:
        """Expected value, above the centre by what is folded over."""
        return float(foldnorm.mean(self._shape, scale=self.deviation))

    @property
    def variance(self) -> float:
        """Variance, in the square of the unit of the values."""
        return float(foldnorm.var(self._shape, scale=self.deviation))

    @property
    def _shape(self) -> float:
        return self.centre / self.deviation

    def sample(self, generator: np.random.Generator, size: int) -> FloatArray:
        """Draw normal numbers and fold them, which is faster than inversion."""
        return np.abs(generator.normal(self.centre, self.deviation, size))

    def _cdf(self, value: FloatArray) -> FloatArray:
        return np.asarray(foldnorm.cdf(value, self._shape, scale=self.deviation))

    def _quantile(self, probability: FloatArray) -> FloatArray:
        return np.asarray(foldnorm.ppf(probability, self._shape, scale=self.deviation))
