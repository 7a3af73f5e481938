"""The verdict on one target: what a row of results makes of it, and when it changes.

States: *healthy* -> *unhealthy* after `unhealthy_threshold` failures in a row, *unhealthy* -> *healthy* after
`healthy_threshold` successes in a row. One result of the other kind begins the row anew. The exceptions
(`first_result_decides`, `answers_decide`) are in `settings`.
"""

from __future__ import annotations

from .settings import HealthCheckSettings


class Verdict:
    """What is thought of one target: `is_healthy`, and how far it is from the opposite."""

    __slots__ = ("_failures", "_is_first", "_passes", "_settings", "is_healthy")

    def __init__(self, settings: HealthCheckSettings) -> None:
        self._settings = settings
        self._failures = 0
        self._passes = 0
        self._is_first = True
        self.is_healthy = settings.initially_healthy

    @property
    def is_pending(self) -> bool:
        """Whether the last result speaks against the verdict, and was not enough to change it."""
        return bool(self._failures if self.is_healthy else self._passes)

    def passed(self) -> bool:
        """Note a success, and say whether it changes the verdict."""
        is_first = self._settings.first_result_decides and self._is_first
        self._is_first = False
        self._failures = 0
        self._passes += 1
        if self.is_healthy or not (is_first or self._passes >= self._settings.healthy_threshold):
            return False
        self.is_healthy = True
        return True

    def failed(self, *, at_once: bool = False) -> bool:
        """Note a failure, which with `at_once` needs no other, and say whether it changes the verdict."""
        is_first = self._settings.first_result_decides and self._is_first
        self._is_first = False
        self._passes = 0
        self._failures += 1
        decides = is_first or at_once or self._failures >= self._settings.unhealthy_threshold
        if not self.is_healthy or not decides:
            return False
        self.is_healthy = False
        return True
