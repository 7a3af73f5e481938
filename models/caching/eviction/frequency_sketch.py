"""How often keys were asked for lately, in little memory: a count-min sketch that ages.

Each key has one counter in each of four rows, shared with whatever else falls on it; an increment raises all
four, and the least of them is the estimate, which can be too high and never too low. Counters end at 15 (four
bits). After a sample of ten accesses for each key of the cache all are halved, so that popularity of long ago
fades. Rows are as wide as Caffeine's, four counters or more for each key of the cache.

Keys come as 64-bit hashes, since whoever holds keys can hold these with them: to hash a text takes as long as
to count it. Row i counts at h + i·g of two halves of one hash (Kirsch and Mitzenmacher: Less hashing, same
performance, 2006).

TinyLFU's doorkeeper, a Bloom filter that keeps keys seen once out of the counters, is left out as Caffeine
leaves it out: it saves memory, which costs nothing here.

Source: Einziger, Friedman, Manes: TinyLFU: a highly efficient cache admission policy, ACM Transactions on
Storage 13(4), 2017; Cormode and Muthukrishnan: An improved data stream summary: the count-min sketch, 2005.
"""

from __future__ import annotations

from typing import final

_ROW_COUNT = 4
_COUNTERS_PER_KEY = 4
_COUNT_MAX = 15
_SAMPLE_PER_KEY = 10
_FEWEST_KEYS = 64  # below, the sketch costs nothing and errs for no reason
_HALVES = bytes(count // 2 for count in range(256))


@final
class FrequencySketch:
    """Estimates how often each key was incremented in about the last ten accesses for each key of the cache.

    A key is named by its hash, 64 bits whose lower and upper half are as good as independent (`hash_of`).
    """

    __slots__ = ("_key_count", "_mask", "_rows", "_seen")

    def __init__(self) -> None:
        """Know nothing yet."""
        self._key_count = 1  # the most keys that the cache has held
        width = _FEWEST_KEYS * _COUNTERS_PER_KEY
        self._rows = [bytearray(width) for _ in range(_ROW_COUNT)]
        self._mask = width - 1
        self._seen = 0

    def increment(self, hashed: int) -> None:
        """Count one access to a key; when the sample is full, halve all counts."""
        mask, step = self._mask, hashed >> 32 | 1  # odd: the four places differ
        for row in self._rows:
            place = hashed & mask
            if row[place] < _COUNT_MAX:
                row[place] += 1
            hashed += step
        self._seen += 1
        if self._seen >= _SAMPLE_PER_KEY * self._key_count:
            self._rows = [row.translate(_HALVES) for row in self._rows]
            self._seen //= 2

    def estimate(self, hashed: int) -> int:
        """Return about how often a key was incremented lately: 0 to 15, never too low but for fading."""
        mask, step = self._mask, hashed >> 32 | 1
        lowest = _COUNT_MAX
        for row in self._rows:
            count = row[hashed & mask]
            if count < lowest:
                lowest = count
            hashed += step
        return lowest

    def make_room_for(self, key_count: int) -> None:
        """Lengthen the sample, and widen the rows, for a cache that holds `key_count` keys; never less again.

        The double of a row finds each key's count wherever its place is now, so that nothing is forgotten.
        """
        if key_count <= self._key_count:
            return
        self._key_count = key_count
        while key_count * _COUNTERS_PER_KEY > self._mask + 1:
            self._rows = [row + row for row in self._rows]
            self._mask = 2 * self._mask + 1
