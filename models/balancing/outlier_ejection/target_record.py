"""What is remembered of one target: rows of failures, the interval that runs, and its ejections."""

from __future__ import annotations

from ..target import Target
from .call_result import CallResult
from .consecutive_failures import ConsecutiveFailures
from .detectors import Detectors
from .interval_counts import IntervalCounts
from .settings import OutlierSettings


class OriginRecord:
    """What is remembered of the results of one origin."""

    __slots__ = ("detectors", "now", "rows")

    def __init__(self, detectors: Detectors) -> None:
        self.detectors = detectors
        self.rows = dict.fromkeys(detectors.consecutive, 0)
        self.now = IntervalCounts()

    def note(self, result: CallResult, *, is_success: bool) -> list[ConsecutiveFailures]:
        """Note a result, and return the detectors that have found an outlier with it."""
        self.now.total += 1
        self.now.successes += is_success
        found = []
        for detector, row in self.rows.items():
            self.rows[detector] = row = detector.row(row, result)
            if detector.finds(row):
                found.append(detector)
        return found

    def close_interval(self) -> IntervalCounts:
        """Return the counts of the interval that is over, and begin another."""
        over, self.now = self.now, IntervalCounts()
        return over


class TargetRecord:
    """What is remembered of one target, since it is one.

    `multiplier` is the number of ejections in a row; `ejected_at` and `ejected_for` (s) are of the last one.
    """

    __slots__ = ("added_at", "ejected_at", "ejected_for", "external", "local", "multiplier", "target")

    def __init__(self, target: Target, external: Detectors, local: Detectors) -> None:
        self.target = target
        self.added_at = target.added_at
        self.external = OriginRecord(external)
        self.local = OriginRecord(local)
        self.multiplier = 0
        self.ejected_at = 0.0
        self.ejected_for = 0.0

    @property
    def is_current(self) -> bool:
        """Whether the target is one, and has been since this record began."""
        return self.target.is_member and self.target.added_at == self.added_at

    def note(self, result: CallResult, *, split: bool) -> list[tuple[OriginRecord, ConsecutiveFailures]]:
        """Note a result, and return what has found an outlier with it."""
        if not split:
            if result is CallResult.LOCAL:
                result = CallResult.GATEWAY
            return self._noted(self.external, result, is_success=result is CallResult.OK)
        found = self._noted(self.local, result, is_success=result is not CallResult.LOCAL)
        if result is not CallResult.LOCAL:
            found += self._noted(self.external, result, is_success=result is CallResult.OK)
        return found

    @staticmethod
    def _noted(
        origin: OriginRecord, result: CallResult, *, is_success: bool
    ) -> list[tuple[OriginRecord, ConsecutiveFailures]]:
        return [(origin, detector) for detector in origin.note(result, is_success=is_success)]

    def eject(self, now: float, settings: OutlierSettings, jitter: float) -> None:
        """Remember an ejection: one longer than the last, if that was not long ago."""
        self.ejected_at = now
        base, longest = settings.base_ejection_time, settings.ejection_time_max
        # Envoy's bound: the product may pass the longest by one base, and is cut off when it is used.
        if self.multiplier * base < longest + base:
            self.multiplier += 1
        self.ejected_for = min(self.multiplier * base, longest) + jitter

    def clear_rows(self) -> None:
        """Begin all rows of failures anew, as one does who comes back."""
        for origin in (self.external, self.local):
            origin.rows = dict.fromkeys(origin.rows, 0)
