"""Trip rules: what makes a breaker open, and what its trials must show for it to close.

A rule is a frozen description. It makes monitors, which live for one stay in a state: `watch` for the closed
state, `try_out` for half-open. A monitor is told each result and says whether it is one too many. The members
of the family are in files of their own, each with the rules of one library: `failure_rate`,
`error_percentage`, `failure_ratio`, `failure_run`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from simulator import Environment


class HealthMonitor(ABC):
    """Counts results during one stay of a breaker in one state."""

    __slots__ = ()

    @property
    @abstractmethod
    def counts(self) -> tuple[int, int, int]:
        """How many results count now, how many of them failed, and how many were slow."""

    @property
    def is_decided(self) -> bool:
        """Whether there are enough results to say that all is well; asked only of the monitor of trials."""
        return self.counts[0] > 0

    @abstractmethod
    def record(self, now: float, duration: float, is_failure: bool) -> bool:
        """Count the result of a call that took `duration` seconds; return whether the breaker must open."""

    def stop(self) -> None:
        """The stay is over: do nothing more unasked. Results may still be recorded, to no effect."""
        return


class TripRule(ABC):
    """The contract of the family."""

    __slots__ = ()

    @abstractmethod
    def watch(self, env: Environment, open_now: Callable[[], None]) -> HealthMonitor:
        """Return a monitor for the closed state; one that judges between results calls `open_now()`."""

    def try_out(self, trial_count: int) -> HealthMonitor:
        """Return a monitor for `trial_count` trials: all must succeed, unless a rule says otherwise."""
        return TrialRun(trial_count)


class TrialRun(HealthMonitor):
    """Trials of which the first failure is one too many, and `trial_count` successes are enough."""

    __slots__ = ("_failed_count", "_succeeded_count", "_trial_count")

    def __init__(self, trial_count: int) -> None:
        """Start before the first trial."""
        self._trial_count = trial_count
        self._succeeded_count = 0
        self._failed_count = 0

    @property
    def counts(self) -> tuple[int, int, int]:
        """Results so far; none is slow here."""
        return self._succeeded_count + self._failed_count, self._failed_count, 0

    @property
    def is_decided(self) -> bool:
        """Whether enough trials have succeeded."""
        return self._succeeded_count >= self._trial_count

    def record(self, now: float, duration: float, is_failure: bool) -> bool:
        """Count the result of a trial."""
        if is_failure:
            self._failed_count += 1
        else:
            self._succeeded_count += 1
        return is_failure
