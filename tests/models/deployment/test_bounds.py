"""How far a rolling upgrade may go: shares of a count, as Kubernetes rounds them."""

from __future__ import annotations

from typing import Any

import pytest

from models.deployment import Bounds
from models.deployment.bounds import share_of


@pytest.mark.parametrize(
    ("surge", "unavailable", "desired", "resolved"),
    [
        # The cases in the comment of Kubernetes' ResolveFenceposts.
        (0.0, 0.01, 2, (0, 1)),
        (0.0, 0.01, 1, (0, 1)),
        (0.01, 0.25, 2, (1, 0)),
        (0.01, 0.25, 1, (1, 0)),
        (0.01, 0.0, 2, (1, 0)),
        (0.01, 0.0, 1, (1, 0)),
        # The defaults.
        (0.25, 0.25, 0, (0, 1)),
        (0.25, 0.25, 1, (1, 0)),
        (0.25, 0.25, 3, (1, 0)),
        (0.25, 0.25, 4, (1, 1)),
        (0.25, 0.25, 10, (3, 2)),
        # A count is a count, whatever is desired, and 1.0 is all of them.
        (1, 0, 100, (1, 0)),
        (0, 3, 2, (0, 3)),
        (1.0, 1.0, 7, (7, 7)),
        # 0.07 x 100 is more than 7 in binary, and 0.29 x 100 less than 29.
        (0.07, 0.29, 100, (7, 29)),
    ],
)
def test_shares_are_rounded_up_for_the_surge_and_down_for_the_unavailable(
    surge: float, unavailable: float, desired: int, resolved: tuple[int, int]
) -> None:
    assert Bounds(max_surge=surge, max_unavailable=unavailable).resolve(desired) == resolved


@pytest.mark.parametrize(
    ("share", "desired", "count"), [(0.05, 4, 1), (0.25, 4, 1), (0.3, 4, 2), (1.0, 4, 4), (0.0, 4, 0)]
)
def test_a_canary_is_at_least_one_instance(share: float, desired: int, count: int) -> None:
    assert share_of(share, desired) == count


@pytest.mark.parametrize("value", [-1, -0.1, 1.5, True, "1", None])
@pytest.mark.parametrize("name", ["max_surge", "max_unavailable"])
def test_what_is_neither_a_count_nor_a_share_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{name} must be a whole number >= 0 or a share"):
        Bounds(**{name: value})


@pytest.mark.parametrize(("surge", "unavailable"), [(0, 0), (0.0, 0.0), (0, 0.0)])
def test_both_zero_is_refused(surge: float, unavailable: float) -> None:
    with pytest.raises(ValueError, match="max_surge or max_unavailable must be > 0"):
        Bounds(max_surge=surge, max_unavailable=unavailable)
