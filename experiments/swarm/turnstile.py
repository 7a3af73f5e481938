"""A turnstile behind each rate limiter: who has passed, and when; and whether the limit allowed it.

What a limiter counts tells how many have passed in all, and a mistake of one in a burst drowns in what was
allowed meanwhile. The times of passing are judged against the definition of each limit, one by one, by code
that knows nothing of the limiter's own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import floor

from models import Call, Endpoint, Request, Wrapper
from models.resilience.rate_limits import (
    FixedCycles,
    LeakyBucket,
    PerKey,
    RateLimit,
    SlidingWindow,
    SlidingWindowCounter,
    TokenBucket,
)
from simulator import Environment

_ROUNDING = 1e-6  # of a token, or of a second


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnstileStatistics:
    """How many calls have passed."""

    call_count: int


class Turnstile(Wrapper):
    """Answers as `target` does, and writes down when somebody passes, by the key of `limit` if it has one."""

    def __init__(self, env: Environment, target: Endpoint, limit: RateLimit, *, name: str) -> None:
        super().__init__(target, name=name)
        self._env = env
        self._limit = limit.limit if isinstance(limit, PerKey) else limit
        self._key: Callable[[Request], Hashable] = limit.key if isinstance(limit, PerKey) else _the_same
        self._times: dict[Hashable, list[float]] = {}
        self._call_count = 0

    def call(self, request: Request) -> Call:
        """Answer `request` as the target does."""
        self._call_count += 1
        self._times.setdefault(self._key(request), []).append(self._env.now)
        return (yield from self.target.call(request))

    def first_too_many(self) -> float | None:
        """Return when the first passed whom the limit, begun at time 0, did not allow; None if all were."""
        found = [_first_too_many(times, self._limit) for times in self._times.values()]
        return min((time for time in found if time is not None), default=None)

    def statistics(self) -> TurnstileStatistics:
        """Return what has happened so far."""
        return TurnstileStatistics(call_count=self._call_count)


def _the_same(request: Request) -> None:
    """Return the key of all requests where there is none."""


def _first_too_many(times: list[float], limit: RateLimit) -> float | None:
    match limit:
        case TokenBucket():
            return _too_many_tokens(times, limit.rate, limit.burst)
        case LeakyBucket():
            apart = 1.0 / limit.rate - _ROUNDING
            return _first(after for before, after in pairwise(times) if after - before < apart)
        case SlidingWindow():
            pairs = zip(times, times[limit.limit :], strict=False)
            return _first(after for before, after in pairs if after - before < limit.window - _ROUNDING)
        case SlidingWindowCounter():
            return _too_many_in_cycles(times, limit.limit, limit.window)
        case FixedCycles():
            return _too_many_in_cycles(times, limit.limit, limit.period)
    return None


def _too_many_tokens(times: list[float], rate: float, burst: float) -> float | None:
    tokens, since = burst, 0.0
    for time in times:
        tokens = min(burst, tokens + rate * (time - since)) - 1.0
        since = time
        if tokens < -_ROUNDING:
            return time
    return None


def _too_many_in_cycles(times: list[float], most: int, length: float) -> float | None:
    """Return the first of more than `most` times in a cycle; a cycle may begin a rounding early."""
    last: deque[int] = deque(maxlen=most)
    for time in times:
        cycle = floor(time / length + _ROUNDING)
        if len(last) == most and last[0] == cycle:
            return time
        last.append(cycle)
    return None


def _first(times: Iterable[float]) -> float | None:
    return next(iter(times), None)
