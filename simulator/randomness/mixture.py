"""Mixtures: each value comes from one of several laws, chosen at random; hit and miss, fast and slow."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .conditional import ConditionalLaw
from .distribution import Distribution, FloatArray
from .moments import Moments
from .validation import require_positive

__all__ = ["Mixture"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture(Distribution):
    """A random choice among laws.

    A draw takes two uniform numbers, one for the choice and one that the chosen law inverts; a gamma or
    nested component costs about a microsecond per draw for that.

    Parameters:
        weights: relative frequencies, each > 0; they need not sum to 1. Shape `(components,)`.
        components: the laws. Shape `(components,)`.

    Example:
        >>> from simulator.randomness import Constant
        >>> Mixture(weights=[3, 1], components=[Constant(0.0), Constant(1.0)]).mean
        0.25
    """

    weights: Sequence[float]
    components: Sequence[Distribution]

    def __post_init__(self) -> None:
        """Check the parameters."""
        if not len(self.weights) == len(self.components) > 0:
            counts = f"{len(self.weights)} and {len(self.components)}"
            raise ValueError(f"weights must be as many as components, at least one, got {counts}")
        for position, (weight, component) in enumerate(zip(self.weights, self.components, strict=True)):
            require_positive(f"weights[{position}]", weight)
            if not isinstance(component, Distribution):
                raise TypeError(f"components[{position}] must be a Distribution, got {component!r}")
        # Tuples, so that the law is a hashable value whatever it was made from.
        object.__setattr__(self, "weights", tuple(float(weight) for weight in self.weights))
        object.__setattr__(self, "components", tuple(self.components))

    @property
    def mean(self) -> float:
        """Weighted mean of the components' means."""
        return self._combined([(c.mean, c.variance) for c in self.components], self.weights).mean

    @property
    def variance(self) -> float:
        """Variance within the components plus variance between their means."""
        return self._combined([(c.mean, c.variance) for c in self.components], self.weights).variance

    def sample(self, generator: np.random.Generator, size: int) -> FloatArray:
        """Draw two uniform numbers per value: component, then position within it."""
        choice, position = generator.random((size, 2)).T
        chosen = np.searchsorted(np.cumsum(self._probabilities)[:-1], choice, side="right")
        values = np.empty(size)
        for index, component in enumerate(self.components):
            mine = chosen == index
            values[mine] = component.quantile(position[mine])
        return values

    def moments_between(self, minimum: float, maximum: float) -> Moments:
        """Combine the components' moments within the interval, weighted by their probability of it."""
        moments, weights = [], []
        for weight, component in zip(self.weights, self.components, strict=True):
            probability = ConditionalLaw(component, minimum, maximum).probability
            if probability > 0.0:
                moments.append(component.moments_between(minimum, maximum))
                weights.append(weight * probability)
        if not weights:
            raise ValueError(f"interval must have a probability > 0, got [{minimum}, {maximum}] for {self!r}")
        return self._combined(moments, weights)

    @staticmethod
    def _combined(moments: Sequence[tuple[float, float]], weights: Sequence[float]) -> Moments:
        total = math.fsum(weights)
        mean = math.fsum(weight * m for weight, (m, _) in zip(weights, moments, strict=True)) / total
        if math.isinf(mean):
            return Moments(mean, math.inf)
        spread = (weight * (v + (m - mean) ** 2) for weight, (m, v) in zip(weights, moments, strict=True))
        return Moments(mean, math.fsum(spread) / total)

    @property
    def _probabilities(self) -> FloatArray:
        weights: FloatArray = np.array(self.weights, dtype=np.float64)
        return weights / math.fsum(self.weights)

    def _cdf(self, value: FloatArray) -> FloatArray:
        return self._weighted([component.cdf(value) for component in self.components])

    def _survival(self, value: FloatArray) -> FloatArray:
        return self._weighted([component.survival(value) for component in self.components])

    def _weighted(self, rows: list[FloatArray]) -> FloatArray:
        total: FloatArray = np.average(rows, axis=0, weights=self.weights)
        return total

    def _quantile(self, probability: FloatArray) -> FloatArray:
        bounds = np.stack([component.quantile(probability) for component in self.components])
        low, high = bounds.min(axis=0), bounds.max(axis=0)
        found = _smallest(lambda value: self._cdf(value) >= probability, low, high)
        return np.where(probability == 1.0, high, found)

    def _upper_quantile(self, probability: FloatArray) -> FloatArray:
        bounds = np.stack([component.upper_quantile(probability) for component in self.components])
        low, high = bounds.min(axis=0), bounds.max(axis=0)
        found = _smallest(lambda value: self._survival(value) <= probability, low, high)
        return np.where(probability == 0.0, high, found)


def _smallest(reached: Callable[[FloatArray], np.ndarray], low: FloatArray, high: FloatArray) -> FloatArray:
    """Bisect, elementwise and to the last bit, for the smallest value that satisfies a monotone test.

    The quantile of a mixture lies between the quantiles of its components. Bisection rather than Newton or
    Brent: cdfs of mixtures have flat stretches and jumps, and this cannot go astray.
    """
    high = np.where(reached(low), low, high)
    while True:
        middle = low + (high - low) / 2.0
        unsettled = (low < middle) & (middle < high)
        if not unsettled.any():
            return high
        hit = reached(middle)
        high = np.where(unsettled & hit, middle, high)
        low = np.where(unsettled & ~hit, middle, low)
