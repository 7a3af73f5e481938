"""Write-through: a write goes to the target through the cache, which then has what was written.

Rules: the target first, and the cache when that has acknowledged, so that the cache never has what the target
has not. Only a write that says the new value (`write`, `put`, `set`) can be kept; whatever else changes the
key invalidates it. Two writes of one key that overlap may reach the target in either order, and the cache
cannot know which is last: then nothing is kept, and the next read loads.

A write costs what it costs at the target, and what nobody will read takes room. What is kept is as of the
instant at which the write was sent. Source: Hazelcast's and Coherence's manuals, where an entry is locked
meanwhile; here it is not, so that no write waits for another.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...endpoint import Call
from ...request import Request, Response
from ...validation import require_each
from .rules import Answer, WriteRule

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
        return _Through(cache, frozenset(self.puts)).write


class _Through:
    """The writes of one cache: how many of each key are under way, and which have met another."""

    __slots__ = ("_cache", "_crowded", "_puts", "_under_way")

    def __init__(self, cache: Cache, puts: frozenset[str]) -> None:
        self._cache = cache
        self._puts = puts
        self._under_way: dict[Hashable, int] = {}
        self._crowded: set[Hashable] = set()

    def write(self, request: Request) -> Call:
        cache, key = self._cache, request.key
        asked_at = cache.env.now
        self._begin(key)
        try:
            response = yield from cache.write(request)
            is_alone = key not in self._crowded
        finally:
            self._end(key)
        cache.invalidate(key)
        if is_alone and request.operation in self._puts and not response.degraded and cache.is_up:
            written = Response(request.value, size_bytes=request.size_bytes, version=response.version)
            cache.keep(key, written, asked_at)
        return response

    def _begin(self, key: Hashable) -> None:
        count = self._under_way.get(key, 0)
        self._under_way[key] = count + 1
        if count:
            self._crowded.add(key)

    def _end(self, key: Hashable) -> None:
        count = self._under_way.pop(key) - 1
        if count:
            self._under_way[key] = count
        else:
            self._crowded.discard(key)
