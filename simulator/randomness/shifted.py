"""A law moved along the axis: a fixed cost under a random one, such as a wire delay under queueing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .distribution import Distribution, FloatArray
from .moments import Moments
from .validation import require_finite

__all__ = ["Shifted"]


@dataclass(frozen=True, slots=True)
class Shifted(Distribution):
    """component + offset.

    Parameters:
        component: any law.
        offset: any finite number, in the unit of the values; a negative one may make values negative.

    Example:
        >>> from simulator.randomness import Exponential
        >>> Shifted(Exponential(mean=0.25), offset=0.5).mean
        0.75
    """

    component: Distribution
    offset: float

    def __post_init__(self) -> None:
        """Check the parameters."""
        if not isinstance(self.component, Distribution):
            raise TypeError(f"component must be a Distribution, got {self.component!r}")
        require_finite("offset", self.offset)

    @property
    def mean(self) -> float:
        """The component's mean plus the offset."""
        return self.component.mean + self.offset

    @property
    def variance(self) -> float:
        """The component's variance."""
        return self.component.variance

    def sample(self, generator: np.random.Generator, size: int) -> FloatArray:
        """Draw from the component and add the offset."""
        return self.component.sample(generator, size) + self.offset

    def moments_between(self, minimum: float, maximum: float) -> Moments:
        """Return the component's moments between the moved ends, moved back."""
        mean, variance = self.component.moments_between(minimum - self.offset, maximum - self.offset)
        return Moments(mean + self.offset, variance)

    def _cdf(self, value: FloatArray) -> FloatArray:
        return self.component.cdf(value - self.offset)

    def _survival(self, value: FloatArray) -> FloatArray:
        return self.component.survival(value - self.offset)

    def _quantile(self, probability: FloatArray) -> FloatArray:
        return self.component.quantile(probability) + self.offset

    def _upper_quantile(self, probability: FloatArray) -> FloatArray:
        return self.component.upper_quantile(probability) + self.offset
