"""Probabilistic early expiry: a read may take a fresh entry for expired, the likelier the nearer its end.

Rule (XFetch): with U uniform in (0, 1), a read at `now` loads the entry anew, and waits for it, if

    now - load_time * beta * ln(U) >= expires_at

where `load_time` is how long the origin took for the entry. So how long before the end an entry is renewed
follows how long that takes, and reads that are frequent rarely choose two at once. `beta` > 1 is earlier,
< 1 later; the paper shows that no other distribution does better than the exponential one, here -ln(U).

Readers need not know of each other: it is for many processes that share a store, where nobody can be told
that somebody loads already. In one process, as here, `Coalescing` is exact, at the price that all wait. A
load that was begun too early and fails leaves the entry as it is, and who has begun it is given that while it
is fresh. What the target answered at once has a `load_time` of 0, and is never early; nor is what was written
behind. Of what was written through it is how long the write took.

Source: Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede Prevention" (PVLDB 8(8),
2015), figure 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator import CallFailed
from simulator.randomness import Exponential

from ...endpoint import Call
from ...request import Request
from ...validation import require_kind, require_positive
from ..stores import Entry
from .loading import LoadOnMiss
from .rules import Look, MissRule, RenewalRule

if TYPE_CHECKING:
    from .cache import Cache


@dataclass(frozen=True, slots=True)
class EarlyExpiry(RenewalRule):
    """A read takes a fresh entry for expired with a probability that grows towards its end.

    `beta` (> 0) times the time that the origin took is how long before it that begins, in the mean. The read
    then loads as `loading` does. It draws from the stream "cache/<name>/early expiry", by the store's name.

    Example::

        cache = Cache(env, origin, CacheStore(env, Lru(1_000), ttl=60.0), renewal=EarlyExpiry())
    """

    beta: float = 1.0
    loading: MissRule = LoadOnMiss()

    def __post_init__(self) -> None:
        """Check the numbers."""
        require_positive("beta", self.beta)
        require_kind("loading", self.loading, MissRule)

    def bind(self, cache: Cache) -> Look:
        """Return what looks at the entries of `cache`, and draws for each."""
        env, beta, store = cache.env, self.beta, cache.store
        load = self.loading.bind(cache)
        draw = env.sampler(f"cache/{store.name}/early expiry", Exponential(mean=1.0))

        def look(request: Request, entry: Entry) -> Call | None:
            if env.now + entry.load_time * beta * draw() < entry.expires_at:
                return None
            return renew(request)

        def renew(request: Request) -> Call:
            try:
                return (yield from load(request))
            except CallFailed:
                left = store.stale(request.key)
                if left is None or env.now >= left.expires_at:
                    raise
                return left.response

        return look
