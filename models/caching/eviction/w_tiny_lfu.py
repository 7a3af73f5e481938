"""W-TinyLFU: a small window for what is new, and a main part that admits only what is asked for more often.

- A new key enters the window, an LRU list of 1 % of the capacity. What it pushes out is a candidate for the
  main part, a segmented LRU list: 20 % of it on probation, 80 % protected.
- While the cache is too full, the next candidate meets the least recently used key on probation: the one with
  the lower frequency goes, by a sketch of what was asked for lately, and the candidate if they are equal.
  When there are no more candidates, keys of the window stand for election, the oldest first.
- A key on probation that is used is protected; what that pushes out of the protected part is on probation
  again.

So a burst of new keys passes through the window, and a scan meets keys that are asked for more often.

Sizes are treated as Caffeine 3 treats weights: a key larger than the window goes to its old end, and so
leaves it at once as a candidate; one larger than the protected part stays on probation; one larger than the
capacity is not admitted, but counts as asked for. Left out of Caffeine: the window that adapts its size, and
chance in the admission, which is a defence against attackers who know the hash. libCacheSim's W-TinyLFU is
another one: it counts no hits in the window and admits nothing larger than the window.

Source: Einziger, Friedman, Manes: TinyLFU: a highly efficient cache admission policy, ACM Transactions on
Storage 13(4), 2017, section 4; Caffeine (github.com/ben-manes/caffeine), BoundedLocalCache.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator, Sequence
from typing import final

from ...hashing import hash_of
from .frequency_sketch import FrequencySketch
from .policy import EvictionPolicy

_NO_KEY = b"no key"  # for `None`, the key of requests which ask about none
_NOBODY = object()

_Part = OrderedDict[Hashable, int]
"""Keys with their hashes, from the least to the most recently used."""


@final
class WTinyLfu(EvictionPolicy):
    """Evicts whichever of a newcomer and the oldest key on probation is asked for less often.

    Keys must be such as `models.hashing.hash_of` takes: texts, bytes, whole numbers, and tuples of
    these; or `None`.
    """

    __slots__ = (
        "_probation",
        "_protected",
        "_protected_capacity",
        "_protected_used",
        "_sketch",
        "_window",
        "_window_capacity",
        "_window_used",
    )

    def __init__(self, capacity: int) -> None:
        """Hold nothing."""
        super().__init__(capacity)
        self._window_capacity = capacity - capacity * 99 // 100  # at least 1
        self._protected_capacity = (capacity - self._window_capacity) * 8 // 10
        self._window: _Part = OrderedDict()
        self._probation: _Part = OrderedDict()
        self._protected: _Part = OrderedDict()
        self._window_used = self._protected_used = 0
        self._sketch = FrequencySketch()

    def access(self, key: Hashable) -> bool:
        """Return whether `key` is held; if so it counts as asked for, and is no longer on probation."""
        if key not in self._sizes:
            return False
        part = self._part_of(key)
        hashed = part[key]
        self._sketch.increment(hashed)
        if part is self._probation and self._sizes[key] <= self._protected_capacity:
            del part[key]
            self._protected[key] = hashed
            self._protected_used += self._sizes[key]
            self._demote()
        else:
            part.move_to_end(key)
        return True

    def insert(self, key: Hashable, size: int = 1) -> Sequence[Hashable]:
        """Hold `key`, which is not held yet: in the window at first; see the contract."""
        self._require_new(key, size)
        hashed = hash_of(_NO_KEY if key is None else key)  # type: ignore[arg-type]  # refuses what is no `Key`
        self._sketch.make_room_for(len(self._sizes) + 1)
        self._sketch.increment(hashed)
        if size > self.capacity:
            return (key,)
        self._sizes[key] = size
        self.used += size
        self._window[key] = hashed
        self._window_used += size
        if size > self._window_capacity:
            self._window.move_to_end(key, last=False)
        return self._shrink_to(self.capacity)

    def clear(self) -> None:
        """Forget everything, frequencies included."""
        super().clear()
        for part in (self._window, self._probation, self._protected):
            part.clear()
        self._window_used = self._protected_used = 0
        self._sketch = FrequencySketch()

    def _shrink_to(self, room: int) -> Sequence[Hashable]:
        contenders = self._contenders(self._leave_window())
        evicted = []
        while self.used > room:
            evicted.append(self._evict(next(contenders, _NOBODY)))
        return evicted

    def _leave_window(self) -> list[Hashable]:
        """Move to probation what the window has no room for; return it, in that order."""
        moved = []
        while self._window_used > self._window_capacity:
            key, hashed = self._window.popitem(last=False)
            self._window_used -= self._sizes[key]
            self._probation[key] = hashed
            moved.append(key)
        return moved

    def _contenders(self, candidates: list[Hashable]) -> Iterator[Hashable]:
        yield from candidates
        yield from tuple(self._window)  # a copy: those that lose leave it

    def _evict(self, candidate: Hashable = _NOBODY) -> Hashable:
        """Evict the candidate, or the oldest key on probation if that has the lower frequency."""
        # There is one: what the window and the protected part hold at most would fit.
        loser = victim = next(iter(self._probation))
        if candidate is not _NOBODY and self._frequency(candidate) <= self._frequency(victim):
            loser = candidate
        self._forget(loser)
        self.used -= self._sizes.pop(loser)
        return loser

    def _frequency(self, key: Hashable) -> int:
        return self._sketch.estimate(self._part_of(key)[key])

    def _part_of(self, key: Hashable) -> _Part:
        """Return the part that holds a key."""
        if key in self._protected:
            return self._protected
        return self._probation if key in self._probation else self._window

    def _demote(self) -> None:
        while self._protected_used > self._protected_capacity:
            key, hashed = self._protected.popitem(last=False)
            self._protected_used -= self._sizes[key]
            self._probation[key] = hashed

    def _forget(self, key: Hashable) -> None:
        part = self._part_of(key)
        del part[key]
        if part is self._window:
            self._window_used -= self._sizes[key]
        elif part is self._protected:
            self._protected_used -= self._sizes[key]

    def _resized(self, key: Hashable, growth: int) -> None:
        part = self._part_of(key)
        if part is self._window:
            self._window_used += growth
            if self._sizes[key] > self._window_capacity:
                self._window.move_to_end(key, last=False)
        elif part is self._protected:
            self._protected_used += growth
            self._demote()
