"""How large the object of each key is: a size from a distribution, always the same one for a key.

Hit ratios by bytes need sizes, and a cache that weighs what it holds does too. The size of a key is the
quantile of the distribution at a stable hash of the key, so that it does not matter which keys were asked for
before, and new keys get sizes like the others. Sizes are independent of popularity; in traces of the web they
are but weakly correlated (Breslau et al., "Web Caching and Zipf-like Distributions", INFOCOM 1999).
"""

from __future__ import annotations

from simulator import Distribution, Environment

from ...hashing import Key, hash_of, scrambled


class KeySizes:
    """A callable that returns the size in bytes of a key's object: `sizes(key)`.

    `distribution` is that of the bytes; they are rounded to a whole number, and to 1 below that. Another
    seed, or another `name`, gives other sizes: one number is drawn on the stream `name`, and mixed into the
    hash of each key, which would otherwise put all large objects on the same shard of a store that hashes as
    we do. Keys are as for `hash_of`. Example::

        sizes = KeySizes(env, LogNormal(mean=10_000.0, standard_deviation=20_000.0))
        sizes(request.key)  # in an origin, for its `Response`
    """

    __slots__ = ("_distribution", "_salt", "_sizes")

    def __init__(self, env: Environment, distribution: Distribution, *, name: str = "sizes") -> None:
        """Draw the number. Raises `TypeError` for what is no distribution."""
        if not isinstance(distribution, Distribution):
            raise TypeError(f"distribution must be a Distribution of bytes, got {distribution!r}")
        self._distribution = distribution
        self._salt = int(env.stream(name).integers(2**63))
        self._sizes: dict[Key, int] = {}  # to compute a quantile takes long

    def __call__(self, key: Key) -> int:
        """Return the size of the object of `key`."""
        size = self._sizes.get(key)
        if size is None:
            # 52 bits and a half, which a float holds exactly: never 0 or 1, where quantiles can be infinite.
            probability = ((scrambled(hash_of(key) ^ self._salt) >> 12) + 0.5) / 2.0**52
            size = self._sizes[key] = max(1, round(self._distribution.quantile(probability)))
        return size
