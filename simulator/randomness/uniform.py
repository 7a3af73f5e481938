"""The continuous uniform law on an interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .distribution import Distribution, FloatArray
from .validation import require_finite

__all__ = ["Uniform"]


@dataclass(frozen=True, slots=True)
class Uniform(Distribution):
    """Every value of an interval is equally likely.

    Parameters:
        minimum: lower end, any finite number.
        maximum: upper end, > minimum; never drawn itself.

    Example:
        >>> Uniform(0.0, 0.1).mean
        0.05
    """

    minimum: float
    maximum: float

    def __post_init__(self) -> None:
        """Check the parameters."""
        require_finite("minimum", self.minimum)
        require_finite("maximum", self.maximum)
        if not self.minimum < self.maximum:
            raise ValueError(f"maximum must be > minimum ({self.minimum}), got {self.maximum}")

    @property
    def mean(self) -> float:
        """Middle of the interval."""
        return (self.minimum + self.maximum) / 2.0

    @property
    def variance(self) -> float:
        """A twelfth of the squared width."""
        return (self.maximum - self.minimum) ** 2 / 12.0

    def _cdf(self, value: FloatArray) -> FloatArray:
        return np.clip((value - self.minimum) / (self.maximum - self.minimum), 0.0, 1.0)

    def _survival(self, value: FloatArray) -> FloatArray:
        return np.clip((self.maximum - value) / (self.maximum - self.minimum), 0.0, 1.0)

    def _quantile(self, probability: FloatArray) -> FloatArray:
        # Rounding may carry the sum past the end by one unit in the last place.
        return np.minimum(self.minimum + (self.maximum - self.minimum) * probability, self.maximum)

    def _upper_quantile(self, probability: FloatArray) -> FloatArray:
        return np.maximum(self.maximum - (self.maximum - self.minimum) * probability, self.minimum)
