"""Caches that take what is fresh for expired.

By chance, in life; here with a `beta` so large that chance has no part in it: whatever took any time is
loaded anew by each who asks, and what took none never is.
"""

from __future__ import annotations

from models import Endpoint
from models.caching.eviction import Lru
from models.caching.patterns import Cache, Coalescing, EarlyExpiry, LoadOnMiss, MissRule
from models.caching.stores import CacheStore
from models.outcome import Outcome

from ..expectation import Done, Withdraw
from ..world import World
from .caches import TTL, CacheModel, CoalescingModel
from .wrapper import Wrapper

BETA = 1e12


class EarlyExpiryModel(CacheModel):
    """Who hits what took a while asks anew, and gets what there is if that fails."""

    def give(self, done: Done) -> Withdraw:
        if not self.memory[2]:
            return super().give(done)

        def end(outcome: Outcome) -> None:
            if not outcome.is_answer and self.memory and self.clock.now < self.memory[0] + TTL:
                self.tell(done, Outcome.OK, self.memory[1])
            else:
                done(outcome)

        return self.miss(end)


class SharedEarlyExpiryModel(EarlyExpiryModel, CoalescingModel):
    """The same, where who asks anew waits for a question that is under way, or for a new one."""


def _early(world: World, inner: Endpoint, loading: MissRule) -> Endpoint:
    # By its position, for each has to have draws of its own.
    store = CacheStore(world.env, Lru(10), ttl=TTL, name=f"early {len(world.endpoints)}")
    return Cache(world.env, inner, store, on_miss=loading, renewal=EarlyExpiry(BETA, loading))


WRAPPERS = (
    Wrapper(
        name="Cache, expiring early",
        build=lambda world, inner: _early(world, inner, LoadOnMiss()),
        model=lambda clock, inner, host: EarlyExpiryModel(clock, inner),
    ),
    Wrapper(
        name="Cache, expiring early, coalescing",
        build=lambda world, inner: _early(world, inner, Coalescing()),
        model=lambda clock, inner, host: SharedEarlyExpiryModel(clock, inner),
    ),
)
