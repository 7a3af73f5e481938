"""The contract of eviction policies: which key goes when a cache is full.

A policy knows keys and sizes, not values and not time. Whoever keeps the values asks it (`access`), tells it
what is stored (`insert`), and drops the values of the keys that it names in return. The rules are those of
libCacheSim, so that misses and missed bytes can be compared with it as whole numbers:

- `used`, the sum of the sizes held, never exceeds `capacity`. The unit is the caller's: bytes, or items where
  all sizes are 1.
- What is larger than the capacity is not admitted, and nothing is evicted for it.
- Keys are evicted one by one until the new one fits.
- A read never changes a size. libCacheSim counts a hit on an object whose size in the trace has changed as a
  hit and goes on with the size that it was stored with; an overwrite, which it does not have, is `resize`.

Source: libCacheSim (Yang et al., github.com/1a1a11a/libCacheSim), `cache_get_base` in its file cache/cache.c.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import final

from ...validation import require_count


class EvictionPolicy(ABC):
    """Decides which keys a cache of `capacity` holds; a subclass says which of them goes next.

    Attributes:
        capacity: The most that the sizes held may sum to, a whole number >= 1.
        used: The sum of the sizes held.
        owner: Whose it is, in words; `None` while no store has it.
    """

    __slots__ = ("_sizes", "capacity", "owner", "used")

    def __init__(self, capacity: int, sizes: dict[Hashable, int] | None = None) -> None:
        """Hold nothing. `sizes` is the empty mapping to keep sizes in, for a subclass whose order it is.

        Raises `ValueError` unless `capacity` is a whole number >= 1.
        """
        require_count("capacity", capacity)
        self.capacity = capacity
        self.used = 0
        self.owner: str | None = None
        self._sizes: dict[Hashable, int] = {} if sizes is None else sizes

    def access(self, key: Hashable) -> bool:
        """Return whether `key` is held; if so it counts as used now."""
        return key in self._sizes

    def insert(self, key: Hashable, size: int = 1) -> Sequence[Hashable]:
        """Hold `key`, which is not held yet. Returns the keys that are no longer held, in order of eviction.

        A key that is not admitted is among them, so that the caller keeps values for exactly the keys held.
        Raises `ValueError` for a key that is held (see `resize`) and unless `size` is a whole number >= 1.
        """
        sizes = self._sizes
        if key in sizes or type(size) is not int or not 0 < size <= self.capacity:
            self._require_new(key, size)
            if size > self.capacity:
                return (key,)
        room = self.capacity - size
        evicted = self._shrink_to(room) if self.used > room else ()
        sizes[key] = size
        self.used += size
        self._admit(key)
        return evicted

    def request_all(
        self, keys: Iterable[Hashable], sizes: Iterable[int], costs: Iterable[int]
    ) -> tuple[int, int]:
        """Let `keys` be asked for one after the other: what is not held is inserted, with its size.

        The three are of one length. Returns how many were not held, and what those cost together. Raises
        `ValueError` as `insert` does; what came before has been done then.
        """
        access, insert = self.access, self.insert
        misses = missed = 0
        for key, size, cost in zip(keys, sizes, costs, strict=True):
            if not access(key):
                misses += 1
                missed += cost
                insert(key, size)
        return misses, missed

    def resize(self, key: Hashable, size: int) -> Sequence[Hashable]:
        """Let `key`, which is held, weigh `size` from now on: an overwrite. Returns what `insert` returns.

        It says nothing about use: call `access` as well where a write counts as one. Keys are evicted until
        all fits, and `key` can be one of them; it goes alone if it is now larger than the capacity.
        Raises `KeyError` for a key that is not held, `ValueError` unless `size` is a whole number >= 1.
        """
        require_count("size", size)
        before = self._sizes[key]
        if size > self.capacity:
            self.discard(key)
            return (key,)
        self._sizes[key] = size
        self.used += size - before
        self._resized(key, size - before)
        return self._shrink_to(self.capacity)

    def discard(self, key: Hashable) -> None:
        """Let go of `key`, if it is held, and leave no ghost: it expired or was invalidated."""
        if key in self._sizes:
            self._forget(key)
            self.used -= self._sizes.pop(key)

    def clear(self) -> None:
        """Forget everything, past use included: the policy is as new, as after a crash."""
        self._sizes.clear()
        self.used = 0

    @final
    def __contains__(self, key: Hashable) -> bool:
        return key in self._sizes

    @final
    def __len__(self) -> int:
        return len(self._sizes)

    @final
    def __iter__(self) -> Iterator[Hashable]:
        """Iterate over the keys held, in an order that only the calls made so far determine."""
        return iter(self._sizes)

    @abstractmethod
    def _evict(self) -> Hashable:
        """Choose the key to go next, stop holding it, and return it. Called only while something is held."""

    def _admit(self, key: Hashable) -> None:  # noqa: B027 - most orders need it; the size is held already
        """Take note of a key that is held from now on."""

    def _forget(self, key: Hashable) -> None:  # noqa: B027 - nothing to do where the order is that of the sizes
        """Drop what is kept about a held key beside its size."""

    def _resized(self, key: Hashable, growth: int) -> None:  # noqa: B027 - only queues with a size of their own care
        """Take note that a held key weighs `growth` more than before."""

    def _shrink_to(self, room: int) -> Sequence[Hashable]:
        evicted = []
        while self.used > room:
            evicted.append(self._evict())
        return evicted

    def _require_new(self, key: Hashable, size: int) -> None:
        if type(size) is not int or size < 1:  # nearly always a call less
            require_count("size", size)
        if key in self._sizes:
            raise ValueError(f"{key!r} is held already: resize it, or discard it first")
