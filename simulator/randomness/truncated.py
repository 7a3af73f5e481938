"""A law given that its value lies in an interval, as if every value outside were drawn again."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from .conditional import ConditionalLaw
from .distribution import Distribution, FloatArray
from .moments import Moments
from .validation import require_finite

__all__ = ["Truncated"]


@dataclass(frozen=True, slots=True)
class Truncated(Distribution):
    """component, given minimum <= component <= maximum.

    Not a cap: values beyond the maximum are redrawn, not moved onto it. Draws are by inversion, so a
    truncation to the far tail costs no more than any other. Mean and variance are integrated afresh on each
    access (about a millisecond).

    Parameters:
        component: any law.
        minimum: lower end, finite, in the unit of the values.
        maximum: upper end, > minimum; infinite by default.

    Raises:
        ValueError: if the component has no probability in the interval.

    Example:
        >>> from simulator.randomness import Exponential
        >>> round(Truncated(Exponential(mean=1.0), minimum=50.0).mean, 9)
        51.0
    """

    component: Distribution
    minimum: float = 0.0
    maximum: float = math.inf
    _law: ConditionalLaw = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the parameters."""
        if not isinstance(self.component, Distribution):
            raise TypeError(f"component must be a Distribution, got {self.component!r}")
        require_finite("minimum", self.minimum)
        if not self.maximum > self.minimum:
            raise ValueError(f"maximum must be > minimum ({self.minimum}), got {self.maximum}")
        law = ConditionalLaw(self.component, self.minimum, self.maximum)
        law.require_probability()
        object.__setattr__(self, "_law", law)

    @property
    def mean(self) -> float:
        """Mean of the component within the interval."""
        return self.component.moments_between(self.minimum, self.maximum).mean

    @property
    def variance(self) -> float:
        """Variance of the component within the interval."""
        return self.component.moments_between(self.minimum, self.maximum).variance

    def moments_between(self, minimum: float, maximum: float) -> Moments:
        """Return the component's moments within both intervals."""
        return self.component.moments_between(max(minimum, self.minimum), min(maximum, self.maximum))

    def _cdf(self, value: FloatArray) -> FloatArray:
        return self._law.cdf(value)

    def _survival(self, value: FloatArray) -> FloatArray:
        return self._law.survival(value)

    def _quantile(self, probability: FloatArray) -> FloatArray:
        return self._law.quantile(probability)

    def _upper_quantile(self, probability: FloatArray) -> FloatArray:
        return self._law.upper_quantile(probability)
