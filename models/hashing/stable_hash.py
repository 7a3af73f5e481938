"""Stable hashes: 64 bits that depend on the key and on nothing else.

Python's own `hash` of a text differs from process to process, which would make a placement differ with it.
Texts and bytes are hashed with BLAKE2b (RFC 7693), as the names of random streams are. Whole numbers are
scrambled by the finaliser of SplitMix64, which is a permutation of 64 bits: different numbers never collide,
and NumPy does ten million of them in a fraction of a second, where a text must be hashed one by one. Many
keys are hashed in blocks that stay in a processor's cache: of keys that are made as they are asked for, no
more than a block are held.

What is equal to Python has one hash: 1, True and NumPy's 1; but not "1", which is a text. A text has the hash
of its UTF-8 bytes. Other keys are refused rather than hashed by their `repr`, which may name an address.

Source: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators" (OOPSLA 2014) and Vigna's
SplitMix64 for the constants.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from itertools import islice
from operator import index
from typing import Any

import numpy as np
import numpy.typing as npt

Key = str | bytes | int | tuple[Any, ...]
"""What can be hashed: a text, bytes, a whole number, or a tuple of these."""

Hashes = npt.NDArray[np.uint64]

MASK = 0xFFFF_FFFF_FFFF_FFFF
GOLDEN = 0x9E37_79B9_7F4A_7C15  # 2^64 / golden ratio, odd
_FIRST, _SECOND = 0xBF58_476D_1CE4_E5B9, 0x94D0_49BB_1331_11EB
_BLOCK = 1 << 15
_empty = blake2b(digest_size=8).copy  # a copy of an empty hash takes a third of the time of a new one


def hash_of(key: Key) -> int:
    """Return 64 bits, as a number >= 0, for `key`: always the same, in every process.

    Raises `TypeError` for what is neither text, bytes, a whole number nor a tuple of these.

    Example::

        >>> hash_of("customer 17") == hash_of("customer 17")
        True
    """
    if type(key) is str:
        digest = _empty()
        digest.update(key.encode())
        return int.from_bytes(digest.digest(), "little")
    if isinstance(key, bytes):
        return int.from_bytes(blake2b(key, digest_size=8).digest(), "little")
    if isinstance(key, str):
        return hash_of(str(key))
    if isinstance(key, tuple):
        return hash_of(b"tuple".join(hash_of(part).to_bytes(8, "little") for part in ("", *key)))
    try:
        number = index(key)
    except TypeError:
        raise TypeError(
            f"key must be a text, bytes, a whole number, or a tuple of these, got {key!r}"
        ) from None
    return scrambled(number & MASK)


def hashes_of(keys: npt.ArrayLike | Iterable[Key]) -> Hashes:
    """Return `hash_of` each of `keys`; for an array of whole numbers all at once.

    Shape: that of `keys` if it is an array of whole numbers, else `(number of keys,)`. Raises `TypeError` as
    `hash_of` does, and for one text, whose letters are no keys.
    """
    if isinstance(keys, str | bytes):
        raise TypeError(f"keys must be many, got one, {keys!r}")
    if isinstance(keys, range):
        keys = np.arange(keys.start, keys.stop, keys.step)
    if isinstance(keys, np.ndarray) and keys.dtype.kind in "iub":
        return _hashes_of_numbers(keys)
    rest: Any = iter(keys)  # type: ignore[arg-type]  # what is neither iterable is a TypeError here
    hashes = [np.zeros(0, dtype=np.uint64)]
    while block := list(islice(rest, _BLOCK)):
        hashes.append(_hashes_of_some(block))
    return np.concatenate(hashes)


def _hashes_of_numbers(keys: npt.NDArray[Any]) -> Hashes:
    numbers = keys.ravel()
    hashes = np.empty(numbers.size, dtype=np.uint64)
    for start in range(0, numbers.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        hashes[block] = scrambled_all(numbers[block].astype(np.uint64))
    return hashes.reshape(keys.shape)


def _hashes_of_some(keys: Sequence[Key]) -> Hashes:
    if not set(map(type, keys)) <= {str, np.str_}:
        return np.fromiter(map(hash_of, keys), dtype=np.uint64, count=len(keys))
    digests = []
    for key in keys:
        digest = _empty()
        digest.update(key.encode())  # type: ignore[union-attr]  # a text, as all of them are
        digests.append(digest.digest())
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def scrambled(number: int) -> int:
    """Return a permutation of the numbers below 2^64, of which each bit depends on all bits of `number`."""
    number = (number + GOLDEN) & MASK
    number = ((number ^ (number >> 30)) * _FIRST) & MASK
    number = ((number ^ (number >> 27)) * _SECOND) & MASK
    return number ^ (number >> 31)


def scrambled_all(numbers: Hashes) -> Hashes:
    """Return `scrambled` each number of an array of unsigned 64 bits."""
    numbers = numbers + np.uint64(GOLDEN)
    numbers ^= numbers >> np.uint64(30)
    numbers *= np.uint64(_FIRST)
    numbers ^= numbers >> np.uint64(27)
    numbers *= np.uint64(_SECOND)
    numbers ^= numbers >> np.uint64(31)
    return numbers
