"""The histogram: its stated relative error, its bounded memory, merging."""

import math
import pickle
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.measurement import LatencyHistogram, nearest_rank_percentiles

SMALLEST, LARGEST = 1e-6, 1e5
LATENCIES = st.lists(
    st.one_of(
        st.floats(SMALLEST, LARGEST),
        st.floats(math.log(SMALLEST), math.log(LARGEST) - 1e-9).map(math.exp).map(lambda v: max(v, SMALLEST)),
    ),
    min_size=1,
    max_size=50,
)
QS = (0.0, 1.0, 50.0, 90.0, 99.0, 99.9, 100.0)


def _filled(values: list[float], relative_error: float = 0.01) -> LatencyHistogram:
    histogram = LatencyHistogram(relative_error)
    for value in values:
        histogram.record(value)
    return histogram


@pytest.mark.slow
@settings(max_examples=200)
@given(LATENCIES, st.sampled_from([0.001, 0.01, 0.05, 0.5]))
def test_every_percentile_is_within_the_stated_relative_error(values: list[float], error: float) -> None:
    reported = _filled(values, error).percentiles(QS)

    true = nearest_rank_percentiles(values, QS)
    assert np.all(np.abs(reported - true) <= error * true)


@pytest.mark.slow
@settings(max_examples=100)
@given(LATENCIES)
def test_recording_many_is_recording_each(values: list[float]) -> None:
    many = LatencyHistogram()
    many.record_many(values)

    true = nearest_rank_percentiles(values, QS)
    each = _filled(values)
    assert (many.count, many.minimum, many.maximum) == (each.count, each.minimum, each.maximum)
    assert many.mean == pytest.approx(each.mean)
    assert np.all(np.abs(many.percentiles(QS) - true) <= 0.01 * true)


@pytest.mark.slow
@settings(max_examples=50)
@given(LATENCIES, LATENCIES)
def test_merging_is_recording_both(first: list[float], second: list[float]) -> None:
    merged = _filled(first)
    merged.merge(_filled(second))

    together = _filled(first + second)
    np.testing.assert_array_equal(merged.percentiles(QS), together.percentiles(QS))
    assert (merged.count, merged.mean) == (together.count, pytest.approx(together.mean))


@pytest.mark.parametrize("relative_error", [0.001, 0.01, 0.1])
def test_values_on_the_edges_of_buckets_keep_the_error(relative_error: float) -> None:
    base = (1.0 + relative_error) / (1.0 - relative_error)
    for edge in SMALLEST * base ** np.arange(60):
        for value in (edge, math.nextafter(edge, math.inf)):
            histogram = _filled([value], relative_error)
            histogram.minimum, histogram.maximum = 0.0, LARGEST  # or they would tell the value itself
            assert abs(histogram.percentile(50.0) - value) <= relative_error * value


def test_the_mean_is_that_of_the_values_themselves() -> None:
    assert _filled([0.001, 0.002, 0.0045]).mean == pytest.approx(0.0025, rel=1e-15)


def test_what_is_below_the_range_is_reported_as_no_more_than_its_lower_end() -> None:
    histogram = _filled([0.0, 1e-9, 1e-7, 1.0])

    assert 0.0 <= histogram.percentile(50.0) <= SMALLEST
    assert histogram.percentile(100.0) == pytest.approx(1.0, rel=0.01)


def test_the_whole_range_can_be_recorded() -> None:
    assert _filled([SMALLEST, LARGEST]).percentiles([0.0, 100.0]) == pytest.approx(
        [SMALLEST, LARGEST], rel=0.01
    )


def test_nothing_recorded_has_no_percentile_and_no_mean() -> None:
    histogram = LatencyHistogram()
    histogram.record_many([])

    assert math.isnan(histogram.percentile(99.0))
    assert math.isnan(histogram.mean)


def test_memory_does_not_grow_with_what_is_recorded() -> None:
    histogram = LatencyHistogram()
    before = len(pickle.dumps(histogram)), histogram.bucket_count

    latencies = np.random.Generator(np.random.PCG64(1)).lognormal(-3.0, 2.0, 200_000)
    histogram.record_many(latencies)

    assert histogram.bucket_count == before[1] == 1_268
    assert sys.getsizeof(histogram._buckets) < 11_000
    true = nearest_rank_percentiles(latencies, [50.0, 99.0, 99.99])
    np.testing.assert_allclose(histogram.percentiles([50.0, 99.0, 99.99]), true, rtol=0.01)


@pytest.mark.parametrize("value", [-1e-9, 1.01e5, math.inf, math.nan])
def test_a_value_for_which_no_error_can_be_promised_is_refused(value: float) -> None:
    histogram = LatencyHistogram()

    with pytest.raises(ValueError, match=r"value must be in \[0, 100000.0\] s"):
        histogram.record(value)
    with pytest.raises(ValueError, match=r"values must be in \[0, 100000.0\] s"):
        histogram.record_many([1.0, value])
    assert histogram.count == 0


def test_only_histograms_built_alike_are_merged() -> None:
    with pytest.raises(ValueError, match=r"must have equal \(relative_error, smallest, largest\)"):
        LatencyHistogram(0.01).merge(LatencyHistogram(0.02))


def test_impossible_errors_ranges_and_percentiles_are_misuse() -> None:
    with pytest.raises(ValueError, match=r"relative_error must be in \(0, 1\), got 1.0"):
        LatencyHistogram(1.0)
    with pytest.raises(ValueError, match=r"range must be 0 < smallest < largest s, finite, got 2.0, 1.0"):
        LatencyHistogram(smallest=2.0, largest=1.0)
    with pytest.raises(ValueError, match=r"percentiles must be in \[0, 100\], got \[101.0\]"):
        LatencyHistogram().percentile(101.0)
