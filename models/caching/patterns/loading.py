"""At a miss: ask the target, and let who asked wait for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .rules import Answer, MissRule

if TYPE_CHECKING:
    from .cache import Cache


@dataclass(frozen=True, slots=True)
class LoadOnMiss(MissRule):
    """Each read that misses asks the target, and its answer is kept: lazy loading, the plain cache."""

    def bind(self, cache: Cache) -> Answer:
        """Return the cache's own way to load."""
        return cache.load
