"""One limit for each caller, tenant or key: what one of them uses up, the others still have.

Each key has an allowance of its own, made at its first request. Memory is bounded by forgetting what makes no
difference: an allowance that cannot be told from a fresh one (a full bucket, an empty window) is dropped, in
sweeps whose cost is spread over the new keys. So no more is kept than twice the keys that were active within
the time in which a limit recovers, or 64. A table of fixed size would have to evict states that do matter,
and hand a caller a fresh limit (nginx evicts the least recently used of a zone that is full).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable
from dataclasses import dataclass
from typing import Any

from simulator import Environment

from ...request import Request
from .rate_limit import Allowance, RateLimit

_KEPT_MIN = 64


def by_origin(request: Request) -> Hashable:
    """Return who asks; requests without an origin share one limit."""
    return request.origin


@dataclass(frozen=True, slots=True)
class PerKey(RateLimit):
    """`limit` for each value of `key(request)`, by default for each `origin`.

    Example::

        RateLimiter(env, service, PerKey(TokenBucket(rate=5, burst=10), key=lambda request: request.key))
    """

    limit: RateLimit
    key: Callable[[Request], Hashable] = by_origin

    def __post_init__(self) -> None:
        """Check the parameters."""
        if not isinstance(self.limit, RateLimit):
            raise TypeError(f"limit must be a RateLimit, such as TokenBucket(10, 5), got {self.limit!r}")
        if not callable(self.key):
            raise TypeError(f"key must be a function of a request, got {self.key!r}")

    @property
    def lets_wait(self) -> bool:
        """Whether callers may wait for the limit of their key."""
        return self.limit.lets_wait

    def start(self, env: Environment) -> Allowances:
        """Return an empty table."""
        return Allowances(env, self)


class Allowances(Allowance):
    """A table of allowances by key."""

    __slots__ = ("_by_key", "_key", "_limit_of_each", "_sweep_at")

    def __init__(self, env: Environment, limit: PerKey) -> None:
        super().__init__(env, limit)
        self._key = limit.key
        self._limit_of_each = limit.limit
        self._by_key: dict[Hashable, Allowance] = {}
        self._sweep_at = _KEPT_MIN

    @property
    def key_count(self) -> int:
        """How many keys are kept."""
        return len(self._by_key)

    @property
    def is_fresh(self) -> bool:
        """Whether all of them are."""
        return all(allowance.is_fresh for allowance in self._by_key.values())

    def admit(self, request: Request) -> bool:
        """Let `request` pass now, if the limit of its key allows it."""
        return self._of(request).admit(request)

    def wait(self, request: Request, wait_max: float) -> Generator[Any, Any, bool]:
        """Wait as the limit of its key says."""
        return self._of(request).wait(request, wait_max)

    def _of(self, request: Request) -> Allowance:
        key = self._key(request)
        allowance = self._by_key.get(key)
        if allowance is None:
            if len(self._by_key) >= self._sweep_at:
                self._sweep()
            allowance = self._by_key[key] = self._limit_of_each.start(self.env)
        return allowance

    def _sweep(self) -> None:
        """Forget what makes no difference; come back when the rest has doubled."""
        self._by_key = {key: kept for key, kept in self._by_key.items() if not kept.is_fresh}
        self._sweep_at = max(_KEPT_MIN, 2 * len(self._by_key))
