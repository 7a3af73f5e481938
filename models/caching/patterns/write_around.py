"""Write-around: a write goes to the target, past the cache, which at most lets go of its entry.

The entry goes when the target has answered, and not before: a read in between would bring the old value back,
and it would stay. The next read loads what was written. It is what cache-aside does with a write, and what a
cache must do that cannot know what a write makes of a value (an amount that is added, a compare-and-set).

Without invalidation the old value is given until it expires: right where a reader can live with that for a
time to live, and cheapest of all where nobody reads what was written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...endpoint import Call
from ...request import Request
from ...validation import require_kind
from .rules import Answer, WriteRule

if TYPE_CHECKING:
    from .cache import Cache


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteAround(WriteRule):
    """The target does the write; then, if it `invalidates`, the entry of the key goes."""

    invalidates: bool = True

    def __post_init__(self) -> None:
        """Check the choice."""
        require_kind("invalidates", self.invalidates, bool)

    def bind(self, cache: Cache) -> Answer:
        """Return what writes past `cache`."""
        if not self.invalidates:
            return cache.target.call

        def write(request: Request) -> Call:
            response = yield from cache.write(request)
            cache.invalidate(request.key)
            return response

        return write
