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

    `multiplier` is the number of ejections in a row; `ejected_at` and `ejected_for` (s) are of the last one,
    and `readmitted_at` is when it has come back from that, if it has.
    """

    __slots__ = (
        "_was_ejected",
        "added_at",
        "ejected_at",
        "ejected_for",
        "external",
        "local",
        "multiplier",
        "readmitted_at",
        "target",
    )

    def __init__(self, target: Target, external: Detectors, local: Detectors) -> None:
        self.target = target
        self.added_at = target.added_at
        self.external = OriginRecord(external)
        self.local = OriginRecord(local)
        self.multiplier = 0
        self.ejected_at = 0.0
        self.ejected_for = 0.0
        self.readmitted_at: float | None = None
        self._was_ejected = False

    @property
    def is_current(self) -> bool:
        """Whether the target is one, and has been since this record began."""
        return self.target.is_member and self.target.added_at == self.added_at

    @property
    def is_out(self) -> bool:
        """Whether the target is ejected, and by what this record tells of: not by somebody else's hand."""
        return self._was_ejected and self.target.is_ejected

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
        self._was_ejected = True
        self.ejected_at = now
        base, longest = settings.base_ejection_time, settings.ejection_time_max
        # Envoy's bound: the product may pass the longest by one base, and is cut off when it is used.
        if self.multiplier * base < longest + base:
            self.multiplier += 1
        self.ejected_for = min(self.multiplier * base, longest) + jitter

    def readmit(self, now: float) -> None:
        """Remember a return: all rows of failures begin anew."""
        self._was_ejected = False
        self.readmitted_at = now
        for origin in (self.external, self.local):
            origin.rows = dict.fromkeys(origin.rows, 0)

    def forgive(self, now: float, interval: float) -> None:
        """Let one ejection in a row be forgotten, of a target that has been back for an `interval` (s)."""
        if self.readmitted_at is not None and now - self.readmitted_at >= interval and self.multiplier:
            self.multiplier -= 1
