"""Retry budgets: how many retries a client may afford, whatever its single calls would like.

The family differs in what earns a retry and what a retry takes:

    TokenBucketBudget    successful first attempts earn tokens, a retry spends one (Brooker; jirfag)
    GrpcRetryThrottle    failures burn tokens, successes restore some; no retries below one half (gRPC)
    EnvoyRetryBudget     retries under way are a share of the requests under way (Envoy)
    SreRetryRatio        retries are a share of the recent requests (SRE book)

A copy that a `Hedge` sends is a retry before there is a failure, and takes from the same budgets. A budget is
a mutable thing that many `Retry` and `Hedge` may share: one per client process and dependency is what its
sources mean. It is in memory (see `models.resilience`), and begins anew with whichever of them does so first.
Left out: what the server says about retrying (gRPC's pushback).
"""

from __future__ import annotations

from math import floor, inf

from simulator import Environment

from ..validation import require_count, require_finite_duration, require_unit_interval
from .recent_count import RecentCount

# Tokens are counted in millionths: ten times 0.1 of a float is less than one, and the tenth success must earn
# its retry.
_TOKEN = 1_000_000


class RetryBudget:
    """The contract of the family, and a budget without a limit.

    `Retry` and `Hedge` tell it about each call: `request_started`, for each attempt that ends
    `attempt_succeeded` or `attempt_failed` (a failure worth retrying), `take_retry` when there is to be
    another attempt, `retry_ended` when one that was allowed is over (a retry's wait included), and
    `request_ended`; the last two always come, even when the call is cancelled or killed.
    """

    def request_started(self) -> None:
        """A call begins."""

    def attempt_succeeded(self, *, is_first: bool) -> None:
        """An attempt was answered; `is_first` unless it was a retry or a copy."""

    def attempt_failed(self) -> None:
        """An attempt failed in a way that is worth a retry."""

    def take_retry(self) -> bool:
        """Ask for one retry: return whether it is allowed, and if so charge for it."""
        return True

    def retry_ended(self) -> None:
        """A retry that was allowed is over, however it ended."""

    def request_ended(self) -> None:
        """A call is over, however it ended."""

    def start_afresh(self) -> None:
        """Forget what was, as the process that starts again; what is under way now is none of that."""


class TokenBucketBudget(RetryBudget):
    """A retry costs one token; a successful first attempt returns `refill` (0.1) of one.

    The bucket holds `capacity` (5) tokens and starts full. Only *first* attempts earn: were successful
    retries credited too, the budget would double in a partial failure. Source: M. Brooker, "Fixing retries
    with token buckets and circuit breakers" (2022).
    """

    def __init__(self, capacity: float = 5.0, refill: float = 0.1) -> None:
        """Start with a full bucket."""
        if not 1 <= capacity < inf:
            raise ValueError(f"capacity must be finite and >= 1 token, got {capacity!r}")
        if not 0 <= refill <= capacity:
            raise ValueError(f"refill must lie in [0, capacity ({capacity!r})] tokens, got {refill!r}")
        self._capacity = self._tokens = round(capacity * _TOKEN)
        self._refill = round(refill * _TOKEN)

    @property
    def tokens(self) -> float:
        """How many retries could be paid for now."""
        return self._tokens / _TOKEN

    def attempt_succeeded(self, *, is_first: bool) -> None:
        """Earn a part of a token by a first attempt."""
        if is_first:
            self._tokens = min(self._capacity, self._tokens + self._refill)

    def take_retry(self) -> bool:
        """Spend a token, if there is a whole one."""
        if self._tokens < _TOKEN:
            return False
        self._tokens -= _TOKEN
        return True

    def start_afresh(self) -> None:
        """Fill the bucket."""
        self._tokens = self._capacity


