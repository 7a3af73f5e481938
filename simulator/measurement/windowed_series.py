"""Series over windows of equal width: requests per second, availability, p99 as they change through a fault.

Pure functions over arrays of times and values, in any order. A window is [start, start + width). Only whole
windows are made: one cut short at `until` would look like a fall in traffic. Left out: sliding and
exponentially weighted windows, which smear a sudden fault over the time after it.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .request_sample import nearest_rank_percentiles
from .step_function import StepFunction


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WindowedSeries:
    """One value per window: `starts` (s) and `values` of shape (windows,), each window `width` seconds long.

    A window in which nothing was observed has the value nan (a count or a rate: 0).
    """

    starts: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]
    width: float

    @property
    def edges(self) -> npt.NDArray[np.float64]:
        """Starts of the windows and the end of the last one, shape (windows + 1,), for drawing steps."""
        return np.append(self.starts, self.starts[-1] + self.width)


def windowed_count(times: npt.ArrayLike, *, width: float, until: float, since: float = 0.0) -> WindowedSeries:
    """Return how many of `times` (s) lie in each window."""
    starts, window, _ = _windows(times, width, since, until)
    return WindowedSeries(starts=starts, values=_totals(window, len(starts)), width=width)


def windowed_rate(times: npt.ArrayLike, *, width: float, until: float, since: float = 0.0) -> WindowedSeries:
    """Return how many of `times` (s) lie in each window, per second: throughput, or goodput of successes."""
    counted = windowed_count(times, width=width, until=until, since=since)
    return WindowedSeries(starts=counted.starts, values=counted.values / width, width=width)


def windowed_mean(
    times: npt.ArrayLike, values: npt.ArrayLike, *, width: float, until: float, since: float = 0.0
) -> WindowedSeries:
    """Return the mean of the `values` observed at `times` (s) in each window."""
    starts, window, inside = _windows(times, width, since, until)
    counts = _totals(window, len(starts))
    sums = _totals(window, len(starts), _paired(values, inside))
    means = np.divide(sums, counts, out=np.full(len(starts), np.nan), where=counts > 0)
    return WindowedSeries(starts=starts, values=means, width=width)


def windowed_share(
    times: npt.ArrayLike, flags: npt.ArrayLike, *, width: float, until: float, since: float = 0.0
) -> WindowedSeries:
    """Return the share of true `flags` in each window, in [0, 1]: availability, if they mark successes."""
    return windowed_mean(times, np.asarray(flags, dtype=np.bool_), width=width, until=until, since=since)


def windowed_percentile(
    times: npt.ArrayLike, values: npt.ArrayLike, q: float, *, width: float, until: float, since: float = 0.0
) -> WindowedSeries:
    """Return the nearest-rank percentile `q` in [0, 100] of the `values` observed in each window."""
    starts, window, inside = _windows(times, width, since, until)
    order = np.argsort(window, kind="stable")
    bounds = np.searchsorted(window[order], np.arange(1, len(starts)))
    groups = np.split(_paired(values, inside)[order], bounds)
    percentiles = np.array([nearest_rank_percentiles(group, [q])[0] for group in groups])
    return WindowedSeries(starts=starts, values=percentiles, width=width)


def windowed_level(steps: StepFunction, *, width: float, until: float, since: float = 0.0) -> WindowedSeries:
    """Return the time-weighted mean of a gauge's history in each window, all within the history."""
    starts, _, _ = _windows([], width, since, until)
    areas = steps.area(np.minimum(np.append(starts, starts[-1] + width), until))
    return WindowedSeries(starts=starts, values=np.diff(areas) / width, width=width)


def _windows(
    times: npt.ArrayLike, width: float, since: float, until: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """Return starts of the windows, the window of each time that lies in one, and which times do."""
    if not (width > 0.0 and math.isfinite(width)):
        raise ValueError(f"width must be > 0 s, got {width}")
    if not (until - since >= width and math.isfinite(until - since)):
        raise ValueError(f"until must be finite and >= since + width = {since + width} s, got {until}")
    # The margin keeps the last window where a quotient such as 0.3 / 0.1 falls just short of a whole number.
    window_count = math.floor((until - since) / width + 1e-9)
    edges = np.asarray(since + width * np.arange(window_count + 1), dtype=np.float64)
    window = np.searchsorted(edges, np.asarray(times, dtype=np.float64), side="right") - 1
    inside = (window >= 0) & (window < window_count)
    return edges[:-1], window[inside], inside


def _paired(values: npt.ArrayLike, inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    paired = np.asarray(values, dtype=np.float64)
    if paired.shape != inside.shape:
        raise ValueError(f"values must pair with times: got shapes {paired.shape} and {inside.shape}")
    return paired[inside]


def _totals(
    window: npt.NDArray[np.intp], window_count: int, weights: npt.NDArray[np.float64] | None = None
) -> npt.NDArray[np.float64]:
    return np.bincount(window, weights=weights, minlength=window_count).astype(np.float64)
