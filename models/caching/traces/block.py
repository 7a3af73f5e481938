"""A block of a cache trace, whatever its format was, and what is wrong with a file that is none."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class TraceBlock(NamedTuple):
    """Some requests of a trace, in its order.

    `keys` are texts, or whole numbers in a binary trace: never both, so that "007" is not "7". `sizes` are
    whole numbers of bytes > 0. `times` are seconds since any epoch, shape (requests,), or None where the
    format has none. `size_zero_count` requests were left out, for what has no size takes no room in a cache:
    so does libCacheSim, whose counts then agree.
    """

    keys: Sequence[str] | Sequence[int]
    sizes: Sequence[int]
    times: npt.NDArray[np.float64] | None
    size_zero_count: int = 0


class MalformedTrace(ValueError):
    """What is wrong with a trace, and where: `line 7: size must be a whole number >= 0, got '-5'`."""


def without_size_zero(
    keys: list[str] | list[int], sizes: list[int], times: npt.NDArray[np.float64]
) -> TraceBlock:
    """Return the block of the requests that have a size."""
    zeros = sizes.count(0)
    if not zeros:
        return TraceBlock(keys, sizes, times)
    kept: list[Any] = list(compress(keys, sizes))
    return TraceBlock(kept, [size for size in sizes if size], times[np.array(sizes) > 0], zeros)
