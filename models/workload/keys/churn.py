"""Popularity that churns: contents are published, are asked for while they live, and are forgotten.

Each rank of a law of popularity is held by one key, for an exponential time of mean `lifetime_mean`; then a
new key, never asked for before, takes its place. At each instant popularity is exactly that of `ranks`, over
as many keys; how long they stay is apart from how popular they are. This is the box model of content
dynamics (a key is asked for at a constant rate while it lives), with a catalogue of fixed size; it is one of
the shot noise models.

No cache does better than its keys' lives allow. Under Poisson requests of rate r a key of probability p is
asked for at the rate l = r p and dies at the rate m = 1 / lifetime_mean, so that a request is the first for
its key with probability m / (l + m), and the hit ratio is at most the sum of p l / (l + m).

Lives are exponential since these have no memory: whether a key has died since it was last asked for can then
be drawn when it is asked for again, exactly, and keys that nobody asks for cost nothing.

Sources: Traverso et al., "Temporal Locality in Today's Content Caching: Why it Matters and How to Model it"
(ACM SIGCOMM Computer Communication Review 43(5), 2013); Olmos, Kauffmann, Simonian and Carlinet, "Catalog
Dynamics: Impact of Content Publishing and Perishing on the Performance of a LRU Cache" (ITC 26, 2014).
"""

from __future__ import annotations

from math import exp

from simulator import Environment
from simulator.randomness import Uniform

from ...validation import require_positive
from .popularity import Ranks


class ChurningKeys:
    """A callable that returns one of `ranks.count` living keys, each of which dies and is replaced.

    `lifetime_mean` is finite and > 0 s. Keys are integers: those that live at first are 0 to count - 1, by
    rank; the others are numbered from `count` on as they are first asked for. `keys_count` is the number of
    all so far. It draws on the stream `name`, beside what `ranks` draws. Example::

        OpenLoop(env, cache, rate=100.0, keys=ChurningKeys(env, ZipfKeys(env, 10_000), lifetime_mean=3_600.0))
    """

    __slots__ = ("_env", "_key", "_ranks", "_seen", "_uniform", "count", "keys_count", "lifetime_mean")

    def __init__(
        self, env: Environment, ranks: Ranks, *, lifetime_mean: float, name: str = "keys/lives"
    ) -> None:
        """Begin with `ranks.count` keys. Raises `ValueError` or `TypeError` for a lifetime that is none."""
        require_positive("lifetime_mean", lifetime_mean, "s")
        self._env = env
        self._ranks = ranks
        self.count = self.keys_count = ranks.count
        self.lifetime_mean = float(lifetime_mean)
        self._key = list(range(ranks.count))
        self._seen = [env.now] * ranks.count
        self._uniform = env.sampler(name, Uniform(0.0, 1.0))

    def __call__(self) -> int:
        """Return the next key."""
        rank, now = self._ranks(), self._env.now
        survives = exp((self._seen[rank] - now) / self.lifetime_mean)
        self._seen[rank] = now
        if self._uniform() >= survives:
            self._key[rank] = self.keys_count
            self.keys_count += 1
        return self._key[rank]
