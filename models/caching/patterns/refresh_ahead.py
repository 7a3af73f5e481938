"""Refresh-ahead: an entry that is asked for near its end is loaded anew before it ends, and nobody waits.

Rules: a read that finds an entry older than a share `factor` of its life, from when it came to when it
expires, is answered from it, and begins a load in the background, unless one of the key is under way. A
failure of that load is nobody's: the next such read tries again, and when the entry expires all the same, the
next read misses. So what is read often never expires, and what is not is not kept alive.

It hides how long the target takes, and costs at most one question per `factor` of a life and key. A key that
is asked for less often than that gains nothing. Sources: Oracle Coherence's refresh-ahead factor; Caffeine's
`refreshAfterWrite`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...request import Request
from ...validation import require_positive
from ..stores import Entry
from .rules import Look, RenewalRule

if TYPE_CHECKING:
    from .cache import Cache


@dataclass(frozen=True, slots=True)
class RefreshAhead(RenewalRule):
    """A read of an entry that has lived a share `factor` (in (0, 1)) of its life has it loaded anew.

    Example::

        cache = Cache(env, origin, CacheStore(env, Lru(1_000), ttl=60.0), renewal=RefreshAhead(0.8))
    """

    factor: float

    def __post_init__(self) -> None:
        """Check the factor."""
        require_positive("factor", self.factor)
        if not self.factor < 1.0:
            raise ValueError(f"factor must be < 1, or nothing is ahead, got {self.factor!r}")

    def bind(self, cache: Cache) -> Look:
        """Return what looks at the age of the entries of `cache`."""
        env, factor = cache.env, self.factor

        def look(request: Request, entry: Entry) -> None:
            life = entry.expires_at - entry.stored_at
            if env.now - entry.stored_at >= factor * life and cache.load_under_way(request.key) is None:
                cache.load_in_background(request)

        return look
