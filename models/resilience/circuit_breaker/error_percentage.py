"""Hystrix's rule: the percentage of errors in a window of buckets, judged only when a bucket is complete.

- Results of the bucket that is being filled do not count yet, so the breaker reacts up to one bucket (0.5 s)
  late.
- The percentage is cut off to a whole number before it is compared.
- One trial decides (the contract's default).

Buckets start with the breaker, and anew whenever it closes. A result and the end of a bucket at the very same
instant come in the order in which they were scheduled. Source: `HystrixCircuitBreaker`,
`HystrixCommandMetrics.HealthCounts`, `BucketedRollingCounterStream`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulator import Call as ScheduledCall
from simulator import Environment

from ...validation import require_count, require_finite_duration
from .trip_rule import HealthMonitor, TripRule
from .windows import EmittedWindow


@dataclass(frozen=True, slots=True, kw_only=True)
class EmittedErrorPercentage(TripRule):
    """Open when, at the end of a bucket, `percentage` (1 to 100) % of the results in the window are failures.

    At least `request_volume` (>= 1) results are needed. The window is the last `bucket_count` (>= 1) complete
    buckets of `bucket_duration` seconds (> 0).
    """

    percentage: int = 50
    request_volume: int = 20
    bucket_duration: float = 0.5
    bucket_count: int = 20

    def __post_init__(self) -> None:
        """Check the parameters."""
        if not 1 <= self.percentage <= 100:
            raise ValueError(f"percentage must lie in [1, 100], got {self.percentage!r}")
        require_count("request_volume", self.request_volume)
        require_finite_duration("bucket_duration", self.bucket_duration)
        require_count("bucket_count", self.bucket_count)

    def watch(self, env: Environment, open_now: Callable[[], None]) -> HealthMonitor:
        """Return a monitor that judges at the ends of buckets."""
        return _BucketMonitor(self, env, open_now)


class _BucketMonitor(HealthMonitor):
    __slots__ = ("_env", "_is_stopped", "_open_now", "_rule", "_timer", "_window")

    def __init__(self, rule: EmittedErrorPercentage, env: Environment, open_now: Callable[[], None]) -> None:
        self._rule = rule
        self._env = env
        self._open_now = open_now
        self._window = EmittedWindow(env.now, rule.bucket_duration, rule.bucket_count)
        self._timer: ScheduledCall | None = None
        self._is_stopped = False

    @property
    def counts(self) -> tuple[int, int, int]:
        window = self._window
        return window.total_count, window.failed_count, 0

    def record(self, now: float, duration: float, is_failure: bool) -> bool:
        self._window.record(now, is_failure, False)
        if is_failure and self._timer is None and not self._is_stopped:
            self._await_emission()
        return False

    def stop(self) -> None:
        self._is_stopped = True
        if self._timer is not None:
            self._timer.cancel()

    def _await_emission(self) -> None:
        # A timer only while there are failures to judge: a healthy dependency costs no events, and a run can
        # end.
        number, time = self._window.next_emission()
        self._timer = self._env.call_later(max(0.0, time - self._env.now), self._judge, number)

    def _judge(self, number: int) -> None:
        self._timer = None
        self._window.emit(number)
        total, failed, _ = self.counts
        if total >= self._rule.request_volume and int(failed / total * 100) >= self._rule.percentage:
            self._open_now()
        elif self._window.has_failures:
            self._await_emission()
