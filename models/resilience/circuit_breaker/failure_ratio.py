"""Polly's rule: the ratio of failures among the calls sampled lately, judged only when a call fails.

- A success is counted but never opens, not even the one that completes the minimum throughput.
- Ten sub-windows, each begun by a result; one only where the sampling lasts less than 200 ms.
- One trial decides (the contract's default).

Source: Polly v8 `AdvancedCircuitBehavior`, `RollingHealthMetrics`, `SingleHealthMetrics`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulator import Environment

from ...validation import require_count, require_finite_duration, require_share
from .trip_rule import HealthMonitor, TripRule
from .windows import SubWindows

_SUB_WINDOWS = 10
_SHORTEST_DIVIDED_SAMPLING = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledFailureRatio(TripRule):
    """Open on a failure when a share of `ratio` (in (0, 1]) of the sampled calls failed.

    Calls of the last `sampling_duration` seconds (> 0) are sampled; `minimum_throughput` (>= 1) of them are
    needed.
    """

    ratio: float = 0.1
    minimum_throughput: int = 100
    sampling_duration: float = 30.0

    def __post_init__(self) -> None:
        """Check the parameters."""
        require_share("ratio", self.ratio)
        require_count("minimum_throughput", self.minimum_throughput)
        require_finite_duration("sampling_duration", self.sampling_duration)

    def watch(self, env: Environment, open_now: Callable[[], None]) -> HealthMonitor:
        """Return a monitor that judges failures."""
        return _SampleMonitor(self)


class _SampleMonitor(HealthMonitor):
    __slots__ = ("_rule", "_window")

    def __init__(self, rule: SampledFailureRatio) -> None:
        self._rule = rule
        is_divided = rule.sampling_duration >= _SHORTEST_DIVIDED_SAMPLING
        self._window = SubWindows(rule.sampling_duration, _SUB_WINDOWS if is_divided else 1)

    @property
    def counts(self) -> tuple[int, int, int]:
        window = self._window
        return window.total_count, window.failed_count, 0

    def record(self, now: float, duration: float, is_failure: bool) -> bool:
        window = self._window
        window.record(now, is_failure, False)
        if not is_failure or window.total_count < self._rule.minimum_throughput:
            return False
        return window.failed_count / window.total_count >= self._rule.ratio
