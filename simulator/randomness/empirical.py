"""Measured data as a law: each draw is one of the measured values, all equally likely (the bootstrap).

No smoothing: what was never measured is never drawn, so the tail ends at the largest measurement.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

import numpy as np

from .distribution import Distribution, FloatArray
from .moments import Moments
from .validation import require_non_negative

__all__ = ["Empirical"]


@dataclass(frozen=True, slots=True, repr=False)
class Empirical(Distribution):
    """Resampling of measurements.

    Parameters:
        values: at least one, each finite and >= 0; kept sorted. Shape `(measurements,)`.

    Example:
        >>> Empirical([0.1, 0.3]).mean
        0.2
    """

    values: Sequence[float]
    _sorted: FloatArray = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Check the parameters."""
        if len(self.values) == 0:
            raise ValueError("values must hold at least one measurement, got none")
        ordered = np.sort(_checked(self.values))
        object.__setattr__(self, "values", tuple(ordered.tolist()))
        object.__setattr__(self, "_sorted", ordered)

    def __repr__(self) -> str:
        """Return a summary: the measurements may be a million."""
        return f"Empirical({len(self.values)} values from {self.values[0]:g} to {self.values[-1]:g})"

    @classmethod
    def from_csv(cls, path: str | PathLike[str], column: str) -> Empirical:
        """Read the measurements from one column of a CSV file with a header line (UTF-8, comma).

        For a column in milliseconds: `Scaled(Empirical.from_csv("log.csv", "latency_ms"), 0.001)`.

        Parameters:
            path: the file.
            column: the column's name, exactly as in the header.

        Raises:
            OSError: if the file cannot be read.
            ValueError: naming file, line, value and rule, if a cell is no number >= 0, or the column is not
                there once.
        """
        with Path(path).open(newline="", encoding="utf-8-sig") as file:
            rows = csv.reader(file)
            try:
                values = list(_cells(rows, column))
            except (ValueError, csv.Error) as error:  # UnicodeDecodeError is a ValueError
                raise ValueError(f"{path}, line {max(rows.line_num, 1)}: {error}") from None
        if not values:
            raise ValueError(f"{path}, line {rows.line_num}: column {column!r} must hold a value, got none")
        return cls(values)

    def sample(self, generator: np.random.Generator, size: int) -> FloatArray:
        """Draw by position: one uniform number per value."""
        return self._sorted[(generator.random(size) * self._sorted.size).astype(np.intp)]

    @property
    def mean(self) -> float:
        """Mean of the measurements."""
        return _moments(self._sorted).mean

    @property
    def variance(self) -> float:
        """Variance of the law that draws them: divided by n, not n - 1."""
        return _moments(self._sorted).variance

    def moments_between(self, minimum: float, maximum: float) -> Moments:
        """Return mean and variance of the measurements in the interval."""
        inside = self._sorted[(self._sorted >= minimum) & (self._sorted <= maximum)]
        if not inside.size:
            raise ValueError(f"interval must contain a measurement, got [{minimum}, {maximum}] for {self!r}")
        return _moments(inside)

    def _cdf(self, value: FloatArray) -> FloatArray:
        return np.searchsorted(self._sorted, value, side="right") / self._sorted.size

    def _survival(self, value: FloatArray) -> FloatArray:
        return (self._sorted.size - np.searchsorted(self._sorted, value, side="right")) / self._sorted.size

    def _quantile(self, probability: FloatArray) -> FloatArray:
        # Searched among the very quotients that the cdf returns: ceil(p * n) would round k/n up to k + 1
        # now and then.
        count = self._sorted.size
        return self._sorted[np.searchsorted(np.arange(1, count + 1) / count, probability, side="left")]

    def _upper_quantile(self, probability: FloatArray) -> FloatArray:
        count = self._sorted.size
        return self._sorted[count - np.searchsorted(np.arange(count) / count, probability, side="right")]


def _checked(values: Sequence[float]) -> FloatArray:
    array = np.asarray(values)
    # All at once, since there may be a million; one by one only to find and name the one at fault.
    if array.dtype.kind not in "fiu" or not (np.isfinite(array) & (array >= 0)).all():
        return np.array([require_non_negative(f"values[{i}]", value) for i, value in enumerate(values)])
    return array.astype(np.float64)


def _moments(values: FloatArray) -> Moments:
    mean = math.fsum(values) / values.size
    return Moments(mean, float(np.square(values - mean).mean()))


def _cells(rows: Iterator[list[str]], column: str) -> Iterator[float]:
    header = next(rows, [])
    if header.count(column) != 1:
        found = ", ".join(header) or "an empty line"
        raise ValueError(f"column {column!r} must be in the header once, got {found}")
    index = header.index(column)
    for row in rows:
        if row:  # blank lines separate nothing in CSV
            yield _measurement(column, row[index] if index < len(row) else "")


def _measurement(column: str, cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    # float() reads 1_000 as a thousand; in a data file it is a typing error.
    if not 0.0 <= value < math.inf or "_" in cell:
        raise ValueError(f"column {column!r} must be a finite number >= 0, got {cell!r}")
    return value
