"""Windowed series: which window an observation falls in, and what is said of a window."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.measurement import (
    StepFunction,
    nearest_rank_percentiles,
    windowed_count,
    windowed_level,
    windowed_mean,
    windowed_percentile,
    windowed_rate,
    windowed_share,
)


def test_an_observation_on_an_edge_belongs_to_the_window_that_begins_there() -> None:
    series = windowed_count([0.0, 1.0, 1.999, 2.0], width=1.0, until=3.0)

    assert series.starts.tolist() == [0.0, 1.0, 2.0]
    assert series.edges.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert series.values.tolist() == [1.0, 2.0, 1.0]


def test_observations_outside_the_windows_are_left_out() -> None:
    assert windowed_count([4.9, 5.0, 6.9, 7.0, 99.0], width=1.0, since=5.0, until=7.0).values.tolist() == [
        1.0,
        1.0,
    ]


def test_a_last_window_that_would_be_cut_short_is_not_made() -> None:
    assert windowed_count([0.5, 2.2], width=1.0, until=2.5).values.tolist() == [1.0, 0.0]


def test_rounding_does_not_cost_the_last_window() -> None:
    assert len(windowed_count([], width=0.1, until=0.3).values) == 3


def test_a_rate_is_per_second() -> None:
    assert windowed_rate([0.1, 0.2, 0.3], width=0.5, until=1.0).values.tolist() == [6.0, 0.0]


def test_a_mean_is_of_the_values_of_the_window() -> None:
    series = windowed_mean([2.5, 0.5, 0.6], [7.0, 1.0, 2.0], width=1.0, until=3.0)

    np.testing.assert_array_equal(series.values, [1.5, math.nan, 7.0])


def test_a_share_is_of_the_observations_of_the_window() -> None:
    series = windowed_share([0.1, 0.2, 0.3, 0.4, 2.0], [True, True, False, True, False], width=1.0, until=3.0)

    np.testing.assert_array_equal(series.values, [0.75, math.nan, 0.0])


@pytest.mark.slow
@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.floats(0.0, 10.0), st.floats(0.0, 5.0)), max_size=60),
    st.sampled_from([0.0, 50.0, 99.0, 100.0]),
)
def test_a_windows_percentile_is_that_of_its_values(observed: list[tuple[float, float]], q: float) -> None:
    times, values = [time for time, _ in observed], [value for _, value in observed]

    series = windowed_percentile(times, values, q, width=2.5, until=10.0)

    expected = [
        nearest_rank_percentiles([v for t, v in observed if start <= t < start + 2.5], [q])[0]
        for start in (0.0, 2.5, 5.0, 7.5)
    ]
    np.testing.assert_array_equal(series.values, expected)


def test_a_level_is_averaged_over_time_in_each_window() -> None:
    steps = StepFunction(times=np.array([0.0, 1.5]), values=np.array([4.0, 0.0]), until=3.0)

    assert windowed_level(steps, width=1.0, until=3.0).values.tolist() == [4.0, 2.0, 0.0]


@pytest.mark.parametrize("width", [0.0, -1.0, math.nan, math.inf])
def test_a_window_has_a_width(width: float) -> None:
    with pytest.raises(ValueError, match="width must be > 0 s"):
        windowed_count([1.0], width=width, until=10.0)


@pytest.mark.parametrize("until", [0.5, math.inf, math.nan])
def test_there_is_room_for_one_window(until: float) -> None:
    with pytest.raises(ValueError, match="until must be finite and >= since"):
        windowed_count([1.0], width=1.0, until=until)


def test_values_pair_with_times() -> None:
    with pytest.raises(ValueError, match="values must pair with times"):
        windowed_mean([1.0, 2.0], [1.0], width=1.0, until=3.0)
