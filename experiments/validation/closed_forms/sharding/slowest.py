"""The slowest of n independent answers, for which a query across n shards waits.

It is there by t with probability F(t)^n, where one is with F(t). So its quantile q is that of one at
q^(1/n): the median of a hundred is the quantile .99309 of one. Its mean is the integral of 1 - F^n; for
exponential answers the n-th harmonic number. At a deadline d all n are there with probability F(d)^n, and
n (1 - F(d)) are missing.

Source: Dean and Barroso, "The Tail at Scale" (CACM 56, 2013); order statistics are elementary.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from scipy.integrate import quad

from ..stability import require_count


def slow_probability(probability: float, count: int) -> float:
    """Return the probability that one of `count` (>= 1) is slow, or more; each is with `probability`."""
    _require_probability("probability", probability)
    require_count("count", count, 1)
    return 1.0 - (1.0 - probability) ** count


def slowest_quantile(quantile_of_one: Callable[[float], float], quantile: float, count: int) -> float:
    """Return a `quantile` (0 .. 1) of the slowest of `count` (>= 1), by the quantile function of one."""
    _require_probability("quantile", quantile)
    require_count("count", count, 1)
    return float(quantile_of_one(quantile ** (1.0 / count)))


def slowest_mean(is_there: Callable[[float], float], count: int) -> float:
    """Return the mean of the slowest of `count` (>= 1), by the distribution function of one; from 0 on."""
    require_count("count", count, 1)
    return float(quad(lambda time: 1.0 - is_there(time) ** count, 0.0, inf, limit=200)[0])


def _require_probability(name: str, value: float) -> None:
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{name} must lie in [0, 1], got {value!r}")
