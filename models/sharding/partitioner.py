"""Partitioners: where on its line a key stands, which routing tables cut into ranges.

    hash     HashPartitioner: neighbours are scattered, so that load is even whatever keys are called, and a
             range of keys is everywhere
    range    RangePartitioner: keys stand in their own order, so that a range of keys is in few places, and
             keys that grow with time all come to the last one

The place of a key is its *token*. A key that has none, since it cannot be hashed or is of another kind, is a
`TypeError` of whoever asks for it; routers and servers tell their callers so in a `ServerError`.

Source: DeWitt and Gray, "Parallel Database Systems" (CACM 1992), for hash and range partitioning; MongoDB's
documentation, "Hashed Sharding" and "Ranged Sharding", for what each is bad at.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..hashing import hash_of, hashes_of

Indices = npt.NDArray[np.int64]

HASH_COUNT = 1 << 64
"""Tokens that a hash partitioner has: the hashes of 64 bits."""


class _Lowest:
    """What stands before all keys, of whatever kind."""

    __slots__ = ()

    def __lt__(self, other: object) -> bool:
        return other is not self

    def __le__(self, other: object) -> bool:
        return True

    def __gt__(self, other: object) -> bool:
        return False

    def __ge__(self, other: object) -> bool:
        return other is self

    def __repr__(self) -> str:
        return "LOWEST"

    def __reduce__(self) -> str:
        return "LOWEST"  # a copy, in this process or another, is the same one


LOWEST = _Lowest()
"""The bound that stands before all keys; after all of them stands `None`, as the end of a range."""


class Partitioner(ABC):
    """Gives each key its token; tokens of one partitioner can be compared with each other.

    `lowest` is the bound of the first range, before or at all tokens.
    """

    __slots__ = ()

    lowest: Any

    @abstractmethod
    def token(self, key: Any) -> Any:
        """Return the token of `key`. Raises `TypeError` for a key that has none."""

    def places_among(self, bounds: Sequence[Any], keys: npt.ArrayLike | Iterable[Any]) -> Indices:
        """Return, for each of `keys`, how many of `bounds` its token is at or after; these grow.

        Raises `TypeError` for a key that has no token, and for one text, whose letters are no keys.
        """
        if isinstance(keys, str | bytes):
            raise TypeError(f"keys must be many, got one, {keys!r}")
        listed: Any = keys.tolist() if isinstance(keys, np.ndarray) else keys
        return np.fromiter((bisect_right(bounds, self.token(key)) for key in listed), dtype=np.int64)

    @abstractmethod
    def check_bound(self, bound: Any) -> None:
        """Raise `TypeError` or `ValueError` unless a range may begin at `bound`."""


@dataclass(frozen=True, slots=True)
class HashPartitioner(Partitioner):
    """Scatters keys over 2^64 tokens by their hashes (`hashing.hash_of`)."""

    @property
    def lowest(self) -> int:
        """The lowest hash, 0."""
        return 0

    def token(self, key: Any) -> int:
        """Return the hash of `key`."""
        return hash_of(key)

    def places_among(self, bounds: Sequence[Any], keys: npt.ArrayLike | Iterable[Any]) -> Indices:
        """Return how many of `bounds` the hash of each of `keys` is at or after, shape of `hashes_of`."""
        hashes = hashes_of(keys)
        return np.searchsorted(np.array(bounds, dtype=np.uint64), hashes, side="right").astype(np.int64)

    def check_bound(self, bound: Any) -> None:
        """Raise unless `bound` is a whole number of 64 bits."""
        if not isinstance(bound, int) or isinstance(bound, bool):
            raise TypeError(f"bound of a range of hashes must be a whole number, got {bound!r}")
        if not 0 <= bound < HASH_COUNT:
            raise ValueError(f"bound of a range of hashes must lie in [0, 2^64), got {bound!r}")


_KINDS = (str, bytes, int)


@dataclass(frozen=True, slots=True)
class RangePartitioner(Partitioner):
    """Keeps keys in their order; all must be of one `kind`: `str`, `bytes`, `int`, or a tuple of these.

    With a tuple of kinds, keys are tuples of just so many parts. A bound may have fewer: it then stands
    before all keys that begin like it.

    Example::

        RangePartitioner((str, int))  # keys such as ("customer 17", 3)
    """

    kind: type | tuple[type, ...] = str

    def __post_init__(self) -> None:
        """Check the kind, or kinds."""
        kinds = self.kind if isinstance(self.kind, tuple) else (self.kind,)
        if not kinds or any(kind not in _KINDS for kind in kinds):
            raise TypeError(f"kind must be str, bytes, int, or a tuple of these, got {self.kind!r}")

    @property
    def lowest(self) -> Any:
        """What stands before all keys."""
        return LOWEST

    def token(self, key: Any) -> Any:
        """Return `key` itself."""
        kind = self.kind
        if isinstance(kind, tuple):
            if isinstance(key, tuple) and len(key) == len(kind) and _begins_like(kind, key):
                return key
        elif isinstance(key, kind):
            return key
        raise TypeError(f"key must be {self._kind_text}, got {key!r}")

    def check_bound(self, bound: Any) -> None:
        """Raise unless `bound` is a key, or the beginning of one, or `LOWEST`."""
        if bound is LOWEST:
            return
        kind = self.kind
        if isinstance(kind, tuple):
            if isinstance(bound, tuple) and 1 <= len(bound) <= len(kind) and _begins_like(kind, bound):
                return
        elif isinstance(bound, kind):
            return
        raise TypeError(f"bound must be {self._kind_text}, got {bound!r}")

    @property
    def _kind_text(self) -> str:
        if isinstance(self.kind, tuple):
            return f"a tuple of {', '.join(kind.__name__ for kind in self.kind)}"
        return f"of kind {self.kind.__name__}"


def _begins_like(kinds: Sequence[type], key: Sequence[Any]) -> bool:
    return all(isinstance(part, kind) for part, kind in zip(key, kinds, strict=False))
