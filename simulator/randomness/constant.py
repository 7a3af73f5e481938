"""The constant: every draw is the same value, and none touches the stream."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .distribution import Distribution, FloatArray
from .moments import Moments
from .validation import require_finite

__all__ = ["Constant"]


@dataclass(frozen=True, slots=True)
class Constant(Distribution):
    """The law of a fixed value, for deterministic service times and for switching randomness off.

    Parameters:
        value: any finite number, in the unit of what is modelled.

    Example:
        >>> Constant(0.05).variance
        0.0
    """

    value: float

    def __post_init__(self) -> None:
        """Check the parameters."""
        require_finite("value", self.value)

    @property
    def mean(self) -> float:
        """The value."""
        return float(self.value)

    @property
    def variance(self) -> float:
        """Always 0."""
        return 0.0

    def sample(self, generator: np.random.Generator, size: int) -> FloatArray:
        """Return the value `size` times; the generator does not advance."""
        return np.full(size, self.value, dtype=np.float64)

    def moments_between(self, minimum: float, maximum: float) -> Moments:
        """Return the value and 0."""
        if not minimum <= self.value <= maximum:
            raise ValueError(f"interval must contain the constant, got [{minimum}, {maximum}] for {self!r}")
        return Moments(self.mean, 0.0)

    def _cdf(self, value: FloatArray) -> FloatArray:
        return np.where(value >= self.value, 1.0, 0.0)

    def _quantile(self, probability: FloatArray) -> FloatArray:
        return np.full(probability.shape, self.value, dtype=np.float64)
