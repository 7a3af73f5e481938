"""The exponential law: the time to the next event of something without memory."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from .distribution import Distribution, FloatArray
from .percentiles import read_percentiles
from .validation import require_positive

__all__ = ["Exponential"]


@dataclass(frozen=True, slots=True)
class Exponential(Distribution):
    """Gaps between Poisson arrivals, and the service time of textbook queues.

    Parameters:
        mean: > 0, in the unit of the values; for an arrival rate, `1 / rate`.

    Example:
        >>> Exponential(mean=0.05).standard_deviation
        0.05
    """

    mean: float = field()

    def __post_init__(self) -> None:
        """Check the parameters."""
        require_positive("mean", self.mean)

    @classmethod
    def from_percentiles(cls, **percentiles: float) -> Exponential:
        """Return the law with one given percentile, such as `p99=0.2`.

        Example:
            >>> round(Exponential.from_percentiles(p50=1.0).mean, 4)
            1.4427
        """
        (point,) = read_percentiles(percentiles, count=1)
        return cls(mean=-point.value / math.log1p(-point.probability))

    @property
    def variance(self) -> float:
        """The squared mean."""
        return self.mean**2

    @property
    def standard_deviation(self) -> float:
        """Equal to the mean."""
        return self.mean

    def sample(self, generator: np.random.Generator, size: int) -> FloatArray:
        """Draw by NumPy's ziggurat, which is faster than inversion."""
        return generator.exponential(self.mean, size)

    def _cdf(self, value: FloatArray) -> FloatArray:
        return -np.expm1(-np.maximum(value, 0.0) / self.mean)

    def _survival(self, value: FloatArray) -> FloatArray:
        return np.exp(-np.maximum(value, 0.0) / self.mean)

    def _quantile(self, probability: FloatArray) -> FloatArray:
        return -self.mean * np.log1p(-probability)

    def _upper_quantile(self, probability: FloatArray) -> FloatArray:
        return np.maximum(-self.mean * np.log(probability), 0.0)  # -0.0 at probability 1
