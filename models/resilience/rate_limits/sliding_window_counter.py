"""Sliding window, by two counters: about so many calls in any window, from the counts of two fixed ones.

Time is cut into fixed windows from time zero. The calls of the last `window` seconds are estimated as those
of the present fixed window, plus those of the one before times the share of it that the sliding window still
covers: as if they had come evenly. A call passes where the estimate, with itself, stays within the limit.

Calls that came early in the window before are overestimated, those that came late underestimated: a client
that bursts at the right moments gets up to twice the limit through one window, though in the long run never
more than the limit per window. A steady overload gets one call per window less than the limit, since the
estimate counts whole calls in part; so do calls that come evenly at exactly the limit's pace. Nobody waits
for it: its users turn calls away, and what was turned away does not count. Source: J. Desgats, "How we built
rate limiting capable of scaling to millions of domains" (Cloudflare 2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from simulator import Environment

from ...request import Request
from ...validation import require_count, require_finite_duration
from .boundaries import slack
from .rate_limit import Allowance, RateLimit


@dataclass(frozen=True, slots=True)
class SlidingWindowCounter(RateLimit):
    """At most `limit` (>= 1) calls are estimated to pass in any `window` (> 0) seconds."""

    limit: int
    window: float

    def __post_init__(self) -> None:
        """Check the parameters."""
        require_count("limit", self.limit)
        require_finite_duration("window", self.window)

    def start(self, env: Environment) -> _Counters:
        """Return counters of zero."""
        return _Counters(env, self)


class _Counters(Allowance):
    """The number of the present fixed window, and what has passed in it and in the one before."""

    __slots__ = ("_before", "_limit", "_number", "_present", "_window")

    def __init__(self, env: Environment, limit: SlidingWindowCounter) -> None:
        super().__init__(env, limit)
        self._limit = limit.limit
        self._window = limit.window
        self._before = 0
        self._present = 0
        self._number = self._present_number()

    @property
    def is_fresh(self) -> bool:
        """Whether nothing has passed in the two windows that count."""
        self._turn_over()
        return not self._present and not self._before

    def admit(self, request: Request) -> bool:
        """Let `request` pass now, if the estimate allows it."""
        self._turn_over()
        covered = min(1.0, self._number + 1 - self.env.now / self._window)
        if self._before * covered + self._present + 1 > self._limit * (1.0 + 1e-9):
            return False
        self._present += 1
        return True

    def _present_number(self) -> int:
        now = self.env.now
        return floor((now + slack(now, self._window)) / self._window)

    def _turn_over(self) -> None:
        """Begin a new fixed window, if it is time."""
        number = self._present_number()
        if number != self._number:
            self._before = self._present if number == self._number + 1 else 0
            self._present = 0
            self._number = number
