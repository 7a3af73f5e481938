"""Rate limiter: lets calls through to its target as fast as a limit allows, and no faster.

States of a call: *asked* -> *passed*, or *waiting* -> *passed*; or *rejected*. A limiter says nothing about
how long calls take or how many are under way: that is what a bulkhead is for. It counts calls that begin.

It stands where its target stands. Around a connection it is the caller's own restraint, and a rejected call
sends no message; around an instance it is the server's, and rejections cross the network. In front of a
server it is fair only with one limit per caller (`PerKey`): with one limit for all, the loudest takes it.

What has passed is kept in memory: after a restart of the host, or of the process that it stands in, the limit
begins anew. A shared allowance is kept elsewhere, and outlives that (see `rate_limit`).

Sources: resilience4j and Envoy for the place of it; the limits name their own.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from simulator import Environment

from ...endpoint import Call, Endpoint, Wrapper
from ...request import Request
from ..rejection import rejection
from .rate_limit import Allowance, RateLimit


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimiterStatistics:
    """What has become of the calls to a limiter so far.

    Of `call_count` calls, `passed_count` went on to the target, `rejected_count` were turned away,
    `abandoned_count` left while they waited, and `waiting_count` wait now: these four add up to the calls.
    `waited_count` of those that passed had to wait before, for `waiting_time` seconds in all.
    """

    call_count: int
    passed_count: int
    rejected_count: int
    abandoned_count: int
    waiting_count: int
    waited_count: int
    waiting_time: float


class RateLimiter(Wrapper):
    """Passes calls on to `target` within `limit`; others are `Rejected` with the reason "rate limit".

    `limit` is a `RateLimit`, of which it starts an allowance of its own, or an `Allowance` that others share.
    With `wait_max` (>= 0 s, may be infinite) a call whose turn comes within that time waits for it, first
    come, first served, and the others are rejected at once. Only limits that can tell accept one: a
    `TokenBucket`, a `SlidingWindow`. `LeakyBucket` and `FixedCycles` have their own rules of waiting.

    Example::

        payment = RateLimiter(env, connection, TokenBucket(rate=50, burst=10), wait_max=0.2)
        web_1 = RateLimiter(env, instance, PerKey(SlidingWindow(limit=100, window=60)))
    """

    def __init__(
        self,
        env: Environment,
        target: Endpoint,
        limit: RateLimit | Allowance,
        *,
        wait_max: float = 0.0,
        name: str = "rate limiter",
    ) -> None:
        """Put the limit in front of `target`; nothing has passed yet."""
        super().__init__(target, name=name)
        self.limit, self._allowance = _started(env, limit)
        if isinstance(wait_max, bool) or not wait_max >= 0.0:
            raise ValueError(f"wait_max must be >= 0 s, got {wait_max!r}")
        if wait_max and not self.limit.lets_wait:
            raise ValueError(
                f"wait_max must be 0 s with {self.limit!r}, for which nobody waits by it, got {wait_max!r}"
            )
        self._env = env
        self.wait_max = wait_max
        self._call_count = 0
        self._rejected_count = 0
        self._abandoned_count = 0
        self._waiting_count = 0
        self._waited_count = 0
        self._waiting_time = 0.0
        if self._allowance is not limit and self.host is not None:
            self.host.on_restart(self._start_afresh, endpoint=self.serving)

    def _start_afresh(self) -> None:
        self._allowance = self.limit.start(self._env)

    def call(self, request: Request) -> Call:
        """Answer `request` as the target does, when it may pass, or raise `Rejected`."""
        self._call_count += 1
        if not self._allowance.admit(request):
            yield from self._wait(request)
        return (yield from self.target.call(request))

    def _wait(self, request: Request) -> Generator[Any, Any, None]:
        start = self._env.now
        self._waiting_count += 1
        try:
            may_pass = yield from self._allowance.wait(request, self.wait_max)
        except BaseException:
            self._abandoned_count += 1
            raise
        finally:
            self._waiting_count -= 1
        if not may_pass:
            self._rejected_count += 1
            raise rejection(self, "rate limit")
        self._waited_count += 1
        self._waiting_time += self._env.now - start

    @property
    def waiting_count(self) -> int:
        """How many wait for their turn now."""
        return self._waiting_count

    def statistics(self) -> RateLimiterStatistics:
        """Return what has happened so far."""
        others = self._rejected_count + self._abandoned_count + self._waiting_count
        return RateLimiterStatistics(
            call_count=self._call_count,
            passed_count=self._call_count - others,
            rejected_count=self._rejected_count,
            abandoned_count=self._abandoned_count,
            waiting_count=self._waiting_count,
            waited_count=self._waited_count,
            waiting_time=self._waiting_time,
        )


def _started(env: Environment, limit: object) -> tuple[RateLimit, Allowance]:
    """Return a limit and an allowance of it, in `env`."""
    if isinstance(limit, RateLimit):
        return limit, limit.start(env)
    if not isinstance(limit, Allowance):
        raise TypeError(
            f"limit must be a RateLimit, such as TokenBucket(10, 5), or one that was started, got {limit!r}"
        )
    if limit.env is not env:
        raise ValueError(f"limit must belong to the same environment, got one of {limit.limit!r} in another")
    return limit.limit, limit
