"""Stale answers: what has expired is given all the same, while it is loaded anew, or since that has failed.

Two rules for reads that find an entry which has expired less than `within` s ago (and which the store still
has, see its `stale_time`):

- *stale while revalidate*: it is given at once, and a load begins in the background, unless one of the key is
  under way. Nobody waits for the target, and nobody is told anything newer than the age of the last load.
- *stale if error*: the target is asked, and the entry is given only if that fails. Who waits waits as long as
  the target takes to fail: a timeout between cache and target says how long.

Without such an entry, and before one may be given, the read is loaded as the rule inside does. So they nest:
`StaleWhileRevalidate(within=10.0, loading=StaleIfError(within=3600.0, loading=Coalescing()))`.

A stale answer is *degraded*, by "stale", as that of `LastGoodAnswer` is: whoever gets it can see that it is
no full answer, and no cache further out keeps it, where it would begin a new life. Its `as_of` is what it
was. An entry that was invalidated is gone, and not given. Source: RFC 5861, which has both; there the origin
says how long, here who has set up the cache.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING

from simulator import CallFailed

from ...endpoint import Call
from ...request import Request, Response
from ...validation import require_duration, require_each, require_kind
from .loading import LoadOnMiss
from .rules import Answer, MissRule

if TYPE_CHECKING:
    from .cache import Cache

STALE = "stale"
"""What an answer that has expired is degraded by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleWhileRevalidate(MissRule):
    """A read of what has expired at most `within` (> 0) s ago gets that, and has it loaded for the next.

    Others load as `loading` does. The store must keep what has expired (`stale_time`).
    """

    within: float = inf
    loading: MissRule = LoadOnMiss()

    def __post_init__(self) -> None:
        """Check the time and the rule."""
        require_duration("within", self.within)
        require_kind("loading", self.loading, MissRule)

    def bind(self, cache: Cache) -> Answer:
        """Return what answers the misses of `cache`."""
        require_stale_time(self, cache)
        within, load = self.within, self.loading.bind(cache)

        def answer(request: Request) -> Call:
            stale = stale_answer(cache, request.key, within)
            if stale is None:
                return (yield from load(request))
            if cache.load_under_way(request.key) is None:
                cache.load_in_background(request)
            return stale

        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleIfError(MissRule):
    """A read whose load fails gets what has expired at most `within` (> 0) s ago, if there is that.

    It is loaded as `loading` does; only failures in `on` count. The store must keep what has expired
    (`stale_time`).
    """

    within: float = inf
    on: tuple[type[CallFailed], ...] = (CallFailed,)
    loading: MissRule = LoadOnMiss()

    def __post_init__(self) -> None:
        """Check the time, the failures and the rule."""
        require_duration("within", self.within)
        if not require_each("on", self.on, type):
            raise ValueError("on must name at least one class, got none")
        for kind in self.on:
            if not issubclass(kind, CallFailed):
                raise TypeError(f"each of on must be a CallFailed class, got {kind!r}")
        require_kind("loading", self.loading, MissRule)

    def bind(self, cache: Cache) -> Answer:
        """Return what answers the misses of `cache`."""
        require_stale_time(self, cache)
        within, on, load = self.within, tuple(self.on), self.loading.bind(cache)

        def answer(request: Request) -> Call:
            try:
                return (yield from load(request))
            except on:
                stale = stale_answer(cache, request.key, within)
                if stale is None:
                    raise
                return stale

        return answer


def require_stale_time(rule: MissRule, cache: Cache) -> None:
    """Raise `ValueError` if the store of `cache` keeps nothing that has expired: `rule` would do nothing."""
    if not cache.store.stale_time:
        raise ValueError(f"stale_time of the store must be > 0 s for {type(rule).__name__}, got 0")


def stale_answer(cache: Cache, key: Hashable, within: float = inf) -> Response | None:
    """Return what there is of `key`, degraded if it has expired, or `None` if that is over `within` s ago."""
    entry = cache.store.stale(key)
    if entry is None or cache.env.now >= entry.expires_at + within:
        return None
    if cache.env.now < entry.expires_at:
        return entry.response  # another load has brought it meanwhile
    return replace(entry.response, degraded=(*entry.response.degraded, STALE))
