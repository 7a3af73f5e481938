"""Balancing by comparison: power of d choices among very many queues, and the shorter of two.

For n queues and d choices nothing exact is known between n = 2 and infinity. For two choices the mean is
therefore expanded in 1/n: the limit plus a correction, which leaves an error of order 1/n^2. The two queues
of join the shortest queue are a chain in two dimensions, cut off where hardly anybody ever is, and solved.

Sources: Mitzenmacher (1996) and Vvedenskaya, Dobrushin and Karpelevich (1996) for the limit; Gast and Van
Houdt, "A Refined Mean Field Approximation" (SIGMETRICS 2018), for the expansion with replacement. What
drawing without replacement adds to it is derived in `_correction`.
"""

from __future__ import annotations

from math import inf

import numpy as np
import numpy.typing as npt

from .stability import require_count, require_stable

_LEVELS = 10
"""Queue lengths up to this are kept; even at a load of 0.95 a share below 10^-40 is longer."""


def power_of_choices_sojourn(utilisation: float, choices_count: int) -> float:
    """Return the mean sojourn, in service times, for `choices_count` (>= 2) among infinitely many queues."""
    require_stable(utilisation)
    require_count("choices_count", choices_count, 2)
    total, level = 0.0, 1
    while True:
        exponent = (choices_count**level - choices_count) / (choices_count - 1)
        term = utilisation**exponent if exponent < 1e6 else 0.0
        total += term
        if term < 1e-17:
            return total
        level += 1


def two_choices_sojourn(utilisation: float, queues_count: float, *, replacement: bool) -> float:
    """Return the mean sojourn with two choices; see `few_choices_sojourn`."""
    return few_choices_sojourn(utilisation, queues_count, 2, replacement=replacement)


def few_choices_sojourn(
    utilisation: float, queues_count: float, choices_count: int, *, replacement: bool
) -> float:
    """Return the mean sojourn, in service times, for `queues_count` queues (>= 2; infinity: the limit).

    `replacement` says whether the same queue may be drawn twice among the `choices_count` (>= 2). Of order
    1/n^2 is the error, so that this is for tens of queues and more.
    """
    require_stable(utilisation)
    require_count("choices_count", choices_count, 2)
    if not queues_count >= 2:
        raise ValueError(f"queues_count must be >= 2, got {queues_count!r}")
    levels = np.arange(1, _LEVELS + 1)
    exponents = (float(choices_count) ** levels - 1.0) / (choices_count - 1.0)
    shares = np.power(utilisation, exponents, dtype=np.float64)
    if queues_count == inf:
        return float(shares.sum() / utilisation)
    correction = _correction(utilisation, shares, choices_count, replacement=replacement)
    return float((shares + correction / queues_count).sum() / utilisation)


def _correction(
    utilisation: float, shares: npt.NDArray[np.float64], choices_count: int, *, replacement: bool
) -> npt.NDArray[np.float64]:
    """The coefficient of 1/n in the mean share of queues of at least 1, 2, ... jobs.

    The drift of share i is f_i = lambda (x_(i-1)^d - x_i^d) - (x_i - x_(i+1)), with Jacobian A and second
    derivatives B; jumps are 1/n wide and give the covariance W / n, where A W + W A' + Q = 0. The mean moves
    by -A^-1 (B:W / 2 + C), where C / n is what drawing without replacement does to the drift: that all of d
    queues have i jobs has then, to that order, a probability of x^d - d (d - 1) / 2 x^(d - 1) (1 - x) / n.
    """
    d = choices_count
    pairs = d * (d - 1) / 2.0
    levels = len(shares)
    below = np.concatenate([[1.0], shares[:-1]])
    above = np.concatenate([shares[1:], [0.0]])
    slopes = d * shares ** (d - 1)
    jacobian = (
        np.diag(-utilisation * slopes - 1.0)
        + np.diag(utilisation * slopes[:-1], -1)
        + np.diag(np.ones(levels - 1), 1)
    )
    noise = np.diag(utilisation * (below**d - shares**d) + shares - above)
    identity = np.eye(levels)
    lyapunov = np.kron(identity, jacobian) + np.kron(jacobian, identity)
    covariance = np.linalg.solve(lyapunov, -noise.ravel()).reshape(levels, levels)
    bends = pairs * shares ** (d - 2) * np.diag(covariance)
    drift = utilisation * (np.concatenate([[0.0], bends[:-1]]) - bends)
    if not replacement:
        drift -= utilisation * pairs * (below ** (d - 1) * (1.0 - below) - shares ** (d - 1) * (1.0 - shares))
    return np.asarray(np.linalg.solve(jacobian, -drift))


def shorter_of_two_queues_sojourn(utilisation: float, length_max: int = 40) -> float:
    """Return the mean sojourn, in service times, of two M/M/1 queues where arrivals join the shorter one.

    Queues are cut off at `length_max` jobs (>= 2); at a utilisation of 0.8 a share of 10^-8 is longer.
    """
    require_stable(utilisation)
    require_count("length_max", length_max, 2)
    states = [(longer, shorter) for longer in range(length_max + 1) for shorter in range(longer + 1)]
    index = {state: number for number, state in enumerate(states)}
    generator = np.zeros((len(states), len(states)))
    for (longer, shorter), here in index.items():
        moves = [((longer, shorter + 1), 2.0 * utilisation)]
        moves += [((longer - 1, shorter), 1.0)] if longer else []
        moves += [((longer, shorter - 1), 1.0)] if shorter else []
        for state, rate in moves:
            there = index.get((max(state), min(state)), here)
            generator[here, there] += rate
            generator[here, here] -= rate
    equations = generator.T.copy()
    equations[0] = 1.0
    probabilities = np.linalg.solve(equations, np.eye(len(states))[0])
    number_mean = float(np.asarray(states).sum(axis=1) @ probabilities)
    return number_mean / (2.0 * utilisation)
