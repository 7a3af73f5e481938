"""The hyperexponential law: a mixture of exponentials, more variable than one exponential.

Source for the balanced fit: W. Whitt, "Approximating a Point Process by a Renewal Process, I" (Operations
Research 30, 1982).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from .distribution import Distribution, FloatArray
from .exponential import Exponential
from .mixture import Mixture
from .moments import Moments
from .validation import require_positive

__all__ = ["Hyperexponential"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hyperexponential(Distribution):
    """With probability p_i an exponential of mean m_i; the squared coefficient of variation is >= 1.

    Parameters:
        probabilities: each in (0, 1], summing to 1. Shape `(branches,)`.
        means: each > 0, in the unit of the values. Shape `(branches,)`.

    Example:
        >>> round(Hyperexponential.from_mean_and_scv(mean=0.05, scv=4.0).squared_coefficient_of_variation, 12)
        4.0
    """

    probabilities: Sequence[float]
    means: Sequence[float]
    _mixture: Mixture = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the parameters."""
        if not len(self.probabilities) == len(self.means) > 0:
            counts = f"{len(self.probabilities)} and {len(self.means)}"
            raise ValueError(f"probabilities must be as many as means, at least one, got {counts}")
        for position, (probability, mean) in enumerate(zip(self.probabilities, self.means, strict=True)):
            require_positive(f"probabilities[{position}]", probability)
            require_positive(f"means[{position}]", mean)
        if not math.isclose(math.fsum(self.probabilities), 1.0, rel_tol=1e-9):
            raise ValueError(f"probabilities must sum to 1, got {math.fsum(self.probabilities)}")
        object.__setattr__(
            self, "probabilities", tuple(float(probability) for probability in self.probabilities)
        )
        object.__setattr__(self, "means", tuple(float(mean) for mean in self.means))
        branches = [Exponential(mean) for mean in self.means]
        mixture = Mixture(weights=self.probabilities, components=branches)
        object.__setattr__(self, "_mixture", mixture)

    @classmethod
    def from_mean_and_scv(cls, mean: float, scv: float) -> Hyperexponential:
        """Return the law of two branches with equal shares of the mean (balanced means).

        Parameters:
            mean: > 0, in the unit of the values.
            scv: squared coefficient of variation, >= 1.
        """
        require_positive("mean", mean)
        require_positive("scv", scv)
        if scv < 1.0:
            raise ValueError(f"scv must be >= 1, got {scv}; Erlang and Gamma go below")
        root = math.sqrt((scv - 1.0) / (scv + 1.0))
        # (1 - root) / 2 without its cancellation for large scv.
        rare = 1.0 / ((scv + 1.0) * (1.0 + root))
        common = (1.0 + root) / 2.0
        return cls(probabilities=(common, rare), means=(mean / (2.0 * common), mean / (2.0 * rare)))

    @property
    def mean(self) -> float:
        """Weighted mean of the branches."""
        return self._mixture.mean

    @property
    def variance(self) -> float:
        """Variance within the branches plus variance between them."""
        return self._mixture.variance

    def sample(self, generator: np.random.Generator, size: int) -> FloatArray:
        """Draw two uniform numbers per value: branch, then position within it."""
        return self._mixture.sample(generator, size)

    def moments_between(self, minimum: float, maximum: float) -> Moments:
        """Combine the branches' moments within the interval."""
        return self._mixture.moments_between(minimum, maximum)

    def _cdf(self, value: FloatArray) -> FloatArray:
        return self._mixture.cdf(value)

    def _survival(self, value: FloatArray) -> FloatArray:
        return self._mixture.survival(value)

    def _quantile(self, probability: FloatArray) -> FloatArray:
        return self._mixture.quantile(probability)

    def _upper_quantile(self, probability: FloatArray) -> FloatArray:
        return self._mixture.upper_quantile(probability)
