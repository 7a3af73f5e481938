"""Designs: which points of a parameter space a sweep visits.

A design is a value; `points()` gives the same points in the same order on any machine. Quasi-random designs
spread a few points evenly over many dimensions where a grid would need all combinations (McKay, Beckman,
Conover 1979 for Latin hypercubes; Sobol 1967, scrambled by Owen 1998); SciPy makes them.
"""

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .misuse import Misuse


class Design(ABC):
    """The points of a sweep, each a dict of the parameters that it sets; all others keep their defaults."""

    @abstractmethod
    def points(self) -> list[dict[str, Any]]:
        """The points in their fixed order."""


@dataclass(frozen=True)
class Grid(Design):
    """Every combination of the values of each parameter, the last varying fastest; `Grid({})` is one point.

    Example: `Grid({"timeout": [0.1, 0.5], "threshold": [5, 10, 20]})` has six points.
    """

    values: Mapping[str, Sequence[Any]]

    def __post_init__(self) -> None:
        for name, values in self.values.items():
            if isinstance(values, (str, bytes)) or not isinstance(values, (Sequence, np.ndarray)):
                raise Misuse(f"grid of {name} must be a list of values, got {values!r}")
            if len(values) == 0:
                raise Misuse(f"grid of {name} must have at least one value, got none")

    def points(self) -> list[dict[str, Any]]:
        return [
            dict(zip(self.values, point, strict=True)) for point in itertools.product(*self.values.values())
        ]


@dataclass(frozen=True)
class Points(Design):
    """Exactly these points, in this order: `Points([{"timeout": 0.1}, {"timeout": 0.5, "retries": 0}])`."""

    listed: Sequence[Mapping[str, Any]]

    def __post_init__(self) -> None:
        if not self.listed:
            raise Misuse("points must have at least one point, got none")

    def points(self) -> list[dict[str, Any]]:
        return [dict(point) for point in self.listed]


@dataclass(frozen=True, slots=True)
class Range:
    """The values from `low` to `high` (low < high); `log` spaces them by ratio, `whole` rounds them."""

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise Misuse(f"a range must go from low to a higher high, got {self.low} to {self.high}")
        if self.log and self.low <= 0:
            raise Misuse(f"the low end of a log range must be > 0, got {self.low}")

    def at(self, share: float) -> float | int:
        """The value at a `share` in [0, 1] of the way from low to high."""
        if self.log:
            value = self.low * (self.high / self.low) ** share
        else:
            value = self.low + (self.high - self.low) * share
        return round(value) if self.whole else float(value)


@dataclass(frozen=True, kw_only=True)
class LatinHypercube(Design):
    """`count` points over `ranges`: each range is cut in `count` slices and every slice is visited once.

    `seed` belongs to the design and has nothing to do with the seeds of the runs.
    """

    count: int
    ranges: Mapping[str, Range]
    seed: int = 0

    def __post_init__(self) -> None:
        _require_ranges(self.ranges, self.count)

    def points(self) -> list[dict[str, Any]]:
        # scipy.stats takes over a second to import; a sweep over a grid should not wait for it.
        from scipy.stats import qmc

        sampler = qmc.LatinHypercube(d=len(self.ranges), rng=np.random.default_rng(self.seed))
        return _stretched(sampler.random(self.count), self.ranges)


@dataclass(frozen=True, kw_only=True)
class Sobol(Design):
    """`count` points (a power of two: only then does the promised balance hold) over `ranges`.

    Any first 2, 4, 8, ... points are spread evenly, so a design can be doubled. `seed` scrambles the
    sequence.
    """

    count: int
    ranges: Mapping[str, Range]
    seed: int = 0

    def __post_init__(self) -> None:
        _require_ranges(self.ranges, self.count)
        if self.count & (self.count - 1):
            raise Misuse(f"count of a Sobol design must be a power of two, got {self.count}")

    def points(self) -> list[dict[str, Any]]:
        from scipy.stats import qmc  # late, as in LatinHypercube

        sampler = qmc.Sobol(d=len(self.ranges), rng=np.random.default_rng(self.seed))
        return _stretched(sampler.random(self.count), self.ranges)


def _stretched(shares: NDArray[np.float64], ranges: Mapping[str, Range]) -> list[dict[str, Any]]:
    return [
        {name: ranges[name].at(share) for name, share in zip(ranges, row, strict=True)}
        for row in shares.tolist()
    ]


def _require_ranges(ranges: Mapping[str, Range], count: int) -> None:
    if not ranges:
        raise Misuse("ranges must name at least one parameter, got none")
    if count < 1:
        raise Misuse(f"count must be >= 1, got {count}")
