"""Timestamps of one writer grow, whatever its clock says."""

from __future__ import annotations

from math import inf

import pytest

from models.replication.versions import next_timestamp


@pytest.mark.parametrize(
    ("now", "last", "timestamp"),
    [
        (5.0, -inf, 5.0),
        (-5.0, -inf, -5.0),
        (5.0, 4.0, 5.0),
        (5.0, 5.0, 5.000001),
        (1.0, 5.0, 5.000001),
    ],
)
def test_it_is_the_clock_or_a_microsecond_after_the_last_one(
    now: float, last: float, timestamp: float
) -> None:
    assert next_timestamp(now, last) == timestamp


def test_it_grows_where_a_microsecond_is_nothing_to_the_clock() -> None:
    assert next_timestamp(1e15, 1e15) > 1e15
