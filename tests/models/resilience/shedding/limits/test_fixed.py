"""A fixed limit learns nothing."""

from __future__ import annotations

import pytest

from models.resilience.shedding import FixedLimit

from .fed import Fed


def test_nothing_moves_it() -> None:
    fed = Fed(FixedLimit(7))
    fed.feed(100.0, drop=True, times=50)
    fed.feed(0.0, times=50)
    assert (fed.limit, fed.changes) == (7, [])


@pytest.mark.parametrize("limit", [0, -1, 1.5, True, None])
def test_the_limit_is_a_whole_number_from_one_on(limit: object) -> None:
    with pytest.raises(ValueError, match=r"limit must be a whole number >= 1, got"):
        FixedLimit(limit)  # type: ignore[arg-type]
