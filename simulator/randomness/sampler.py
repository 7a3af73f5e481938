"""A sampler: one distribution bound to one stream, called for one number at a time.

NumPy draws a block, Python hands its numbers out one by one. The call is where the cost lies, so the class
is built so that a call runs no Python code at all: a `functools.partial` around the `__next__` of a chain
of blocks, both in C. A `__call__` written in Python was measured at more than twice the price, whatever
stood in it.

A block is an array from whose end numbers are taken, with infinity at the bottom, which is no draw. To take
one there oneself is cheapest of all: where each of ten thousand hosts has streams of its own, what a draw
costs is at how many places in memory it has to look, and here they are two.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from math import inf
from typing import NoReturn

import numpy as np

from .distribution import Distribution

__all__ = ["Sampler"]

_FIRST_BLOCK = 32
_LARGEST_BLOCK = 1024


class Sampler(partial[float]):
    """A callable without arguments that returns the next value of a distribution.

    Values come in the order of the stream and do not depend on the block size: each distribution takes its
    numbers from the generator value by value. Two samplers on one generator, however, take blocks from each
    other in the order of their refills; give each sampler its own stream.

    Parameters:
        generator: the stream to draw from, owned by this sampler from now on.
        distribution: what to draw.
        block: the most values drawn at a time, >= 1. Blocks start small and double, so that the thousand
            samplers of a large system that are used ten times each stay cheap.

    Attributes:
        distribution: as given.
        values: the iterator behind it: `next(values)` is a draw at somewhat less than the price of a call.
        stack: the numbers that have been drawn and not handed out, the next one last, `inf` below them; for
            the hottest paths: `stack.pop()` is a draw, or says by `inf` that `refill()` is the next one.

    Raises:
        TypeError: if the generator or the distribution is something else.
        ValueError: if the block is < 1.
        OverflowError: on a draw, if the distribution's tail leaves the range of floats.

    Example:
        >>> from simulator.randomness import Exponential, Streams
        >>> think_time = Sampler(Streams(seed=1).stream("think"), Exponential(mean=2.0))
        >>> think_time() == think_time()
        False
    """

    __slots__ = ("distribution", "stack", "values")

    distribution: Distribution
    stack: array[float]
    values: Iterator[float]

    # `partial` takes its arguments in __new__; there is no __init__ to override.
    def __new__(
        cls, generator: np.random.Generator, distribution: Distribution, block: int = _LARGEST_BLOCK
    ) -> Sampler:
        """Bind the distribution to the stream; nothing is drawn yet."""
        if not isinstance(generator, np.random.Generator):
            raise TypeError(f"generator must be a numpy.random.Generator, got {generator!r}")
        return cls._bound(lambda: generator, distribution, block)

    @classmethod
    def to_be_made(cls, make: Callable[[], np.random.Generator], distribution: Distribution) -> Sampler:
        """Bind the distribution to a stream that is made at the first draw: many a sampler is never asked."""
        return cls._bound(make, distribution, _LARGEST_BLOCK)

    @classmethod
    def _bound(
        cls, make: Callable[[], np.random.Generator], distribution: Distribution, block: int
    ) -> Sampler:
        if not isinstance(distribution, Distribution):
            raise TypeError(f"distribution must be a Distribution, got {distribution!r}")
        if block < 1:
            raise ValueError(f"block must be >= 1, got {block}")
        stack = array("d", [inf])
        values = chain.from_iterable(_blocks(make, distribution, block, stack))
        sampler = partial.__new__(cls, values.__next__)
        sampler.distribution = distribution
        sampler.stack = stack
        sampler.values = values
        return sampler

    def refill(self) -> float:
        """Return the next draw, after `stack.pop()` has said by `inf` that there was none left."""
        self.stack.append(inf)  # for `values`, which looks for the end of the block as well
        return next(self.values)

    def __repr__(self) -> str:
        """Return the sampler with its distribution."""
        return f"Sampler({self.distribution!r})"

    def __reduce__(self) -> NoReturn:
        """Refuse to be copied or pickled: a second sampler would draw from the same stream."""
        raise TypeError(f"{self!r} cannot be copied or pickled; make another one on its own stream")


def _blocks(
    make: Callable[[], np.random.Generator], distribution: Distribution, largest: int, stack: array[float]
) -> Iterator[Iterator[float]]:
    generator = make()
    size = min(_FIRST_BLOCK, largest)
    while True:
        values = distribution.sample(generator, size)
        finite = np.isfinite(values)
        if not finite.all():
            raise OverflowError(f"draws must be finite, got {values[~finite][0]} from {distribution!r}")
        stack[:] = array("d", [inf])
        stack.frombytes(np.asarray(values[::-1], np.float64).tobytes())
        yield iter(stack.pop, inf)
        size = min(2 * size, largest)
