"""The lognormal law: the usual picture of latencies, a bulk and a long tail to the right."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import scipy  # SciPy loads its parts when they are first used, and most runs use none

from .distribution import Distribution, FloatArray
from .percentiles import read_percentiles
from .validation import require_positive

__all__ = ["LogNormal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogNormal(Distribution):
    """The exponential of a normal variable, given by its own mean and deviation, not its logarithm's.

    Parameters:
        mean: > 0, in the unit of the values.
        standard_deviation: > 0, in the unit of the values.

    Example:
        >>> round(LogNormal.from_percentiles(p50=0.02, p99=0.2).quantile(0.99), 12)
        0.2
    """

    mean: float = field()
    standard_deviation: float = field()

    def __post_init__(self) -> None:
        """Check the parameters."""
        require_positive("mean", self.mean)
        require_positive("standard_deviation", self.standard_deviation)

    @classmethod
    def from_percentiles(cls, **percentiles: float) -> LogNormal:
        """Return the law with two given percentiles, such as `p50=0.02, p99=0.2` or `p95=..., p999=...`."""
        low, high = read_percentiles(percentiles, count=2)
        low_score, high_score = (float(scipy.special.ndtri(each.probability)) for each in (low, high))
        sigma = math.log(high.value / low.value) / (high_score - low_score)
        mu = math.log(low.value) - sigma * low_score
        try:
            mean = math.exp(mu + sigma**2 / 2.0)
            return cls(mean=mean, standard_deviation=mean * math.sqrt(math.expm1(sigma**2)))
        except OverflowError:
            raise ValueError(f"percentiles must give a finite variance, got {percentiles}") from None

    @property
    def variance(self) -> float:
        """The squared standard deviation."""
        return self.standard_deviation**2

    def sample(self, generator: np.random.Generator, size: int) -> FloatArray:
        """Draw by NumPy's ziggurat, which is faster than inversion."""
        return generator.lognormal(self._mu, self._sigma, size)

    @property
    def _sigma(self) -> float:
        return math.sqrt(math.log1p((self.standard_deviation / self.mean) ** 2))

    @property
    def _mu(self) -> float:
        return math.log(self.mean) - self._sigma**2 / 2.0

    def _cdf(self, value: FloatArray) -> FloatArray:
        return scipy.special.ndtr(self._score(value))

    def _survival(self, value: FloatArray) -> FloatArray:
        return scipy.special.ndtr(-self._score(value))

    def _quantile(self, probability: FloatArray) -> FloatArray:
        return np.exp(self._mu + self._sigma * scipy.special.ndtri(probability))

    def _upper_quantile(self, probability: FloatArray) -> FloatArray:
        return np.exp(self._mu - self._sigma * scipy.special.ndtri(probability))

    def _score(self, value: FloatArray) -> FloatArray:
        return (np.log(np.maximum(value, 0.0)) - self._mu) / self._sigma
