"""Where the warm-up of a run ends: the marginal standard error rule MSER-5.

A run that starts empty is biased until it settles. The rule cuts off as much of the beginning as makes the
estimated standard error of the remaining mean smallest (White, "An Effective Truncation Heuristic for Bias
Reduction in Simulation Output", Simulation 69(6), 1997), on means of 5 successive observations (White, Cobb
and Spratt, "A Comparison of Five Steady-State Truncation Heuristics for Simulation", Winter Simulation
Conference 2000). As there, a cut in the second half means that the run was too short, or has no steady state,
such as an overloaded queue. The last five batches are no candidates, since few values agree by chance (Hoad,
Robinson and Davies, Winter Simulation Conference 2008).

Left out: series with seasons or a fault in the middle; cut those by hand.
"""

import numpy as np
import numpy.typing as npt

_BATCHES_AFTER_CUT_MIN = 5
_BATCHES_MIN = 2 * _BATCHES_AFTER_CUT_MIN


def detect_warm_up(values: npt.ArrayLike, *, batch_size: int = 5) -> int | None:
    """Return how many of the first `values` to leave out: a multiple of `batch_size`.

    `values` are in order of time, shape (observations,). None says that there is no steady state to be seen
    within the first half: run longer, or do not average. ValueError where there are fewer than 10 batches, or
    a value is not finite.

    >>> detect_warm_up([9.0] * 20 + [0.0, 1.0] * 100)
    20
    """
    statistic = marginal_standard_error(_batch_means(values, batch_size))
    cut = int(np.argmin(statistic[:-_BATCHES_AFTER_CUT_MIN]))
    return None if 2 * cut > len(statistic) else cut * batch_size


def detect_warm_up_end(times: npt.ArrayLike, values: npt.ArrayLike, *, batch_size: int = 5) -> float | None:
    """Return the time (s) of the first observation to keep: the `since` of what is asked next.

    `times` and `values` have the same shape and come in any order. None as for `detect_warm_up`.
    """
    observed_at = np.asarray(times, dtype=np.float64)
    observed = np.asarray(values, dtype=np.float64)
    if observed_at.shape != observed.shape:
        raise ValueError(f"values must pair with times: got shapes {observed_at.shape} and {observed.shape}")
    order = np.argsort(observed_at, kind="stable")
    cut = detect_warm_up(observed[order], batch_size=batch_size)
    return None if cut is None else float(observed_at[order][cut])


def marginal_standard_error(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return White's statistic for each cut, shape (n,): squared deviations after it / (number after it)^2.

    Its minimum is the cut that `detect_warm_up` proposes; drawn over the cuts it shows how clear that is.
    """
    series = np.asarray(values, dtype=np.float64)
    # Summed from the end and about the last value: a huge transient cannot drown the digits of what follows.
    backwards = series[::-1] - series[-1]
    kept = np.arange(1, len(series) + 1)
    squared_deviations = np.cumsum(backwards**2) - np.cumsum(backwards) ** 2 / kept
    return np.asarray((np.maximum(squared_deviations, 0.0) / kept**2)[::-1])


def _batch_means(values: npt.ArrayLike, batch_size: int) -> npt.NDArray[np.float64]:
    if batch_size < 1:
        raise ValueError(f"batch_size must be >= 1, got {batch_size}")
    series = np.asarray(values, dtype=np.float64)
    batch_count = len(series) // batch_size
    if batch_count < _BATCHES_MIN:
        raise ValueError(f"values must be at least {_BATCHES_MIN} batches of {batch_size}, got {len(series)}")
    if not np.isfinite(series).all():
        raise ValueError(f"values must be finite, got {series[~np.isfinite(series)][0]}")
    return np.asarray(series[: batch_count * batch_size].reshape(batch_count, batch_size).mean(axis=1))
