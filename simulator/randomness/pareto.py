"""The Pareto law, whole or bounded: sizes and durations where a few hold most of the total.

Source for the bounded form: M. Harchol-Balter, "Performance Modeling and Design of Computer Systems", ch. 20.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy  # SciPy loads its parts when they are first used, and most runs use none

from .conditional import ConditionalLaw
from .distribution import Distribution, FloatArray
from .moments import Moments, integrated_moments
from .percentiles import read_percentiles
from .validation import require_positive

__all__ = ["Pareto"]

_NARROW = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pareto(Distribution):
    """P(X > x) = (minimum / x) ** shape, cut off at `maximum` if one is given.

    The unbounded law has an infinite variance for shape <= 2 and an infinite mean for shape <= 1: sample
    means then do not settle, however long the run. Bound it unless that is the point.

    Parameters:
        shape: > 0, dimensionless; heavier tail for smaller values.
        minimum: > 0, in the unit of the values.
        maximum: > minimum; infinite by default.

    Example:
        >>> Pareto(shape=2.0, minimum=1.0).mean
        2.0
    """

    shape: float
    minimum: float
    maximum: float = math.inf

    def __post_init__(self) -> None:
        """Check the parameters."""
        require_positive("shape", self.shape)
        require_positive("minimum", self.minimum)
        if not self.maximum > self.minimum:
            raise ValueError(f"maximum must be > minimum ({self.minimum}), got {self.maximum}")

    @classmethod
    def from_percentiles(cls, **percentiles: float) -> Pareto:
        """Return the unbounded law with two given percentiles, such as `p50=0.02, p99=0.2`."""
        low, high = read_percentiles(percentiles, count=2)
        low_log, high_log = -math.log1p(-low.probability), -math.log1p(-high.probability)
        shape = (high_log - low_log) / math.log(high.value / low.value)
        return cls(shape=shape, minimum=low.value * math.exp(-low_log / shape))

    @property
    def mean(self) -> float:
        """Exact; `math.inf` if unbounded with shape <= 1."""
        return self._moments().mean

    @property
    def variance(self) -> float:
        """Exact; `math.inf` if unbounded with shape <= 2."""
        return self._moments().variance

    def moments_between(self, minimum: float, maximum: float) -> Moments:
        """Return mean and variance within the interval: those of another Pareto law."""
        low, high = max(minimum, self.minimum), min(maximum, self.maximum)
        if not low < high:
            raise ValueError(f"interval must overlap the law, got [{minimum}, {maximum}] for {self!r}")
        return Pareto(shape=self.shape, minimum=low, maximum=high)._moments()

    def _moments(self) -> Moments:
        if math.isinf(self.maximum):
            return self._unbounded_moments()
        if self._log_ratio < _NARROW:
            # The closed form subtracts two nearly equal moments here.
            return integrated_moments(ConditionalLaw(self, self.minimum, self.maximum))
        exprel = scipy.special.exprel
        first, second = (
            float(exprel((order - self.shape) * self._log_ratio) / exprel(-self.shape * self._log_ratio))
            for order in (1, 2)
        )
        return Moments(self.minimum * first, self.minimum**2 * (second - first**2))

    def _unbounded_moments(self) -> Moments:
        shape = self.shape
        mean = self.minimum * shape / (shape - 1.0) if shape > 1.0 else math.inf
        variance = mean**2 / (shape * (shape - 2.0)) if shape > 2.0 else math.inf
        return Moments(mean, variance)

    @property
    def _log_ratio(self) -> float:
        return math.log(self.maximum / self.minimum)

    @property
    def _negative_mass(self) -> float:
        """Minus the share of the unbounded law that lies below the maximum: -1 if there is none."""
        return math.expm1(-self.shape * self._log_ratio)

    @property
    def _beyond(self) -> float:
        """The share of the unbounded law that lies beyond the maximum."""
        return math.exp(-self.shape * self._log_ratio)

    def _cdf(self, value: FloatArray) -> FloatArray:
        return np.expm1(-self.shape * self._log_excess(value)) / self._negative_mass

    def _survival(self, value: FloatArray) -> FloatArray:
        excess = self._log_excess(value)
        # A difference of logarithms would be inf - inf at the end of the unbounded law.
        left = np.expm1(-self.shape * (self._log_ratio - excess)) if math.isfinite(self.maximum) else -1.0
        return np.exp(-self.shape * excess) * left / self._negative_mass

    def _quantile(self, probability: FloatArray) -> FloatArray:
        return self._inverse(probability, 1.0 - probability)

    def _upper_quantile(self, probability: FloatArray) -> FloatArray:
        return self._inverse(1.0 - probability, probability)

    def _inverse(self, lower: FloatArray, upper: FloatArray) -> FloatArray:
        near, far = np.log1p(lower * self._negative_mass), np.log(upper + lower * self._beyond)
        log_excess = np.where(lower < 0.5, near, far) / -self.shape
        return np.clip(self.minimum * np.exp(log_excess), self.minimum, self.maximum)

    def _log_excess(self, value: FloatArray) -> FloatArray:
        return np.log(np.clip(value, self.minimum, self.maximum) / self.minimum)
