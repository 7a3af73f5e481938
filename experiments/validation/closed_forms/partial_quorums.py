"""Partial quorums: how often a read misses the last write, so many seconds after it (WARS).

A write is sent to all N replicas, takes W_i to replica i and its acknowledgement A_i back: it is committed
when W of them have acknowledged. t seconds later a read is sent to all, takes R_i there and S_i back, and is
told the newest of the first R answers. All latencies are independent. It is stale if each of these replicas
was asked before it had the write. Then none of them is among those that acknowledged first, so that the write
was committed by the other N - R alone, after a time T of theirs; and with exponential W_i of rate l the wait
of each of the R for its write forgets how long it has lasted:

    P(stale, t) = exp(-R l t)  E exp(-R l T)  E exp(-l (sum of R_i over the first R answers))

Here A, R and S are exponential with rate m. The two means are integrals over one time, which are done by
quadrature; so the probability decays exponentially, and when it has fallen to p is a logarithm.

Source: Bailis et al., "Probabilistically Bounded Staleness for Practical Partial Quorums" (VLDB 2012),
section 4, for the model, which the paper simulates; the formula is derived here.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import comb, exp, inf, log

import numpy as np
from scipy.integrate import quad

from .stability import require_count


def stale_probability(
    after: float,
    *,
    write_rate: float,
    other_rate: float = 1.0,
    replicas: int = 3,
    read_count: int = 1,
    write_count: int = 1,
) -> float:
    """Return the probability that a read is stale, `after` seconds (>= 0) after the write was acknowledged.

    `write_rate` is l and `other_rate` m, both > 0.
    """
    if not after >= 0.0:
        raise ValueError(f"after must be >= 0 s, got {after!r}")
    at_once = _stale_at_once(write_rate, other_rate, replicas, read_count, write_count)
    return at_once * exp(-read_count * write_rate * after)


def stale_time(
    probability: float,
    *,
    write_rate: float,
    other_rate: float = 1.0,
    replicas: int = 3,
    read_count: int = 1,
    write_count: int = 1,
) -> float:
    """Return how many seconds after a write the `probability` (> 0) of a stale read is down to that."""
    if not 0.0 < probability <= 1.0:
        raise ValueError(f"probability must lie in (0, 1], got {probability!r}")
    at_once = _stale_at_once(write_rate, other_rate, replicas, read_count, write_count)
    return max(0.0, log(at_once / probability) / (read_count * write_rate)) if at_once else 0.0


def _stale_at_once(
    write_rate: float, other_rate: float, replicas: int, read_count: int, write_count: int
) -> float:
    for name, rate in (("write_rate", write_rate), ("other_rate", other_rate)):
        if not 0.0 < rate < inf:
            raise ValueError(f"{name} must be finite and > 0 per second, got {rate!r}")
    _require_quorums(replicas, read_count, write_count)
    others_count = replicas - read_count
    if write_count > others_count:
        return 0.0
    # From here on in units of the mean of the other latencies.
    rate = write_rate / other_rate
    return _by_others(rate, others_count, write_count, read_count) * _in_time(rate, replicas, read_count)


def _by_others(rate: float, others_count: int, write_count: int, read_count: int) -> float:
    """E exp(-R l T), where T is the `write_count`-th smallest of the others' sums W + A."""

    def is_later(u: float) -> float:
        """P(T > u): fewer sums than are needed are over."""
        over = 1.0 - _sum_survival(rate, u)
        return sum(
            comb(others_count, done) * over**done * (1.0 - over) ** (others_count - done)
            for done in range(write_count)
        )

    decay = read_count * rate
    return 1.0 - _integral(lambda u: decay * exp(-decay * u) * is_later(u))


def _sum_survival(rate: float, u: float) -> float:
    """P(W + A > u)."""
    if abs(rate - 1.0) < 1e-6:
        return (1.0 + u) * exp(-u)
    return (rate * exp(-u) - exp(-rate * u)) / (rate - 1.0)


def _in_time(rate: float, replicas: int, read_count: int) -> float:
    """E exp(-l (sum of R_i over the first `read_count` of `replicas` answers)).

    The last of the first answers comes at z: it may be any of them, the others have come before, with their
    factors exp(-l R_i), and the rest comes later.
    """

    def at(z: float) -> float:
        """The density of R + S at z, where exp(-l R) is expected with it."""
        return exp(-z) * (1.0 - exp(-rate * z)) / rate

    def until(z: float) -> float:
        """Its integral from 0 to z."""
        return ((1.0 - exp(-z)) - (1.0 - exp(-(1.0 + rate) * z)) / (1.0 + rate)) / rate

    def density(z: float) -> float:
        later = (1.0 + z) * exp(-z)
        return float(at(z) * until(z) ** (read_count - 1) * later ** (replicas - read_count))

    return comb(replicas, read_count) * read_count * _integral(density)


def _integral(function: Callable[[float], float]) -> float:
    """From 0 to infinity: in pieces, since the scales of the latencies may be far apart."""
    pieces = pairwise([0.0, *np.logspace(-4, 6, 21).tolist()])
    return float(sum(quad(function, low, high, epsabs=1e-12, epsrel=1e-10)[0] for low, high in pieces))


def _require_quorums(replicas: int, read_count: int, write_count: int) -> None:
    require_count("replicas", replicas, 1)
    for name, count in (("read_count", read_count), ("write_count", write_count)):
        require_count(name, count, 1)
        if count > replicas:
            raise ValueError(f"{name} must be at most the {replicas} replicas, got {count!r}")
