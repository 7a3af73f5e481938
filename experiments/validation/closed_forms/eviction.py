"""Hit ratios under the independent reference model: each request asks for key i with probability p_i.

    lru_hit_ratio     exact. The keys held, most recently used first, are i, j, k ... with probability
                      p_i · p_j/(1 - p_i) · p_k/(1 - p_i - p_j) ...
    fifo_hit_ratio    exact, of FIFO and of random eviction alike: a set of keys is held with a probability
                      in proportion to the product of its p, whatever the order
    che_hit_ratio     of LRU, asymptotically: key i is held if it was asked for within the last T requests,
                      and T is such that the keys held fill the cache

All items have the size 1. The exact ones go through all sets of keys that fit, so for small caches only.

Sources: King, "Analysis of demand paging algorithms" (IFIP 1971), for both products; Gelenbe (IEEE
Transactions on Computers 22, 1973), for FIFO and random eviction; Che, Tung, Wang, "Hierarchical web caching
systems" (IEEE JSAC 20, 2002), and Fricker, Robert, Roberts (ITC 2012) on why it is so close.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import prod

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq


def zipf(count: int, exponent: float = 1.0) -> npt.NDArray[np.float64]:
    """Return the probabilities of `count` keys, in proportion to k ** -`exponent`; shape `(count,)`."""
    weights = np.arange(1, count + 1, dtype=np.float64) ** -exponent
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def lru_hit_ratio(probabilities: Sequence[float] | npt.NDArray[np.float64], capacity: int) -> float:
    """Return the hit ratio of LRU; `capacity` is less than the number of keys.

    Example::

        >>> round(lru_hit_ratio(zipf(10), 3), 5)
        0.47066
    """
    _require_fewer(capacity, len(probabilities))
    p = [float(each) for each in probabilities]

    def hits_below(place: int, held: tuple[int, ...], mass: float) -> float:
        """Return the mean of the mass held, given the keys at the first places."""
        if place == capacity:
            return mass
        others = (key for key in range(len(p)) if key not in held)
        return sum(
            p[key] / (1.0 - mass) * hits_below(place + 1, (*held, key), mass + p[key]) for key in others
        )

    return hits_below(0, (), 0.0)


def fifo_hit_ratio(probabilities: Sequence[float] | npt.NDArray[np.float64], capacity: int) -> float:
    """Return the hit ratio of FIFO and of random eviction; `capacity` is less than the number of keys.

    Example::

        >>> round(fifo_hit_ratio(zipf(10), 3), 5)
        0.4451
    """
    _require_fewer(capacity, len(probabilities))
    sets = [[float(each) for each in held] for held in combinations(probabilities, capacity)]
    weights = [prod(held) for held in sets]
    return sum(weight * sum(held) for weight, held in zip(weights, sets, strict=True)) / sum(weights)


def che_hit_ratio(probabilities: npt.NDArray[np.float64], capacity: int) -> float:
    """Return the hit ratio of LRU by Che's approximation; `capacity` is less than the number of keys.

    Example::

        >>> round(che_hit_ratio(zipf(10_000), 1_000), 4)
        0.6756
    """
    _require_fewer(capacity, len(probabilities))

    def excess(time: float) -> float:
        return float(-np.expm1(-probabilities * time).sum()) - capacity

    above = float(capacity)
    while excess(above) < 0.0:
        above *= 2.0
    time = brentq(excess, 0.0, above)
    return float(-(probabilities * np.expm1(-probabilities * time)).sum())


def _require_fewer(capacity: int, key_count: int) -> None:
    if not 0 < capacity < key_count:
        raise ValueError(f"capacity must be >= 1 and less than the {key_count} keys, got {capacity!r}")
