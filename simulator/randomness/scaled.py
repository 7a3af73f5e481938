"""A law in another unit or on a slower machine: milliseconds from a log to seconds, a host at half speed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .distribution import Distribution, FloatArray
from .moments import Moments
from .validation import require_positive

__all__ = ["Scaled"]


@dataclass(frozen=True, slots=True)
class Scaled(Distribution):
    """component * factor.

    Parameters:
        component: any law.
        factor: > 0, dimensionless or a change of unit.

    Example:
        >>> from simulator.randomness import Constant
        >>> Scaled(Constant(20.0), factor=0.001).mean
        0.02
    """

    component: Distribution
    factor: float

    def __post_init__(self) -> None:
        """Check the parameters."""
        if not isinstance(self.component, Distribution):
            raise TypeError(f"component must be a Distribution, got {self.component!r}")
        require_positive("factor", self.factor)

    @property
    def mean(self) -> float:
        """The component's mean times the factor."""
        return self.component.mean * self.factor

    @property
    def variance(self) -> float:
        """The component's variance times the squared factor."""
        return self.component.variance * self.factor**2

    def sample(self, generator: np.random.Generator, size: int) -> FloatArray:
        """Draw from the component and multiply."""
        return self.component.sample(generator, size) * self.factor

    def moments_between(self, minimum: float, maximum: float) -> Moments:
        """Return the component's moments between the scaled ends, scaled back."""
        mean, variance = self.component.moments_between(minimum / self.factor, maximum / self.factor)
        return Moments(mean * self.factor, variance * self.factor**2)

    def _cdf(self, value: FloatArray) -> FloatArray:
        return self.component.cdf(value / self.factor)

    def _survival(self, value: FloatArray) -> FloatArray:
        return self.component.survival(value / self.factor)

    def _quantile(self, probability: FloatArray) -> FloatArray:
        return self.component.quantile(probability) * self.factor

    def _upper_quantile(self, probability: FloatArray) -> FloatArray:
        return self.component.upper_quantile(probability) * self.factor
