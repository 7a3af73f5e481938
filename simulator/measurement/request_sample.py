"""The requests of one window of time, frozen, and what an availability laboratory asks of them.

Percentiles are by nearest rank (definition 1 of Hyndman and Fan, "Sample Quantiles in Statistical Packages",
1996): the smallest observed latency that at least q percent of the requests did not
exceed. It is a latency that somebody really saw, and what monitors and the histogram here report. Left out:
confidence intervals, which come from replications (`experiments`), never from the correlated requests of one
run.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

TimeColumn = Literal["start", "end"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RequestSample:
    """Some rows of a request table, copied: later requests do not change it.

    `start`, `end` (seconds), `outcome`, `operation` (codes) have shape (requests,), in order of completion;
    codes are indices into the names `outcomes` and `operations`; the window is [since, until).
    """

    start: npt.NDArray[np.float64]
    end: npt.NDArray[np.float64]
    outcome: npt.NDArray[np.uint16]
    operation: npt.NDArray[np.uint16]
    outcomes: tuple[str, ...]
    operations: tuple[str, ...]
    successes: tuple[str, ...]
    since: float
    until: float

    def __len__(self) -> int:
        """Count the requests of the sample."""
        return len(self.end)

    @property
    def latency(self) -> npt.NDArray[np.float64]:
        """Sojourn times end - start in seconds, shape (requests,)."""
        return self.end - self.start

    @property
    def succeeded(self) -> npt.NDArray[np.bool_]:
        """Which requests ended in one of `successes`, shape (requests,)."""
        return np.isin(self.outcome, [self.outcomes.index(name) for name in self.successes])

    def in_time(self, within: float) -> npt.NDArray[np.bool_]:
        """Return which requests succeeded `within` so many seconds, shape (requests,): those of goodput.

        Goodput over time is `windowed_rate(sample.end[sample.in_time(0.3)], width=1.0, until=60.0)`.
        """
        return self.succeeded & (self.latency <= within)

    def counts(self) -> dict[str, int]:
        """Return the number of requests per outcome, zeros included."""
        counts = np.bincount(self.outcome, minlength=len(self.outcomes))
        if len(counts) > len(self.outcomes):
            raise ValueError(f"outcome codes must be < {len(self.outcomes)}, got {len(counts) - 1}")
        return dict(zip(self.outcomes, counts.tolist(), strict=True))

    def shares(self) -> dict[str, float]:
        """Return the share of each outcome, in [0, 1]; nan for an empty sample."""
        return {name: _ratio(count, len(self)) for name, count in self.counts().items()}

    def availability(self, *, within: float = math.inf) -> float:
        """Return the share of requests that succeeded `within` so many seconds, in [0, 1]; nan if empty."""
        return _ratio(self._success_count(within), len(self))

    @property
    def throughput(self) -> float:
        """Requests completed per second of the window, whatever their outcome."""
        return len(self) / self._duration()

    def goodput(self, *, within: float = math.inf) -> float:
        """Return how many requests per second of the window succeeded `within` so many seconds."""
        return self._success_count(within) / self._duration()

    def percentiles(self, qs: Sequence[float]) -> npt.NDArray[np.float64]:
        """Return percentiles of latency in seconds, shape (len(qs),), for `qs` in [0, 100]; nan if empty."""
        return nearest_rank_percentiles(self.latency, qs)

    def per_operation(self) -> dict[str, "RequestSample"]:
        """Return one sample for each operation that occurs, in order of the codes."""
        return {
            self.operations[code]: self.where(self.operation == code)
            for code in np.unique(self.operation).tolist()
        }

    def of_operation(self, name: str) -> "RequestSample":
        """Return the requests of one operation; ValueError if the table has never heard of it."""
        if name not in self.operations:
            raise ValueError(f"operation must be one of {list(self.operations)}, got {name!r}")
        return self.where(self.operation == self.operations.index(name))

    def where(self, kept: npt.NDArray[np.bool_]) -> "RequestSample":
        """Return the requests for which `kept`, shape (requests,), is true; the window stays the same."""
        return replace(
            self,
            start=self.start[kept],
            end=self.end[kept],
            outcome=self.outcome[kept],
            operation=self.operation[kept],
        )

    def _success_count(self, within: float) -> int:
        return int(np.count_nonzero(self.in_time(within)))

    def _duration(self) -> float:
        duration = self.until - self.since
        if not math.isfinite(duration):
            raise ValueError(f"a rate needs a finite window, got [{self.since}, {self.until}) s")
        return duration


def nearest_rank_percentiles(values: npt.ArrayLike, qs: Sequence[float]) -> npt.NDArray[np.float64]:
    """Return for each q in [0, 100] the smallest value that at least q % do not exceed; nan if no values."""
    if not all(0.0 <= q <= 100.0 for q in qs):
        raise ValueError(f"percentiles must be in [0, 100], got {list(qs)}")
    values = np.asarray(values, dtype=np.float64)
    if not len(values):
        return np.full(len(qs), np.nan)
    last = len(values) - 1
    indices = nearest_ranks(qs, len(values)) - 1
    ordered = np.partition(values, np.append(indices, last))
    return np.full(len(qs), np.nan) if np.isnan(ordered[last]) else ordered[indices]


def nearest_ranks(qs: Sequence[float], count: int) -> npt.NDArray[np.intp]:
    """Return for each q in [0, 100] the rank, from 1 on, of its percentile among `count` values.

    NumPy's `inverted_cdf` makes 99.9 % of 1,000 values 999.0000000000001 of them, and answers with the last.
    """
    shares = np.asarray(qs, dtype=np.float64) * count / 100.0
    return np.maximum(1, np.ceil(np.round(shares, 6))).astype(np.intp)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
