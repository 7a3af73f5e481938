"""Percentiles by nearest rank, against their definition."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.measurement import nearest_rank_percentiles


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0.0, 1e3), min_size=1, max_size=60), st.integers(0, 100))
def test_a_percentile_is_the_smallest_value_that_q_percent_do_not_exceed(values: list[float], q: int) -> None:
    percentile = nearest_rank_percentiles(values, [q])[0]

    rank = max(1, -(-q * len(values) // 100))
    assert percentile == sorted(values)[rank - 1]


def test_nothing_has_no_percentile() -> None:
    assert np.isnan(nearest_rank_percentiles([], [50.0, 99.0])).all()


@pytest.mark.parametrize("q", [-1.0, 100.5, math.nan])
def test_a_percentile_outside_0_to_100_is_misuse(q: float) -> None:
    with pytest.raises(ValueError, match=r"percentiles must be in \[0, 100\]"):
        nearest_rank_percentiles([1.0], [q])
