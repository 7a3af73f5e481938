"""The Weibull law: lifetimes whose hazard falls (shape < 1) or rises (shape > 1) with age.

Source: R. B. Abernethy, "The New Weibull Handbook", and any text on reliability.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy  # SciPy loads its parts when they are first used, and most runs use none

from .distribution import Distribution, FloatArray
from .percentiles import read_percentiles
from .validation import require_positive

__all__ = ["Weibull"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weibull(Distribution):
    """Times between failures; with shape < 1 a tail heavier than exponential, though every moment exists.

    Parameters:
        shape: > 0, dimensionless; 1 is exponential.
        scale: > 0, in the unit of the values: the value exceeded with probability 1/e.

    Example:
        >>> Weibull(shape=1.0, scale=3.0).mean
        3.0
    """

    shape: float
    scale: float

    def __post_init__(self) -> None:
        """Check the parameters."""
        require_positive("shape", self.shape)
        require_positive("scale", self.scale)

    @classmethod
    def from_percentiles(cls, **percentiles: float) -> Weibull:
        """Return the law with two given percentiles, such as `p50=0.02, p99=0.2`."""
        low, high = read_percentiles(percentiles, count=2)
        low_hazard, high_hazard = -math.log1p(-low.probability), -math.log1p(-high.probability)
        shape = math.log(high_hazard / low_hazard) / math.log(high.value / low.value)
        return cls(shape=shape, scale=low.value * low_hazard ** (-1.0 / shape))

    @property
    def mean(self) -> float:
        """Scale times Γ(1 + 1/shape)."""
        return float(self.scale * scipy.special.gamma(1.0 + 1.0 / self.shape))

    @property
    def variance(self) -> float:
        """Squared scale times (Γ(1 + 2/shape) - Γ(1 + 1/shape)²)."""
        inverse = 1.0 / self.shape
        if inverse > 0.1:
            gamma = scipy.special.gamma
            return float(self.scale**2 * (gamma(1.0 + 2.0 * inverse) - gamma(1.0 + inverse) ** 2))
        # The difference cancels as the shape grows; ln Γ(1 + x) as a power series in x (Abramowitz & Stegun
        # 6.1.33) leaves the first-order terms out before they can.
        order = np.arange(2.0, 30.0)
        log_ratio = np.sum(scipy.special.zeta(order) / order * (-inverse) ** order * (2.0**order - 2.0))
        return float(self.mean**2 * np.expm1(log_ratio))

    def _cdf(self, value: FloatArray) -> FloatArray:
        return -np.expm1(-self._hazard(value))

    def _survival(self, value: FloatArray) -> FloatArray:
        return np.exp(-self._hazard(value))

    def _quantile(self, probability: FloatArray) -> FloatArray:
        return self.scale * (-np.log1p(-probability)) ** (1.0 / self.shape)

    def _upper_quantile(self, probability: FloatArray) -> FloatArray:
        return self.scale * np.maximum(-np.log(probability), 0.0) ** (1.0 / self.shape)

    def _hazard(self, value: FloatArray) -> FloatArray:
        return (np.maximum(value, 0.0) / self.scale) ** self.shape
