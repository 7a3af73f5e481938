"""ARC: two LRU lists, of keys used once and of keys used again, whose shares follow the misses.

T1 holds keys used once since they came, T2 those used at least twice. What is evicted from them leaves
ghosts, keys without values, in B1 and B2. A miss on a ghost of B1 says that T1 was too short and moves its
target `p` up; a ghost of B2 moves it down; so a scan passes through T1 and leaves T2 alone, without a
parameter to tune.

Source: Megiddo and Modha: ARC: a self-tuning, low overhead replacement cache, FAST 2003, figure 4. The
paper's pages are of one size. For others this counts the lengths of lists in units of size and repeats the
paper's step for each key that must go, as ARC.c of libCacheSim does, and equals that miss by miss. (One slip
of it is left out: after a ghost of B2 came back larger than the whole cache, a later eviction may take it for
a hit on B2.) Where all sizes are 1 both are the paper's algorithm, in which |T1| + |B1| <= c and all four
lists together hold <= 2c. With mixed sizes nothing bounds the ghosts but the number of keys: one that comes
back may evict several, each of which leaves a ghost, and lets none go but its own.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import final

from .policy import EvictionPolicy


class _Ghosts:
    """Keys with their sizes, from the first that came to the last, and the sum of the sizes."""

    __slots__ = ("keys", "used")

    def __init__(self) -> None:
        self.keys: OrderedDict[Hashable, int] = OrderedDict()
        self.used = 0

    def add(self, key: Hashable, size: int) -> None:
        self.keys[key] = size
        self.used += size

    def remove(self, key: Hashable) -> None:
        self.used -= self.keys.pop(key)

    def drop_oldest(self) -> None:
        self.used -= self.keys.popitem(last=False)[1]


@final
class Arc(EvictionPolicy):
    """Evicts the least recently used of those used once, or of those used again, as its target says."""

    __slots__ = ("_b1", "_b2", "_p", "_t1", "_t1_used", "_t2")

    def __init__(self, capacity: int) -> None:
        """Hold nothing."""
        super().__init__(capacity)
        self._t1: OrderedDict[Hashable, None] = OrderedDict()
        self._t2: OrderedDict[Hashable, None] = OrderedDict()
        self._t1_used = 0
        self._b1 = _Ghosts()
        self._b2 = _Ghosts()
        self._p = 0.0

    def access(self, key: Hashable) -> bool:
        """Return whether `key` is held; if so it is the most recent of those used again."""
        if key in self._t2:
            self._t2.move_to_end(key)
            return True
        if key in self._t1:
            del self._t1[key]
            self._t1_used -= self._sizes[key]
            self._t2[key] = None
            return True
        return False

    def insert(self, key: Hashable, size: int = 1) -> Sequence[Hashable]:
        """Hold `key`, which is not held yet; its ghost, if it has one, moves the target; see the contract."""
        self._require_new(key, size)
        in_b1, in_b2 = key in self._b1.keys, key in self._b2.keys
        if in_b1 or in_b2:
            self._adapt(key, in_b1)
        if size > self.capacity:
            return (key,)
        room = self.capacity - size
        evicted = []
        while self.used > room:
            evicted.append(self._replace(in_b2) if in_b1 or in_b2 else self._evict_for_new(size))
        self._sizes[key] = size
        self.used += size
        if in_b1 or in_b2:
            self._t2[key] = None
        else:
            self._t1[key] = None
            self._t1_used += size
        return evicted

    def clear(self) -> None:
        """Forget everything, ghosts and target included."""
        super().clear()
        self._t1.clear()
        self._t2.clear()
        self._t1_used = 0
        self._b1, self._b2 = _Ghosts(), _Ghosts()
        self._p = 0.0

    def _adapt(self, key: Hashable, in_b1: bool) -> None:
        """Move the target by the ghost of `key`, cases II and III of the paper, and let the ghost go."""
        b1, b2 = self._b1, self._b2
        if in_b1:
            self._p = min(self._p + max(b2.used / b1.used, 1.0), float(self.capacity))
            b1.remove(key)
        else:
            self._p = max(self._p - max(b1.used / b2.used, 1.0), 0.0)
            b2.remove(key)

    def _evict_for_new(self, size: int) -> Hashable:
        """Evict one for a key without a ghost, case IV of the paper; ghosts give way first."""
        l1_used = self._t1_used + self._b1.used
        if l1_used + size > self.capacity:
            if not self._b1.used:
                return self._let_go(self._t1)
            self._b1.drop_oldest()
        elif self.used + self._b1.used + self._b2.used >= 2 * self.capacity and self._b2.used:
            self._b2.drop_oldest()
        return self._replace()

    def _evict(self) -> Hashable:
        """Evict one for a key that has grown, as for one that is new: ghosts would pile up otherwise."""
        return self._evict_for_new(0)

    def _replace(self, in_b2: bool = False) -> Hashable:
        """Evict from T1 or T2, and leave a ghost: REPLACE of the paper."""
        above = self._t1_used > self._p or (in_b2 and self._t1_used == self._p)
        if (self._t1 and above) or not self._t2:
            lru, ghosts = self._t1, self._b1
        else:
            lru, ghosts = self._t2, self._b2
        ghosts.add(key := next(iter(lru)), self._sizes[key])
        return self._let_go(lru)

    def _let_go(self, lru: OrderedDict[Hashable, None]) -> Hashable:
        key, _ = lru.popitem(last=False)
        size = self._sizes.pop(key)
        self.used -= size
        if lru is self._t1:
            self._t1_used -= size
        return key

    def _forget(self, key: Hashable) -> None:
        if key in self._t1:
            del self._t1[key]
            self._t1_used -= self._sizes[key]
        else:
            del self._t2[key]

    def _resized(self, key: Hashable, growth: int) -> None:
        if key in self._t1:
            self._t1_used += growth
