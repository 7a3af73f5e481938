"""A law given that the value lies in an interval, computed on the side of the median where digits survive.

Far in the upper tail the cdf is 1 to the last digit and only the survival function tells values apart; far
in the lower tail it is the other way round. Each function here takes the side that is precise for its
interval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .distribution import Distribution, FloatArray

__all__ = ["ConditionalLaw"]


class ConditionalLaw:
    """A distribution conditioned on [minimum, maximum], ends included.

    Parameters:
        distribution: any distribution.
        minimum: lower end, in the unit of the values.
        maximum: upper end, > minimum; may be infinite.
    """

    __slots__ = (
        "_above",
        "_at_least",
        "_at_most",
        "_below",
        "_in_lower_tail",
        "_in_upper_tail",
        "distribution",
        "maximum",
        "minimum",
        "probability",
    )

    def __init__(self, distribution: Distribution, minimum: float, maximum: float) -> None:
        """Measure the interval; one without probability is allowed until it is asked for values."""
        self.distribution = distribution
        self.minimum = minimum
        self.maximum = maximum
        # Just under the minimum, so that an atom on it belongs to the interval.
        outside = float(np.nextafter(minimum, -np.inf))
        self._below, self._at_least = distribution.cdf(outside), distribution.survival(outside)
        self._at_most, self._above = distribution.cdf(maximum), distribution.survival(maximum)
        self._in_upper_tail = self._below > 0.5
        self._in_lower_tail = self._at_most < 0.5
        #: Probability of the interval under the unconditional law.
        self.probability = (
            self._at_least - self._above if self._in_upper_tail else self._at_most - self._below
        )

    def require_probability(self) -> None:
        """Raise ValueError if the interval has no probability (or less than floats can tell)."""
        if not self.probability > 0.0:
            raise ValueError(
                f"interval must have a probability > 0, got {self.probability} "
                f"for [{self.minimum}, {self.maximum}] under {self.distribution!r}"
            )

    def cdf(self, value: FloatArray) -> FloatArray:
        """Return the conditional probability of at most each value."""
        if self._in_upper_tail:
            share = (self._at_least - self.distribution.survival(value)) / self.probability
        else:
            share = (self.distribution.cdf(value) - self._below) / self.probability
        inside = np.where(value < self.minimum, 0.0, np.clip(share, 0.0, 1.0))
        return np.where(value >= self.maximum, 1.0, inside)

    def survival(self, value: FloatArray) -> FloatArray:
        """Return the conditional probability of more than each value."""
        if self._in_lower_tail:
            share = (self._at_most - self.distribution.cdf(value)) / self.probability
        else:
            share = (self.distribution.survival(value) - self._above) / self.probability
        inside = np.where(value < self.minimum, 1.0, np.clip(share, 0.0, 1.0))
        return np.where(value >= self.maximum, 0.0, inside)

    def quantile(self, probability: FloatArray) -> FloatArray:
        """Return the conditional quantiles."""
        step = probability * self.probability
        if self._in_upper_tail:
            value = self.distribution.upper_quantile(np.clip(self._at_least - step, 0.0, 1.0))
        else:
            value = self.distribution.quantile(np.clip(self._below + step, 0.0, 1.0))
        return np.clip(value, self.minimum, self.maximum)

    def upper_quantile(self, probability: FloatArray) -> FloatArray:
        """Return the values exceeded with these conditional probabilities."""
        step = probability * self.probability
        if self._in_lower_tail:
            value = self.distribution.quantile(np.clip(self._at_most - step, 0.0, 1.0))
        else:
            value = self.distribution.upper_quantile(np.clip(self._above + step, 0.0, 1.0))
        return np.clip(value, self.minimum, self.maximum)