class GrpcRetryThrottle(RetryBudget):
    """Each failure takes a token and each success gives back `token_ratio` (0.1) of one.

    Retries are allowed only while more than half of `tokens_max` (10) are left. First attempts are never
    throttled. Source: gRPC proposal A6 ("retryThrottling"), which makes one of these per server name.
    """

    def __init__(self, tokens_max: float = 10.0, token_ratio: float = 0.1) -> None:
        """Start with all tokens."""
        if not 0 < tokens_max <= 1000:
            raise ValueError(f"tokens_max must lie in (0, 1000], got {tokens_max!r}")
        if not 0 < token_ratio < inf:
            raise ValueError(f"token_ratio must be finite and > 0, got {token_ratio!r}")
        self._tokens_max = self._tokens = round(tokens_max * _TOKEN)
        self._token_ratio = round(token_ratio * _TOKEN)

    @property
    def tokens(self) -> float:
        """How many tokens are left."""
        return self._tokens / _TOKEN

    def attempt_succeeded(self, *, is_first: bool) -> None:
        """Earn a part of a token; retries earn it too."""
        self._tokens = min(self._tokens_max, self._tokens + self._token_ratio)

    def attempt_failed(self) -> None:
        """Lose a token."""
        self._tokens = max(0, self._tokens - _TOKEN)

    def take_retry(self) -> bool:
        """Allow it while more than half of the tokens are left; the failure before has paid."""
        return 2 * self._tokens > self._tokens_max

    def start_afresh(self) -> None:
        """Have all tokens."""
        self._tokens = self._tokens_max


class EnvoyRetryBudget(RetryBudget):
    """Retries under way never exceed `ratio` (0.2) of the requests under way.

    However few those are, `concurrency_min` (3) retries are allowed. A request is under way from its first
    attempt to its end, waits before retries included (Envoy's "active and pending"); a retry from the
    decision to retry to its answer. Source: Envoy, cluster circuit breakers, `retry_budget`.
    """

    def __init__(self, ratio: float = 0.2, concurrency_min: int = 3) -> None:
        """Start with nothing under way."""
        require_unit_interval("ratio", ratio)
        require_count("concurrency_min", concurrency_min, lowest=0)
        self.ratio = ratio
        self.concurrency_min = concurrency_min
        self.request_count = 0
        self.retry_count = 0

    def request_started(self) -> None:
        """One more request is under way."""
        self.request_count += 1

    def take_retry(self) -> bool:
        """Allow it while there is room among the retries under way."""
        if self.retry_count >= max(self.concurrency_min, _whole_share(self.ratio, self.request_count)):
            return False
        self.retry_count += 1
        return True

    def retry_ended(self) -> None:
        """One retry fewer is under way."""
        self.retry_count -= 1

    def request_ended(self) -> None:
        """One request fewer is under way."""
        self.request_count -= 1


class SreRetryRatio(RetryBudget):
    """Retries of the last `window` seconds (120) are at most `ratio` (0.1) of the requests.

    Retries do not count among those requests, so that they raise the load by at most that share. The window
    moves in sixtieths of its length. There is no minimum: a client that makes fewer than 1 / `ratio` requests
    in a window may never retry. Source: "Site Reliability Engineering", chapter 21.
    """

    def __init__(self, env: Environment, ratio: float = 0.1, window: float = 120.0) -> None:
        """Start with no requests, hence no retries."""
        require_unit_interval("ratio", ratio)
        require_finite_duration("window", window)
        self._env = env
        self.ratio = ratio
        self.window = window
        self.start_afresh()

    def request_started(self) -> None:
        """Count a request."""
        self._requests.add(self._env.now)

    def take_retry(self) -> bool:
        """Allow and count it, if it still fits into its share of the recent requests."""
        now = self._env.now
        if self._retries.total(now) >= _whole_share(self.ratio, self._requests.total(now)):
            return False
        self._retries.add(now)
        return True

    def start_afresh(self) -> None:
        """Know of no requests, hence allow no retries."""
        self._requests = RecentCount(self.window)
        self._retries = RecentCount(self.window)


def _whole_share(ratio: float, count: int) -> int:
    # 0.29 of 100 is 28.999999999999996 in floats.
    return floor(ratio * count + 1e-9)
