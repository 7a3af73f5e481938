"""The gradient: expected over actual duration, and its bounds."""

from __future__ import annotations

from math import inf

import pytest

from models.resilience.shedding.limits.gradient import gradient


@pytest.mark.parametrize(
    ("expected", "actual", "result"),
    [
        (1.0, 1.0, 1.0),
        (3.0, 4.0, 0.75),
        (1.0, 2.0, 0.5),
        (1.0, 2.1, 0.5),
        (1.0, 1e9, 0.5),
        (3.0, 2.0, 1.5),
        (4.0, 2.0, 2.0),
        (9.0, 2.0, 2.0),
        (0.0, 1.0, 0.5),
        (inf, 1.0, 2.0),
    ],
)
def test_it_is_the_ratio_from_a_half_to_the_highest(expected: float, actual: float, result: float) -> None:
    assert gradient(expected, actual, 2.0) == result
    assert gradient(expected, actual, 1.0) == min(1.0, result)


@pytest.mark.parametrize("expected", [0.0, 1.0, inf])
def test_what_took_no_time_has_the_highest(expected: float) -> None:
    assert gradient(expected, 0.0, 2.0) == 2.0
