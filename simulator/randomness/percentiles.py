"""Percentiles as engineers write them: `p50`, `p95`, `p999`.

The first two digits are whole percents, the rest are decimals: `p999` is 99.9 %, `p5` is 5 %.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

from .validation import require_positive

__all__ = ["Percentile", "read_percentiles"]


class Percentile(NamedTuple):
    """A value and the probability of not exceeding it."""

    probability: float
    value: float


def read_percentiles(percentiles: Mapping[str, float], *, count: int) -> list[Percentile]:
    """Return percentiles in rising order.

    Parameters:
        percentiles: name such as `"p99"` to value > 0.
        count: how many the law needs.

    Raises:
        TypeError: if there are more or fewer.
        ValueError: if a name is no percentile, a value is not > 0, or the values do not rise.
    """
    if len(percentiles) != count:
        given = ", ".join(percentiles) or "none"
        raise TypeError(f"from_percentiles needs exactly {count} of p50, p95, p99, p999, ..., got {given}")
    for name, value in percentiles.items():
        require_positive(name, value)
    points = sorted((probability_of(name), name, value) for name, value in percentiles.items())
    for (below, low_name, low), (above, high_name, high) in pairwise(points):
        if below == above:
            raise ValueError(f"percentiles must differ, got {low_name} and {high_name}")
        if not low < high:
            raise ValueError(f"{high_name} must be > {low_name} ({low}), got {high}")
    return [Percentile(probability, value) for probability, _, value in points]


def probability_of(name: str) -> float:
    """Return the probability that a name such as `"p999"` stands for, in (0, 1).

    Example:
        >>> probability_of("p999")
        0.999
    """
    match = re.fullmatch(r"p([0-9]+)", name)
    # p100 would read as 10.0 %, which nobody means.
    probability = 0.0 if match is None or match[1].startswith("100") else float(f"0.{match[1].zfill(2)}")
    if not 0.0 < probability < 1.0:
        raise ValueError(f"percentile must be p1 to p99 or finer, such as p999 for 99.9 %, got {name!r}")
    return probability
