"""Request coalescing: reads of one key that miss at one time are one question to the target.

Also called single flight, request collapsing, or the lock of a cache. Rules:

1. A read that misses joins the load of its key that is under way, whoever began it (another read, a refresh
   in the background), and begins one if there is none. That has a process of its own, which dies with the
   cache's; it has no deadline, and goes on when those who wait for it have gone. Else, where the target takes
   longer than callers wait, each would take the question with it, and the entry would never come.
2. Its end is told to all: the answer, which for those who joined is as of when the target was asked, or the
   failure. To let each ask for itself after a failure would be the stampede again, on a target in trouble.
3. It need not be kept to be shared: what was asked is named by the key alone. So a key whose answers are not
   kept is not served one caller at a time.
4. Who reads after a write, or after an invalidation, does not join a load from before.
5. A load that is lost, since the one who asked in his own process has been cut short, is begun anew by the
   first of those who wait. With the cache's process it dies; who has outlived that asks the target himself.
6. One that is `age_max` s old is joined no more: against a question that never ends, as to a silent host
   without a timeout. The next read then asks a second time.

A caller that gives up leaves by its own timeout, around the cache; the timeout inside, between cache and
target, ends the load for all. Leaves out: caches that share a store and lock the key there.

Sources: Go's `singleflight` (an error is every caller's; `Forget` for rule 4), whose calls run in the first
caller's own goroutine, so that his context ends it for all, which rule 1 avoids; nginx's `proxy_cache_lock`,
with `_lock_age` for rule 6; Varnish's waiting list, where rule 3 had to be learnt: what cannot be cached was
fetched by one waiting request after the other, hence its hit-for-miss objects.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import inf
from typing import TYPE_CHECKING

from ...validation import require_duration
from .rules import Answer, MissRule

if TYPE_CHECKING:
    from .cache import Cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Coalescing(MissRule):
    """Reads of a key that miss while it is loaded wait for that, if it is less than `age_max` (> 0) s old.

    Example::

        cache = Cache(env, Timeout(env, origin, 2.0), store, on_miss=Coalescing())
    """

    age_max: float = inf

    def __post_init__(self) -> None:
        """Check the age."""
        require_duration("age_max", self.age_max)

    def bind(self, cache: Cache) -> Answer:
        """Return the cache's way to join."""
        return partial(cache.join, age_max=self.age_max)
