"""What a cache does where it has a choice: at a miss, at a hit, and at a write. The contracts of the three.

A rule is a description, without a state of its own, that may be given to many caches. `bind` makes of it what
one cache does: a function that is called with each request of that kind. Rules reach the cache they are bound
to through its few public methods, and keep what they have to remember in what `bind` makes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING

from ...endpoint import Call
from ...request import Request, Response
from ..stores import Entry

if TYPE_CHECKING:
    from .cache import Cache

Answer = Callable[[Request], Call]
"""Answers a request: a function that returns a generator, as `Endpoint.call` does."""

Look = Callable[[Request, Entry], Call | None]
"""Looks at a fresh entry before it is given: returns `None` to give it, or what answers instead."""


class MissRule(ABC):
    """What a cache does with a read of which it has no fresh entry."""

    __slots__ = ()

    @abstractmethod
    def bind(self, cache: Cache) -> Answer:
        """Return what answers the reads that `cache` has nothing fresh for."""


class RenewalRule(ABC):
    """What a cache does about an entry that is fresh still, when it is asked for."""

    __slots__ = ()

    @abstractmethod
    def bind(self, cache: Cache) -> Look:
        """Return what looks at the fresh entries of `cache`."""


class WriteRule(ABC):
    """What a cache does with whatever is no read."""

    __slots__ = ()

    @abstractmethod
    def bind(self, cache: Cache) -> Answer:
        """Return what answers the writes that come to `cache`."""


def require_writes(name: str, operations: Iterable[str], cache: Cache) -> None:
    """Raise `ValueError` where `cache` takes one of the `operations` of a write rule for a read."""
    both = sorted(cache.reads.intersection(operations))
    if both:
        raise ValueError(f"an operation must not be in both reads and {name}, got {both}")


class Unwritten(ABC):
    """What a write rule has acknowledged and the target does not have yet: newer than what the target tells.

    A cache that has one (`Cache.unwritten`) asks it at each miss, and keeps no answer of the target to a key
    that is in it.
    """

    __slots__ = ()

    @abstractmethod
    def answer(self, key: Hashable) -> Response | None:
        """Return the answer to a read of `key`, `None` where the target has all that was written."""

    @abstractmethod
    def __contains__(self, key: Hashable) -> bool:
        """Whether something that was written to `key` has not reached the target yet."""
