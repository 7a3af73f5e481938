"""Uniform and Zipf popularity over a fixed number of keys.

Keys are the integers 0 to count - 1, by falling popularity; requests are independent of each other (the
independent reference model). Source: Breslau et al., "Web Caching and Zipf-like Distributions" (INFOCOM
1999).
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Protocol

import numpy as np

from simulator import Environment
from simulator.randomness import Uniform

from ...validation import require_count, require_from_zero


class Ranks(Protocol):
    """A callable that returns one of the integers 0 to `count` - 1, by falling popularity."""

    count: int

    def __call__(self) -> int:
        """Return the next one."""


class UniformKeys:
    """A callable that returns one of `count` (>= 1) keys, all alike; it draws on the stream `name`."""

    __slots__ = ("_uniform", "count")

    def __init__(self, env: Environment, count: int, *, name: str = "keys") -> None:
        """Bind the stream; raise `ValueError` unless `count` is a whole number >= 1."""
        require_count("count", count)
        self.count = count
        self._uniform = env.sampler(name, Uniform(0.0, 1.0))

    def __call__(self) -> int:
        """Return the next key."""
        return int(self._uniform() * self.count)


class ZipfKeys:
    """A callable that returns one of `count` (>= 1) keys: k - 1 in proportion to k ** -exponent.

    `exponent` is finite and >= 0 (0: uniform). It draws on the stream `name`; `probabilities` has shape
    (count,).
    """

    __slots__ = ("_bounds", "_uniform", "count", "exponent", "probabilities")

    def __init__(self, env: Environment, count: int, *, exponent: float = 1.0, name: str = "keys") -> None:
        """Compute the probabilities; raise `ValueError` or `TypeError` for what is out of range."""
        require_from_zero("exponent", exponent)
        require_count("count", count)
        self.count = count
        self.exponent = exponent
        weights = np.arange(1, count + 1, dtype=np.float64) ** -exponent
        self.probabilities = weights / weights.sum()
        # Without the last bound, which rounding may leave below 1.
        self._bounds: list[float] = np.cumsum(self.probabilities)[:-1].tolist()
        self._uniform = env.sampler(name, Uniform(0.0, 1.0))

    def __call__(self) -> int:
        """Return the next key."""
        return bisect_right(self._bounds, self._uniform())
