"""The gamma law and its integer case, the Erlang law: work made of several exponential steps."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy  # SciPy loads its parts when they are first used, and most runs use none

from .distribution import Distribution, FloatArray
from .validation import require_positive

__all__ = ["Erlang", "Gamma"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gamma(Distribution):
    """A law with chosen mean and chosen variability, light-tailed.

    Parameters:
        shape: > 0, dimensionless; the squared coefficient of variation is `1 / shape`.
        mean: > 0, in the unit of the values.

    Example:
        >>> Gamma(shape=4.0, mean=0.2).squared_coefficient_of_variation
        0.25
    """

    shape: float
    mean: float = field()

    def __post_init__(self) -> None:
        """Check the parameters."""
        require_positive("shape", self.shape)
        require_positive("mean", self.mean)

    @property
    def variance(self) -> float:
        """Squared mean over shape."""
        return self.mean**2 / self.shape

    def sample(self, generator: np.random.Generator, size: int) -> FloatArray:
        """Draw by NumPy's rejection method; inverting the incomplete gamma function is far slower."""
        return generator.gamma(self.shape, self.mean / self.shape, size)

    def _cdf(self, value: FloatArray) -> FloatArray:
        return np.asarray(scipy.special.gammainc(self.shape, self._scaled(value)), dtype=np.float64)

    def _survival(self, value: FloatArray) -> FloatArray:
        return np.asarray(scipy.special.gammaincc(self.shape, self._scaled(value)), dtype=np.float64)

    def _quantile(self, probability: FloatArray) -> FloatArray:
        return np.asarray(scipy.special.gammaincinv(self.shape, probability) * self._scale, dtype=np.float64)

    def _upper_quantile(self, probability: FloatArray) -> FloatArray:
        return np.asarray(scipy.special.gammainccinv(self.shape, probability) * self._scale, dtype=np.float64)

    def _scaled(self, value: FloatArray) -> FloatArray:
        return np.maximum(value, 0.0) * (self.shape / self.mean)

    @property
    def _scale(self) -> float:
        return self.mean / self.shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Erlang(Gamma):
    """The sum of `shape` equal exponential steps.

    Parameters:
        shape: number of steps, an integer >= 1.
        mean: mean of the whole, > 0.

    Example:
        >>> Erlang(shape=2, mean=1.0).variance
        0.5
    """

    def __post_init__(self) -> None:
        """Check the parameters."""
        Gamma.__post_init__(self)  # a dataclass with slots is rebuilt, which super() does not survive
        if self.shape != int(self.shape):
            raise ValueError(f"shape of an Erlang law must be an integer >= 1, got {self.shape}; see Gamma")
