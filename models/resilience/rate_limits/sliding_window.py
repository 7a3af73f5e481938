"""Sliding window, by a log: at most so many calls in any window, exactly.

The log holds the times of the last `limit` calls that have passed; another may pass when the oldest of them
is a whole window ago. A window is half open, (t - window, t]: a call at exactly t0 + window no longer sees
the one at t0. Calls that were turned away are not logged.

For Poisson calls it is a loss system: each call that passes holds one of `limit` places for `window` seconds,
so that Erlang's B formula with a = rate x window says how many are turned away. The price of exactness is
memory: one time for each call of the limit. `SlidingWindowCounter` needs two numbers. Source: "rate limiter
with a sliding log", as in Redis' sorted-set recipes.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from simulator import Environment

from ...validation import require_count, require_finite_duration
from .boundaries import slack
from .rate_limit import RateLimit
from .waiting_line import AllowanceWithLine


@dataclass(frozen=True, slots=True)
class SlidingWindow(RateLimit):
    """At most `limit` (>= 1) calls pass in any `window` (> 0) seconds. Callers may wait for their turn."""

    limit: int
    window: float

    def __post_init__(self) -> None:
        """Check the parameters."""
        require_count("limit", self.limit)
        require_finite_duration("window", self.window)

    @property
    def lets_wait(self) -> bool:
        """Callers may wait until the oldest call in the window is out of it."""
        return True

    def start(self, env: Environment) -> _Log:
        """Return an empty log."""
        return _Log(env, self)


class _Log(AllowanceWithLine):
    """The times of the last calls that have passed, the oldest first."""

    __slots__ = ("_times", "_window")

    def __init__(self, env: Environment, limit: SlidingWindow) -> None:
        super().__init__(env, limit)
        self._window = limit.window
        self._times: deque[float] = deque(maxlen=limit.limit)

    @property
    def _is_unused(self) -> bool:
        """Whether the window is empty."""
        times = self._times
        return not times or self._is_out(times[-1], self.env.now)

    def _is_out(self, time: float, now: float) -> bool:
        return now - time >= self._window - slack(now, self._window)

    def _take(self, price: float) -> bool:
        times, now = self._times, self.env.now
        if len(times) == times.maxlen and not self._is_out(times[0], now):
            return False
        times.append(now)  # what this drops from a full log is out of the window
        return True

    def _give_back(self, price: float) -> None:
        self._times.pop()

    def _time_of(self, total: float) -> float:
        # Whoever has to wait has found the log full. The n-th call from now follows the one `limit` calls
        # before it: one of the log, or one who waits and follows another of the log, windows before.
        rounds, place = divmod(round(total) - 1, len(self._times))
        return self._times[place] + (rounds + 1) * self._window
