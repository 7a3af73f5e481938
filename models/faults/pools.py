"""A pool of connections that leaks: calls end, and their connections do not come back.

Nothing happens at first. Then every call waits for a connection, although the dependency is well and idle:
the fault is in the client, and its symptom looks like a fault of the server. Healing is what a restart of
the client with a repaired program does: nothing leaks any more, and what has leaked is back; but not while
another leak of the same pool lasts.

Source: Nygard, "Release It!" (2nd ed. 2018), chapter 4, "Blocked Threads".
"""

from __future__ import annotations

from math import prod
from weakref import WeakKeyDictionary

from ..resilience.bulkheads import ConnectionPool
from ..validation import require_count, require_share
from .fault import Fault

# The probabilities of the leaks that each pool has now, its own first: it knows only what they come to. By
# tokens of the faults, which refer to their pool and would keep it for ever.
_LEAKS: WeakKeyDictionary[ConnectionPool, dict[object, float]] = WeakKeyDictionary()


class PoolLeak(Fault):
    """Calls through `pool` leak their connection, each with a `probability` in (0, 1]; or `count` at once.

    Exactly one of the two is given; `count` is at most the size of the pool. Several leaks of one pool are
    independent.

    Example::

        plan.at(60.0, PoolLeak(orders_pool, probability=0.01), duration=600.0)
    """

    def __init__(
        self,
        pool: ConnectionPool,
        *,
        probability: float | None = None,
        count: int | None = None,
        name: str | None = None,
    ) -> None:
        if not isinstance(pool, ConnectionPool):
            raise TypeError(f"pool must be a ConnectionPool, got {pool!r}")
        if (probability is None) == (count is None):
            raise ValueError(
                f"exactly one of probability and count must be given, got {probability!r} and {count!r}"
            )
        if probability is not None:
            require_share("probability", probability)
        if count is not None:
            require_count("count", count)
            if count > pool.size:
                raise ValueError(f"count must be at most {pool.size}, the size of the pool, got {count!r}")
        detail = {"count": count} if probability is None else {"probability": probability}
        super().__init__(pool.env, name or pool.name, "pool leak", detail)
        self._pool = pool
        self._probability = probability or 0.0
        self._count = count
        self._token = object()

    def _start(self) -> None:
        leaks = _LEAKS.setdefault(self._pool, {None: self._pool.leak_probability})
        leaks[self._token] = self._probability
        self._set_probability(leaks)
        if self._count is not None:
            self._pool.leak(self._count)

    def _stop(self) -> None:
        leaks = _LEAKS[self._pool]
        del leaks[self._token]
        self._set_probability(leaks)
        if len(leaks) == 1:
            del _LEAKS[self._pool]
            self._pool.return_leaked()

    def _set_probability(self, leaks: dict[object, float]) -> None:
        # One alone as it is: 1 - (1 - p) is not p, to the last digit.
        acting = [probability for probability in leaks.values() if probability]
        self._pool.leak_probability = (
            acting[0] if len(acting) == 1 else 1.0 - prod(1.0 - probability for probability in acting)
        )
