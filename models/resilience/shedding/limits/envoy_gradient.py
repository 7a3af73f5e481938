"""Envoy's gradient controller: now and then nearly no load, to see how long a call takes by itself.

States: *measuring* -> *adapting* -> *measuring*, and so on; it begins by measuring.

- Measuring: the limit is pinned to `limit_min`. When `request_count` calls have ended, the `percentile` of
  their durations is minRTT, the limit returns to what it was, and it adapts.
- Adapting: every `window` seconds in which a call has ended, sampleRTT is the `percentile` of the durations
  in the window; gradient = (1 + `buffer`) minRTT / sampleRTT, within [0.5, 2]; scaled = limit x gradient; the
  limit is scaled + sqrt(scaled), the root being room for bursts, rounded down, within [`limit_min`,
  `limit_max`].
- It measures again after `interval` seconds and a random share of up to `jitter` of them; and when the limit
  has been set to `limit_min`, where it was, in five windows running.
- Calls that began before the last measurement did are not counted.

Every answer is a sample in Envoy, whatever it says, so drops count by their duration here. Percentiles are
exact (the smallest duration that so many do not exceed), where Envoy's are of a histogram with two digits,
in whole microseconds; its jitter is in whole milliseconds. A sampleRTT of 0 has the gradient 2.

For c equal cores, equal work and enough load the limit is 1.25 c + sqrt(1.25 c), if `limit_min` <= c.
Measured with work of 10 ms: 7.2 for 4 cores, 24.8 for 16, where the formula says 7.2 and 24.5. Work as long
as the window is too long: with 100 ms it swings between 3 and 100 for 16 cores. While it measures, everything
beyond `limit_min` is shed: a dip a minute, which the jitter keeps from coming to all hosts at once.

The next measurement is in the schedule: a run without an end lasts until it is due.

Source: Envoy, `gradient_controller.cc` and `adaptive_concurrency.proto` for rules and defaults; `window` and
`interval` have none there and are those of the documentation's example, in which the percentile is 0.9 and
the jitter 0.1. Leaves out: a fixed minRTT, and a `min_concurrency_limit` of its own, with which measuring
does not pin the limit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor, sqrt

from simulator import Call, Environment

from ....validation import require_count, require_finite_duration, require_share, require_unit_interval
from .gradient import gradient
from .limit import Changed, ConcurrencyLimit, LimitEstimator, require_limits, within

_LOW_WINDOWS_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvoyGradientLimit(ConcurrencyLimit):
    """Compares durations in windows with those it measures when it lets nearly nothing through.

    `window` (0.1 s) and `interval` (60 s) say how often the limit and minRTT are computed, `request_count`
    (50) from how many calls minRTT is; `percentile` (0.5; in (0, 1]) sums up both. `jitter` (0.15; in [0, 1])
    delays the next measurement at random, and needs an environment with a seed unless it is 0; `buffer`
    (0.25; >= 0) is the share by which calls may take longer. The limit stays within `limit_min` (3), at which
    it starts, and `limit_max` (1000).
    """

    limit_min: int = 3
    limit_max: int = 1000
    window: float = 0.1
    interval: float = 60.0
    request_count: int = 50
    percentile: float = 0.5
    jitter: float = 0.15
    buffer: float = 0.25

    def __post_init__(self) -> None:
        """Check the parameters."""
        require_limits(self.limit_min, self.limit_min, self.limit_max)
        require_finite_duration("window", self.window)
        require_finite_duration("interval", self.interval)
        require_count("request_count", self.request_count)
        require_share("percentile", self.percentile)
        require_unit_interval("jitter", self.jitter)
        if not self.buffer >= 0:
            raise ValueError(f"buffer must be >= 0, got {self.buffer!r}")

    @property
    def is_random(self) -> bool:
        """Whether there is any jitter."""
        return self.jitter > 0

    def estimator(self, env: Environment, uniform: Callable[[], float], changed: Changed) -> LimitEstimator:
        """Return one that measures."""
        return _Controller(self, env, uniform, changed)


class _Controller(LimitEstimator):
    __slots__ = (
        "_adapting_since",
        "_durations",
        "_env",
        "_limit_before",
        "_low_count",
        "_measuring_since",
        "_min_rtt",
        "_next_measurement",
        "_next_window",
        "_policy",
        "_uniform",
    )

    def __init__(
        self,
        policy: EnvoyGradientLimit,
        env: Environment,
        uniform: Callable[[], float],
        changed: Changed,
    ) -> None:
        super().__init__(policy.limit_min, changed)
        self._policy = policy
        self._env = env
        self._uniform = uniform
        self._min_rtt = 0.0
        self._low_count = 0
        self._next_measurement: Call | None = None
        self._next_window: Call | None = None
        self._adapting_since = env.now
        self._limit_before: int | None = None  # a number while it measures
        self._measure()

    def sample(self, start: float, duration: float, in_flight: int, did_drop: bool) -> None:
        if start < self._measuring_since:
            return
        self._durations.append(duration)
        if self._limit_before is not None:
            if len(self._durations) >= self._policy.request_count:
                self._adapt(self._limit_before)
        elif self._next_window is None:
            self._next_window = self._env.call_later(self._until_window_ends(), self._end_window)

    def stop(self) -> None:
        for timer in (self._next_measurement, self._next_window):
            if timer is not None:
                timer.cancel()

    def _measure(self) -> None:
        self.stop()
        self._next_measurement = self._next_window = None
        self._limit_before = self.limit
        self._low_count = 0
        self._durations: list[float] = []
        self._measuring_since = self._env.now
        self._set(self._policy.limit_min)

    def _adapt(self, limit: int) -> None:
        policy = self._policy
        self._min_rtt = self._percentile()
        self._limit_before = None
        self._adapting_since = self._env.now
        delay = policy.interval
        if policy.jitter:
            delay += policy.jitter * policy.interval * self._uniform()
        self._next_measurement = self._env.call_later(delay, self._measure)
        self._set(limit)

    def _until_window_ends(self) -> float:
        """Return how long the present window lasts yet.

        Windows follow each other without gaps, and those without samples change nothing: so only the others
        have a timer, and a limiter without calls lets a run end.
        """
        now, since, window = self._env.now, self._adapting_since, self._policy.window
        number = floor((now - since) / window) + 1
        while since + number * window <= now:
            number += 1
        return since + number * window - now

    def _end_window(self) -> None:
        self._next_window = None
        policy, before = self._policy, self.limit
        scaled = before * gradient((1.0 + policy.buffer) * self._min_rtt, self._percentile(), 2.0)
        limit = int(within(policy.limit_min, scaled + sqrt(scaled), policy.limit_max))
        is_low = before == limit == policy.limit_min
        self._low_count = self._low_count + 1 if is_low else 0
        if self._low_count >= _LOW_WINDOWS_MAX and self._next_measurement is not None:
            self._next_measurement.cancel()
            self._next_measurement = self._env.call_later(0.0, self._measure)
        self._set(limit)

    def _percentile(self) -> float:
        durations, self._durations = sorted(self._durations), []
        # 0.9 of 10 is the ninth, whatever the last bit of the product says.
        return durations[max(0, ceil(self._policy.percentile * len(durations) - 1e-9) - 1)]
