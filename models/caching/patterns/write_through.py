"""Write-through: a write goes to the target through the cache, which then has what was written.

Rules: the target first, and the cache when that has acknowledged, so that the cache never has what the target
has not. Only a write that says the new value (`write`, `put`, `set`) can be kept; whatever else changes the
key invalidates it. Two writes of one key that overlap may reach the target in either order, and the cache
cannot know which is last: then nothing is kept, and the next read loads. So, too, where the cache is told
meanwhile that somebody else has written (an invalidation from outside): its own writes, of which the origin
tells it as of all others, are then often not kept, and it is written around.

A write costs what it costs at the target, and what nobody will read takes room. What is kept is as of the
instant at which the write was sent. Source: Hazelcast's and Coherence's manuals, where an entry is locked
meanwhile; here it is not, so that no write waits for another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...endpoint import Call
from ...request import Request, Response
from ...validation import require_each
from .rules import Answer, WriteRule, require_writes

if TYPE_CHECKING:
    from .cache import Cache

PUTS = frozenset({"write", "put", "set"})
"""The operations that say the whole new value of their key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteThrough(WriteRule):
    """The target does the write; then the cache has the value, if the operation is one of `puts`."""

    puts: Iterable[str] = PUTS

    def __post_init__(self) -> None:
        """Check the operations."""
        require_each("puts", self.puts, str)

    def bind(self, cache: Cache) -> Answer:
        """Return what writes through `cache`."""
        require_writes("puts", self.puts, cache)
        return _Through(cache, frozenset(self.puts)).write


class _Through:
    """The writes of one cache."""

    __slots__ = ("_cache", "_puts")

    def __init__(self, cache: Cache, puts: frozenset[str]) -> None:
        self._cache = cache
        self._puts = puts

    def write(self, request: Request) -> Call:
        cache, key = self._cache, request.key
        asked_at = cache.env.now
        under_way = cache.writes_under_way
        under_way.begin(key)
        try:
            response = yield from cache.write(request)
        finally:
            was_alone = under_way.end(key)
        cache.invalidate(key)
        if was_alone and request.operation in self._puts and not response.degraded and cache.is_up:
            written = Response(request.value, size_bytes=request.size_bytes, version=response.version)
            cache.keep(key, written, asked_at)
        return response
