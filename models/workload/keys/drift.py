"""Popularity that drifts: the hot keys of now are not those of an hour ago.

A fixed catalogue whose ranks rotate: every `interval` the least popular key becomes the most popular, and all
others fall by one rank. So a key is suddenly what all ask for, and then ages along the law of popularity, as
news do. At each instant popularity is exactly that of `ranks`; only whose it is moves. It is the distribution
"latest" of the YCSB, over a catalogue that does not grow, so that a store can hold all of it.

What a cache must do is to forget: a policy that counts uses for ever keeps what was popular once (LFU), one
that looks at the last uses alone notices soon (LRU).

Left out: keys that drift at different speeds; new keys (`ChurningKeys`). Source: Cooper et al., "Benchmarking
Cloud Serving Systems with YCSB" (SoCC 2010).
"""

from __future__ import annotations

from simulator import Environment

from ...validation import require_positive
from .popularity import Ranks


class DriftingKeys:
    """A callable that returns one of the keys 0 to `ranks.count` - 1, whose popularity moves.

    At first key k has rank k. `interval` (finite, > 0 s) later it has rank k + 1, and the last key rank 0,
    and so on: after count * interval all is as it was. It draws nothing but what `ranks` draws. Example::

        OpenLoop(env, cache, rate=100.0, keys=DriftingKeys(env, ZipfKeys(env, 10_000), interval=5.0))
    """

    __slots__ = ("_env", "_ranks", "_start", "count", "interval")

    def __init__(self, env: Environment, ranks: Ranks, *, interval: float) -> None:
        """Begin to drift now. Raises `ValueError` or `TypeError` for an interval that is none."""
        require_positive("interval", interval, "s")
        self._env = env
        self._ranks = ranks
        self._start = env.now
        self.count = ranks.count
        self.interval = float(interval)

    @property
    def shift(self) -> int:
        """By how many ranks all keys have fallen so far."""
        return int((self._env.now - self._start) // self.interval)

    def rank_of(self, key: int) -> int:
        """Return the rank that a key has now; 0 is the most popular."""
        return (key + self.shift) % self.count

    def __call__(self) -> int:
        """Return the next key."""
        return (self._ranks() - self.shift) % self.count
