"""resilience4j's rule: the shares of failed and of slow calls in a window, judged after every result.

- No judgement below `minimum_calls`; a count window shorter than that lowers it to its own size.
- A share *at* its threshold opens. Slow means *longer* than `slow_call_duration`; a slow failure counts in
  both shares.
- Trials are judged by the same thresholds over a count window of their own.

Source: resilience4j `CircuitBreakerMetrics`, `CircuitBreakerConfig`. Its rates are 32-bit percentages; ours
are 64-bit shares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from simulator import Environment

from ...validation import require_count, require_duration, require_share
from .trip_rule import HealthMonitor, TripRule
from .windows import CountWindow, TimeWindow, Window


class WindowChoice(Protocol):
    """Which results a failure rate is taken over: `CountBased` or `TimeBased`."""

    def start(self) -> Window:
        """Return an empty window."""

    def least_calls(self, minimum_calls: int) -> int:
        """Return how many calls a judgement needs, where `minimum_calls` are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountBased:
    """The last `size` (>= 1) results."""

    size: int

    def __post_init__(self) -> None:
        """Check the parameters."""
        require_count("size", self.size)

    def start(self) -> Window:
        """Return an empty window."""
        return CountWindow(self.size)

    def least_calls(self, minimum_calls: int) -> int:
        """Return `minimum_calls`, but no more than the window can hold."""
        return min(minimum_calls, self.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeBased:
    """The results of the present second and of those before it, `seconds` (a whole number >= 1) in all."""

    seconds: int

    def __post_init__(self) -> None:
        """Check the parameters."""
        require_count("seconds", self.seconds)

    def start(self) -> Window:
        """Return an empty window."""
        return TimeWindow(self.seconds)

    def least_calls(self, minimum_calls: int) -> int:
        """Return `minimum_calls`."""
        return minimum_calls


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRate(TripRule):
    """Open when the share of failures reaches `threshold`, or that of slow calls `slow_threshold`.

    Both lie in (0, 1]. `minimum_calls` (>= 1) results are needed, out of a `window`; slow is a call of more
    than `slow_call_duration` seconds (> 0).
    """

    threshold: float = 0.5
    minimum_calls: int = 100
    window: WindowChoice = CountBased(size=100)
    slow_threshold: float = 1.0
    slow_call_duration: float = 60.0

    def __post_init__(self) -> None:
        """Check the parameters."""
        require_share("threshold", self.threshold)
        require_share("slow_threshold", self.slow_threshold)
        require_count("minimum_calls", self.minimum_calls)
        require_duration("slow_call_duration", self.slow_call_duration)

    def watch(self, env: Environment, open_now: Callable[[], None]) -> HealthMonitor:
        """Return a monitor over the chosen window."""
        if isinstance(self.window, CountBased):
            return _CountedRateMonitor(self, self.window)
        return _RateMonitor(self, self.window)

    def try_out(self, trial_count: int) -> HealthMonitor:
        """Return a monitor with the same thresholds over the trials."""
        return _RateMonitor(self, CountBased(size=trial_count))


class _RateMonitor(HealthMonitor):
    __slots__ = ("_least_calls", "_slow_after", "_slow_threshold", "_threshold", "_window")

    _window: Window

    def __init__(self, rule: FailureRate, choice: WindowChoice) -> None:
        self._window = choice.start()
        self._least_calls = choice.least_calls(rule.minimum_calls)
        self._threshold = rule.threshold
        self._slow_threshold = rule.slow_threshold
        self._slow_after = rule.slow_call_duration

    @property
    def counts(self) -> tuple[int, int, int]:
        window = self._window
        return window.total_count, window.failed_count, window.slow_count

    @property
    def is_decided(self) -> bool:
        return self._window.total_count >= self._least_calls

    def record(self, now: float, duration: float, is_failure: bool) -> bool:
        window = self._window
        window.record(now, is_failure, duration > self._slow_after)
        failed, slow = window.failed_count, window.slow_count
        # A threshold is > 0: nothing bad, nothing to judge.
        if not (failed or slow):
            return False
        total = window.total_count
        return total >= self._least_calls and (
            failed / total >= self._threshold or slow / total >= self._slow_threshold
        )


class _CountedRateMonitor(_RateMonitor):
    """The same over a count window, where one good result after another need only be counted."""

    __slots__ = ()

    _window: CountWindow

    def record(self, now: float, duration: float, is_failure: bool) -> bool:
        window = self._window
        if is_failure or window.bad or duration > self._slow_after:
            return super().record(now, duration, is_failure)
        # This is every call to a healthy dependency.
        window.recorded_count += 1
        return False
