"""Token bucket: tokens come at a steady rate, a call spends some, and what is not spent is saved for a burst.

The bucket holds `burst` tokens and starts full. Tokens come continuously, not in portions. In any time t at
most burst + rate x t tokens are spent. A call that is turned away leaves the bucket as it was, and its time
too: however often a bucket is asked, no rounding wears off what comes in between.

The same as the leaky bucket as a meter, and as the generic cell rate algorithm of ITU-T I.371, which keep
the missing tokens instead; Envoy, Go's x/time/rate and nginx with `nodelay` are of this kind. For Poisson
calls of one token and a whole `burst` it turns away as many as an M/D/1/burst queue does: a call finds fewer
than one token exactly where it would find `burst` calls in a system that takes 1/rate seconds for each.

Left out: tokens in portions (Envoy's fill interval), borrowing beyond the patience of a caller.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, ulp

from simulator import Environment

from ...request import Request
from ...validation import require_positive
from .boundaries import slack
from .rate_limit import RateLimit
from .waiting_line import AllowanceWithLine

Cost = Callable[[Request], float]
"""What a request costs: tokens >= 0, by the request alone."""


def by_size(request: Request) -> float:
    """Return the bytes that `request` weighs, as a cost: rate and burst are then bytes per second and bytes.

    A request without a size costs nothing, and passes as soon as nobody waits before it.
    """
    return float(request.size_bytes)


@dataclass(frozen=True, slots=True)
class TokenBucket(RateLimit):
    """`rate` (> 0) tokens come per second, up to `burst` (>= 1); a call costs one, or `cost(request)`.

    A call that costs more than `burst` never passes. Callers may wait for tokens, see `RateLimiter`.

    Example::

        uploads = TokenBucket(rate=1e6, burst=64_000, cost=by_size)
    """

    rate: float
    burst: float
    cost: Cost | None = None

    def __post_init__(self) -> None:
        """Check the parameters."""
        require_positive("rate", self.rate, "per second")
        if isinstance(self.burst, bool) or not 1.0 <= self.burst < inf:
            raise ValueError(f"burst must be finite and >= 1 token, got {self.burst!r}")
        if self.cost is not None and not callable(self.cost):
            raise TypeError(f"cost must be a function of a request, got {self.cost!r}")

    @property
    def lets_wait(self) -> bool:
        """Callers may wait for tokens."""
        return True

    def start(self, env: Environment) -> Tokens:
        """Return a full bucket."""
        return Tokens(env, self, self.rate, self.burst, self.cost)


class Tokens(AllowanceWithLine):
    """A bucket: so many tokens were left after the last call that has passed, and since then more came."""

    __slots__ = ("_burst", "_cost", "_rate", "_since", "_tokens")

    def __init__(
        self, env: Environment, limit: RateLimit, rate: float, burst: float, cost: Cost | None = None
    ) -> None:
        super().__init__(env, limit)
        self._rate = rate
        self._burst = burst
        self._cost = cost
        self._tokens = float(burst)
        self._since = env.now

    @property
    def tokens(self) -> float:
        """How many tokens there are now."""
        return min(self._burst, self._tokens + (self.env.now - self._since) * self._rate)

    @property
    def _is_unused(self) -> bool:
        """Whether it is full."""
        return self.tokens >= self._burst - self._slack(self._burst)

    def _slack(self, price: float) -> float:
        """Return how much may be missing of a price; a full bucket of many tokens has coarse numbers too."""
        return self._rate * slack(self.env.now, price / self._rate) + 4.0 * ulp(self._burst)

    def _price(self, request: Request) -> float:
        if self._cost is None:
            return 1.0
        price = self._cost(request)
        if not price >= 0.0:
            raise ValueError(f"cost must be >= 0 tokens, got {price!r} for {request!r}")
        return price

    def _take(self, price: float) -> bool:
        now = self.env.now
        left = min(self._burst, self._tokens + (now - self._since) * self._rate) - price
        if left < 0.0:
            if left < -self._slack(price):
                return False
            left = 0.0
        self._tokens = left
        self._since = now
        return True

    def _give_back(self, price: float) -> None:
        self._tokens = min(self._burst, self._tokens + price)

    def _may_join(self, price: float, wait_max: float) -> bool:
        return price <= self._burst and super()._may_join(price, wait_max)

    def _time_of(self, total: float) -> float:
        # No call in line costs more than the bucket holds, so that it never overflows meanwhile.
        return self._since + (total - self._tokens) / self._rate
