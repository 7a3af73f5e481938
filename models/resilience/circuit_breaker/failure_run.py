"""The textbook rule: so many failures in a row.

No window and no time, a memory of one number; its renewal theory has closed forms.

Source: Nygard, "Release It!" (2007), whose breaker counts failures; Polly's simple breaker and Finagle's
failure accrual are of this kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulator import Environment

from ...validation import require_count
from .trip_rule import HealthMonitor, TripRule


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsecutiveFailures(TripRule):
    """Open at the `count`-th (>= 1) failure in a row."""

    count: int = 5

    def __post_init__(self) -> None:
        """Check the count."""
        require_count("count", self.count)

    def watch(self, env: Environment, open_now: Callable[[], None]) -> HealthMonitor:
        """Return a monitor that counts the present run of failures."""
        return _RunMonitor(self.count)


class _RunMonitor(HealthMonitor):
    __slots__ = ("_count", "_run")

    def __init__(self, count: int) -> None:
        self._count = count
        self._run = 0

    @property
    def counts(self) -> tuple[int, int, int]:
        return self._run, self._run, 0

    def record(self, now: float, duration: float, is_failure: bool) -> bool:
        if not is_failure:
            self._run = 0
            return False
        self._run += 1
        return self._run >= self._count
