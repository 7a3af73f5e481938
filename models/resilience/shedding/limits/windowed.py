"""A window before another limit: it hears one averaged sample per window instead of each call.

Rules:

- Samples shorter than `duration_min` are left out.
- The others fill a window. The first that ends after the window's end closes it, itself included; the next
  window ends twice the shortest duration in this one after that, but not sooner than `window_min` nor later
  than `window_max`.
- A window of at least `sample_count_min` samples becomes one sample: the mean of their durations, the most
  that were in flight, a drop if any of them was one. With fewer it is thrown away: a health check now and
  then says nothing.

The source has it before Gradient2 in its example of a server. Leaves out its window of percentiles. Source:
Netflix concurrency-limits, `WindowedLimit.java`, `ImmutableAverageSampleWindow.java`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from math import inf

from simulator import Environment

from ....validation import require_count, require_duration
from .limit import Changed, ConcurrencyLimit, LimitEstimator


@dataclass(frozen=True, slots=True)
class WindowedLimit(ConcurrencyLimit):
    """Tells `limit` about one averaged sample per window of `window_min` to `window_max` (1 s each).

    Windows of fewer than `sample_count_min` (10) samples are not told, and samples of less than
    `duration_min` (100 microseconds; >= 0) do not count.

    Example::

        WindowedLimit(Gradient2Limit(limit_min=1))
    """

    limit: ConcurrencyLimit
    _: KW_ONLY
    window_min: float = 1.0
    window_max: float = 1.0
    sample_count_min: int = 10
    duration_min: float = 100e-6

    def __post_init__(self) -> None:
        """Check the parameters."""
        if not isinstance(self.limit, ConcurrencyLimit):
            raise TypeError(f"limit must be a ConcurrencyLimit, such as VegasLimit(), got {self.limit!r}")
        require_duration("window_min", self.window_min)
        if not self.window_max >= self.window_min:
            raise ValueError(
                f"window_max must be >= window_min ({self.window_min!r} s), got {self.window_max!r}"
            )
        require_count("sample_count_min", self.sample_count_min)
        if not 0 <= self.duration_min < inf:
            raise ValueError(f"duration_min must be finite and >= 0 s, got {self.duration_min!r}")

    @property
    def is_random(self) -> bool:
        """Whether the limit inside is."""
        return self.limit.is_random

    def estimator(self, env: Environment, uniform: Callable[[], float], changed: Changed) -> LimitEstimator:
        """Return one around an estimator of the limit inside."""
        return _Windowed(self, env, uniform, changed)


class _Windowed(LimitEstimator):
    __slots__ = ("_count", "_did_drop", "_in_flight", "_inner", "_policy", "_shortest", "_sum", "_until")

    def __init__(
        self, policy: WindowedLimit, env: Environment, uniform: Callable[[], float], changed: Changed
    ) -> None:
        self._policy = policy
        self._inner = policy.limit.estimator(env, uniform, self._set)
        super().__init__(self._inner.limit, changed)
        self._until = -inf
        self._open()

    def _open(self) -> None:
        self._count = 0
        self._sum = 0.0
        self._shortest = inf
        self._in_flight = 0
        self._did_drop = False

    def sample(self, start: float, duration: float, in_flight: int, did_drop: bool) -> None:
        policy, end = self._policy, start + duration
        if duration < policy.duration_min:
            return
        self._count += 1
        self._sum += duration
        self._shortest = min(self._shortest, duration)
        self._in_flight = max(self._in_flight, in_flight)
        self._did_drop |= did_drop
        if end <= self._until:
            return
        self._until = end + min(max(2.0 * self._shortest, policy.window_min), policy.window_max)
        count, mean = self._count, self._sum / self._count
        most, any_drop = self._in_flight, self._did_drop
        self._open()
        if count >= policy.sample_count_min:
            self._inner.sample(start, mean, most, any_drop)

    def stop(self) -> None:
        self._inner.stop()
