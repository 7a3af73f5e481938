"""A latency histogram of bounded memory, for runs too long to keep every request.

Buckets grow by a constant factor, so that any value can be told to a stated relative error, as in DDSketch
(Masson, Rim and Lee, "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with Relative-Error Guarantees",
VLDB 2019). Unlike there the range is fixed, as in HdrHistogram: buckets never collapse, so that the guarantee
holds for every percentile. Left out: which request it was, and when.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .request_sample import nearest_ranks

# Rounding of a logarithm can put a value on a bucket's edge into the neighbour; buckets narrower by this much
# absorb that.
_ROUNDING_RATIO = 1e-6


class LatencyHistogram:
    """Counts of values in buckets whose width grows with the value.

    A percentile is wrong by at most `relative_error` (in (0, 1)) of the true nearest-rank percentile;
    percentiles below `smallest` seconds are reported as at most that. Values lie in [0, `largest`] seconds.
    Memory is that of the buckets, fixed on construction: about ln(largest / smallest) / (2 relative_error),
    1,270 by default, however much is recorded.

    >>> histogram = LatencyHistogram(relative_error=0.01)
    >>> histogram.record(0.2)
    >>> histogram.percentile(99.0)
    0.2
    """

    __slots__ = (
        "_buckets",
        "_buckets_per_e",
        "count",
        "largest",
        "maximum",
        "minimum",
        "relative_error",
        "smallest",
        "total",
    )

    def __init__(self, relative_error: float = 0.01, *, smallest: float = 1e-6, largest: float = 1e5) -> None:
        """Raise ValueError where the error or the range is impossible."""
        if not 0.0 < relative_error < 1.0:
            raise ValueError(f"relative_error must be in (0, 1), got {relative_error}")
        if not (0.0 < smallest < largest and largest / smallest < math.inf):
            raise ValueError(f"range must be 0 < smallest < largest s, finite, got {smallest}, {largest}")
        self.relative_error = relative_error
        self.smallest = smallest
        self.largest = largest
        self.count = 0
        self.total = 0.0
        self.minimum = math.inf
        self.maximum = -math.inf
        self._buckets_per_e = 1.0 / (2.0 * math.atanh(relative_error * (1.0 - _ROUNDING_RATIO)))
        # Bucket 0 holds [0, smallest]; bucket i > 0 holds (smallest base^(i-1), smallest base^i].
        self._buckets = [0] * (math.ceil(math.log(largest / smallest) * self._buckets_per_e) + 1)

    def record(self, value: float) -> None:
        """Count one value in [0, largest] seconds; ValueError outside, where no error is promised."""
        if not 0.0 <= value <= self.largest:
            raise ValueError(f"value must be in [0, {self.largest}] s, got {value}")
        bucket = 0
        if value > self.smallest:
            bucket = math.ceil(math.log(value / self.smallest) * self._buckets_per_e)
        self._buckets[bucket] += 1
        self.count += 1
        self.total += value
        if value < self.minimum:
            self.minimum = value
        if value > self.maximum:
            self.maximum = value

    def record_many(self, values: npt.ArrayLike) -> None:
        """Count all values of an array, each in [0, largest] seconds; none of them if one is outside."""
        array = np.asarray(values, dtype=np.float64).ravel()
        if not len(array):
            return
        if not np.all((array >= 0.0) & (array <= self.largest)):
            raise ValueError(f"values must be in [0, {self.largest}] s, got {array.min()} to {array.max()}")
        logarithms = np.log(np.maximum(array, self.smallest) / self.smallest)
        buckets = np.ceil(logarithms * self._buckets_per_e).astype(np.int64)
        # NumPy's logarithm may round otherwise than math's and so overstep the last bucket at `largest`.
        counts = np.bincount(np.minimum(buckets, len(self._buckets) - 1), minlength=len(self._buckets))
        self._add(counts, len(array), float(array.sum()), float(array.min()), float(array.max()))

    def merge(self, other: "LatencyHistogram") -> None:
        """Add everything that `other` counted, as if recorded here; ValueError unless built alike."""
        if self._layout() != other._layout():
            raise ValueError(
                "histograms to be merged must have equal (relative_error, smallest, largest), "
                f"got {self._layout()} and {other._layout()}"
            )
        self._add(np.array(other._buckets), other.count, other.total, other.minimum, other.maximum)

    @property
    def mean(self) -> float:
        """Mean of the values themselves, not of the buckets; nan if nothing was recorded."""
        return self.total / self.count if self.count else math.nan

    @property
    def bucket_count(self) -> int:
        """Number of buckets, which bounds the memory."""
        return len(self._buckets)

    def percentile(self, q: float) -> float:
        """Return the nearest-rank percentile `q` in [0, 100], within `relative_error`; nan if empty."""
        return float(self.percentiles([q])[0])

    def percentiles(self, qs: Sequence[float]) -> npt.NDArray[np.float64]:
        """Return several percentiles, shape (len(qs),)."""
        if not all(0.0 <= q <= 100.0 for q in qs):
            raise ValueError(f"percentiles must be in [0, 100], got {list(qs)}")
        if not self.count:
            return np.full(len(qs), np.nan)
        buckets = np.searchsorted(np.cumsum(self._buckets), nearest_ranks(qs, self.count))
        # 2 / (base + 1) of the upper edge is relatively as far from that edge as from the lower one.
        base = math.exp(1.0 / self._buckets_per_e)
        middles = self.smallest * np.exp(buckets / self._buckets_per_e) * (2.0 / (base + 1.0))
        return np.clip(middles, self.minimum, self.maximum)

    def _layout(self) -> tuple[float, float, float]:
        return (self.relative_error, self.smallest, self.largest)

    def _add(
        self, counts: npt.NDArray[np.int64], count: int, total: float, minimum: float, maximum: float
    ) -> None:
        self._buckets = (np.array(self._buckets) + counts).tolist()
        self.count += count
        self.total += total
        self.minimum = min(self.minimum, minimum)
        self.maximum = max(self.maximum, maximum)
