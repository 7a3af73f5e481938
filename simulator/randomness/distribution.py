"""What every distribution knows about itself, and what a new one must supply.

A law is described by four functions: cdf and survival function, and their inverses. The survival pair looks
redundant, but `1 - cdf` has lost every digit where the cdf is 1 - 1e-17, and tails are what latency is
about.

Sampling is by inversion unless a law has something faster: one uniform number per value, so the sequence of
values does not depend on how many are drawn at a time, and a law drawn twice from one stream with two
parameter values gives values that rise and fall together (common random numbers).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ..nominal import Nominal
from .conditional import ConditionalLaw
from .moments import Moments, integrated_moments

__all__ = ["Distribution", "FloatArray"]

FloatArray = npt.NDArray[np.float64]
_FloatOrArray = TypeVar("_FloatOrArray", float, FloatArray)


class Distribution(metaclass=Nominal):
    """A law of one real random variable: a frozen value without state.

    A subclass is a frozen, slotted dataclass with `mean`, `variance`, `_cdf` and `_quantile`; `_survival`
    and `_upper_quantile` too if it has an upper tail. The underscored functions take and return arrays of
    one dimension.

    Where `mean` is a parameter, write `mean: float = field()`: the bare annotation would take the inherited
    property for its default.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def mean(self) -> float:
        """Expected value; `math.inf` if it is infinite."""

    @property
    @abstractmethod
    def variance(self) -> float:
        """Variance; `math.inf` if it is infinite or the mean is."""

    @property
    def standard_deviation(self) -> float:
        """Square root of the variance, in the unit of the values."""
        return math.sqrt(self.variance)

    @property
    def squared_coefficient_of_variation(self) -> float:
        """Variance over squared mean, dimensionless: 0 for a constant, 1 for an exponential law."""
        if self.variance == 0.0 or math.isinf(self.variance):
            return self.variance
        return self.variance / self.mean**2 if self.mean else math.inf

    @property
    def support(self) -> tuple[float, float]:
        """Lowest and highest value; a duration needs `support[0] >= 0`."""
        return self.quantile(0.0), self.quantile(1.0)

    def cdf(self, value: _FloatOrArray) -> _FloatOrArray:
        """Return the probability of at most this value, elementwise for an array."""
        return _elementwise(self._cdf, value)

    def survival(self, value: _FloatOrArray) -> _FloatOrArray:
        """Return the probability of more than this value: `1 - cdf`, precise in the upper tail."""
        return _elementwise(self._survival, value)

    def quantile(self, probability: _FloatOrArray) -> _FloatOrArray:
        """Return the smallest value whose cdf reaches a probability in [0, 1].

        Example:
            >>> from simulator.randomness import Uniform
            >>> Uniform(1.0, 3.0).quantile(0.5)
            2.0
        """
        _require_probability(probability)
        return _elementwise(self._quantile, probability)

    def upper_quantile(self, probability: _FloatOrArray) -> _FloatOrArray:
        """Return the smallest value exceeded with at most this probability, precise however small it is."""
        _require_probability(probability)
        return _elementwise(self._upper_quantile, probability)

    def sample(self, generator: np.random.Generator, size: int) -> FloatArray:
        """Draw values from the generator.

        Parameters:
            generator: NumPy generator, advanced by the draw.
            size: number of values, >= 0.

        Returns:
            Values, shape `(size,)`. Drawing a and then b of them gives the same as a + b at once.
        """
        return self.quantile(generator.random(size))

    def moments_between(self, minimum: float, maximum: float) -> Moments:
        """Return mean and variance given that the value lies in [minimum, maximum].

        Integrates numerically to about 12 digits, which needs a law with one smooth piece; laws with atoms,
        several pieces or an exact answer override it.

        Raises:
            ValueError: if the interval has no probability.
        """
        law = ConditionalLaw(self, minimum, maximum)
        law.require_probability()
        return integrated_moments(law)

    @abstractmethod
    def _cdf(self, value: FloatArray) -> FloatArray: ...

    @abstractmethod
    def _quantile(self, probability: FloatArray) -> FloatArray: ...

    def _survival(self, value: FloatArray) -> FloatArray:
        return 1.0 - self._cdf(value)

    def _upper_quantile(self, probability: FloatArray) -> FloatArray:
        return self._quantile(1.0 - probability)


def _elementwise(function: Callable[[FloatArray], FloatArray], argument: _FloatOrArray) -> _FloatOrArray:
    array = np.asarray(argument, dtype=np.float64)
    # The ends of a law are log(0) and 1/0: infinite, and meant.
    with np.errstate(all="ignore"):
        result = function(np.atleast_1d(array).ravel()).reshape(array.shape)
    if isinstance(argument, np.ndarray):
        return result
    return float(result)


def _require_probability(probability: float | FloatArray) -> None:
    array = np.asarray(probability, dtype=np.float64)
    inside = (array >= 0.0) & (array <= 1.0)
    if not inside.all():
        raise ValueError(f"probability must lie in [0, 1], got {array[~inside].flat[0]}")
