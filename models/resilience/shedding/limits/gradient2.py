"""Gradient2: the limit follows how the last duration compares with a long average of durations.

Rules, per sample, with rtt its duration:

1. long is an exponential average over `long_window` samples (weight 2 / (n + 1) each), the plain mean of the
   first ten.
2. If long > 2 rtt, the average shrinks by 5 % on top, from the next sample on: back after an overload.
3. If in flight at its start < limit / 2: no more than that.
4. gradient = `tolerance` x long / rtt, within [0.5, 1]. The limit moves by the share `smoothing` of the way
   to gradient x limit + `queue_size`, and stays within [`limit_min`, `limit_max`].

Drops count by their duration only. A duration of 0 leaves the gradient at 1.

Known flaw, kept: `queue_size` is added whatever the gradient, so that the limit grows under a mild overload
wherever it is below queue_size / (1 - gradient), 20 for a gradient of 0.8. And long follows the overload:
after some hundreds of samples long / rtt is 1 again, and the limit creeps to its maximum. Pull request 134 of
the source would add it only while the gradient is 1; issue 137 is about calls that all take as long as their
timeout. Measured for 4 cores at twice their capacity, a window of 0.1 s before it: 12 after five seconds, 15
after twenty, 22 after forty.

It is meant to have a window of samples averaged before it: `WindowedLimit(Gradient2Limit())`. Sources:
Netflix concurrency-limits, `Gradient2Limit.java` and `ExpAvgMeasurement.java`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulator import Environment

from ....validation import require_count, require_share
from .gradient import gradient
from .limit import Changed, ConcurrencyLimit, LimitEstimator, require_limits, within

_WARM_UP = 10  # samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Gradient2Limit(ConcurrencyLimit):
    """Shrinks the limit while calls take more than `tolerance` (1.5; >= 1) times their long average.

    Grows it by `smoothing` x `queue_size` (0.2 x 4) a sample otherwise. It starts at `limit_initial` (20) and
    stays within `limit_min` (20) and `limit_max` (200); `long_window` (600; >= 1) samples are a long average.
    """

    limit_initial: int = 20
    limit_min: int = 20
    limit_max: int = 200
    smoothing: float = 0.2
    queue_size: int = 4
    long_window: int = 600
    tolerance: float = 1.5

    def __post_init__(self) -> None:
        """Check the parameters."""
        require_limits(self.limit_initial, self.limit_min, self.limit_max)
        require_share("smoothing", self.smoothing)
        require_count("queue_size", self.queue_size)
        require_count("long_window", self.long_window)
        if not self.tolerance >= 1:
            raise ValueError(f"tolerance must be >= 1, got {self.tolerance!r}")

    def estimator(self, env: Environment, uniform: Callable[[], float], changed: Changed) -> LimitEstimator:
        """Return one that starts at `limit_initial`."""
        return _Gradient2(self, changed)


class _Gradient2(LimitEstimator):
    __slots__ = ("_estimate", "_long", "_policy", "_sample_count", "_sum", "_weight")

    def __init__(self, policy: Gradient2Limit, changed: Changed) -> None:
        super().__init__(policy.limit_initial, changed)
        self._policy = policy
        self._estimate = float(policy.limit_initial)
        self._weight = 2.0 / (policy.long_window + 1)
        self._long = 0.0
        self._sum = 0.0
        self._sample_count = 0

    def sample(self, start: float, duration: float, in_flight: int, did_drop: bool) -> None:
        long = self._average(duration)
        if long > 2.0 * duration:
            self._long = long * 0.95
        if in_flight < self._estimate / 2:
            return
        policy = self._policy
        wanted = self._estimate * gradient(policy.tolerance * long, duration, 1.0) + policy.queue_size
        wanted = self._estimate * (1.0 - policy.smoothing) + wanted * policy.smoothing
        self._estimate = within(policy.limit_min, wanted, policy.limit_max)
        self._set(int(self._estimate))

    def _average(self, rtt: float) -> float:
        if self._sample_count < _WARM_UP:
            self._sample_count += 1
            self._sum += rtt
            self._long = self._sum / self._sample_count
        else:
            self._long = self._long * (1.0 - self._weight) + rtt * self._weight
        return self._long
