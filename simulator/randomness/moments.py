"""Mean and variance of a law, and how to get those of a conditional law: its tails integrated outwards.

With the median c, the upper tail U(y) = P(X > c + y) and the lower tail L(y) = P(X < c - y), integration by
parts gives

    E[X] - c = ∫ U dy - ∫ L dy          E[(X - c)²] = 2 ∫ y U dy + 2 ∫ y L dy

Every integrand is positive and measured from the middle of the law, so no digits cancel, however narrow or
remote the interval. Panels end at quantiles a decade of probability apart: on each the tail is smooth,
whatever the scale of the law. Not for laws with jumps or gaps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from .conditional import ConditionalLaw
    from .distribution import FloatArray

__all__ = ["Moments", "integrated_moments"]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)

# Half decades of probability while they matter to every law; whole ones, to the smallest float, for the
# heaviest tails.
_TAIL_PROBABILITIES = np.concatenate(
    [[0.5, 0.4, 0.3, 0.2], 10.0 ** -np.arange(1.0, 20.0, 0.5), 10.0 ** -np.arange(20.0, 301.0), [0.0]]
)


class Moments(NamedTuple):
    """Mean and variance of a law; `math.inf` where they are infinite."""

    mean: float
    variance: float


def integrated_moments(law: ConditionalLaw) -> Moments:
    """Return mean and variance of a conditional law with finite moments, to about 12 digits."""
    with np.errstate(all="ignore"):
        (median,) = law.quantile(np.array([0.5]))
        above = law.upper_quantile(_TAIL_PROBABILITIES) - median
        below = median - law.quantile(_TAIL_PROBABILITIES)
        upper_first, upper_second = _integrals(lambda y: law.survival(median + y), above)
        lower_first, lower_second = _integrals(lambda y: law.cdf(median - y), below)
    shift = upper_first - lower_first
    return Moments(float(median + shift), float(upper_second + lower_second - shift**2))


def _integrals(tail: Callable[[FloatArray], FloatArray], ends: FloatArray) -> tuple[float, float]:
    """Return ∫ tail dy and 2 ∫ y tail dy from 0 over panels that end at the given distances."""
    edges = np.unique(np.concatenate([[0.0], ends[np.isfinite(ends) & (ends > 0.0)]]))
    half_width = np.diff(edges)[:, np.newaxis] / 2.0
    distance = edges[:-1, np.newaxis] + half_width * (1.0 + _NODES)
    weighted = half_width * _WEIGHTS * tail(distance.ravel()).reshape(distance.shape)
    return float(weighted.sum()), float(2.0 * (distance * weighted).sum())
