"""Named random streams: every consumer of randomness owns one, derived from the root seed and its name.

Seeds handed out in sequence would tie each stream to the order in which the model asks: one more host, and
every later host draws other numbers, so that two scenarios under comparison differ by luck as well as by
design. A stream that depends on (root seed, name) alone is shifted by nobody, and two scenarios share it by
using the same name.

Method: NumPy's `SeedSequence`, with the name's hash as its spawn key. The hash is BLAKE2b (RFC 7693),
    because Python's `hash` of a string changes from one process to the next.
"""

from __future__ import annotations

import operator
from hashlib import blake2b

import numpy as np

__all__ = ["Streams"]

_HASH_BYTES = 16  # 128 bits: two of a million names collide with probability below 1e-26
_WORD_BYTES = 4  # SeedSequence takes its spawn key in words of 32 bits


class Streams:
    """The random streams of one run.

    Parameters:
        seed: root seed, an integer >= 0, or None for a run that must not be random: asking for a stream
            then fails.

    Raises:
        TypeError: if the seed is not an integer.
        ValueError: if the seed is negative.

    Example:
        >>> streams = Streams(seed=1)
        >>> streams.stream("arrivals") is streams.stream("arrivals")
        True
    """

    __slots__ = ("_generators", "_seed")

    def __init__(self, seed: int | None) -> None:
        """Check the seed; generators are made when first asked for."""
        self._seed = None if seed is None else _checked_seed(seed)
        self._generators: dict[str, np.random.Generator] = {}

    @property
    def seed(self) -> int | None:
        """The root seed, or None."""
        return self._seed

    def stream(self, name: str) -> np.random.Generator:
        """Return the generator of this name, the same object each time.

        Two consumers that share a name take numbers from each other; give each its own
        (`"host/3/service"`, `"host/3/jitter"`).

        Parameters:
            name: any non-empty text; by custom a path from the general to the particular.

        Raises:
            TypeError: if the name is not a string.
            ValueError: if the name is empty or the run has no seed.
        """
        generator = self._generators.get(name)
        if generator is None:
            self.require(name)
            generator = self._generators[name] = self._new_generator(name)
        return generator

    def require(self, name: str) -> None:
        """Raise, as `stream` does, unless there can be a generator of this name."""
        if not isinstance(name, str):
            raise TypeError(f"name of a random stream must be a string, got {name!r}")
        if not name:
            raise ValueError("name of a random stream must not be empty, got ''")
        if self._seed is None:
            raise ValueError(f"a random stream needs a seed: Environment(seed=...), got None for {name!r}")

    def _new_generator(self, name: str) -> np.random.Generator:
        assert self._seed is not None
        sequence = np.random.SeedSequence(self._seed, spawn_key=_words_of(name))
        # PCG64 by name: `default_rng` may choose another bit generator in a later NumPy.
        return np.random.Generator(np.random.PCG64(sequence))


def _words_of(name: str) -> tuple[int, ...]:
    digest = blake2b(name.encode("utf-8"), digest_size=_HASH_BYTES).digest()
    starts = range(0, _HASH_BYTES, _WORD_BYTES)
    return tuple(int.from_bytes(digest[start : start + _WORD_BYTES], "little") for start in starts)


def _checked_seed(seed: int) -> int:
    if isinstance(seed, bool):
        raise TypeError(f"seed must be an integer >= 0, got {seed!r}")
    try:
        number = operator.index(seed)
    except TypeError:
        raise TypeError(f"seed must be an integer >= 0, got {seed!r}") from None
    if number < 0:
        raise ValueError(f"seed must be >= 0, got {number}")
    return number
