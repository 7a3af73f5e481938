"""Percentiles by nearest rank, against their definition; parts of a sample."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.measurement import (
    LatencyHistogram,
    RequestSample,
    RequestTable,
    nearest_rank_percentiles,
    windowed_rate,
)


@pytest.mark.slow
@settings(max_examples=100)
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


@pytest.mark.parametrize(
    ("q", "count", "rank"), [(99.9, 1_000, 999), (14.0, 50, 7), (7.0, 100, 7), (7.1, 100, 8)]
)
def test_the_rank_is_that_of_the_decimal_not_of_its_rounded_product(q: float, count: int, rank: int) -> None:
    values = np.arange(1.0, count + 1.0)

    assert nearest_rank_percentiles(values, [q]) == [rank]
    histogram = LatencyHistogram(1e-4, smallest=0.5, largest=2_000.0)
    histogram.record_many(values)
    assert histogram.percentile(q) == pytest.approx(rank, rel=1e-4)


def test_a_value_that_is_no_number_spoils_all_percentiles() -> None:
    assert np.isnan(nearest_rank_percentiles([1.0, math.nan, 2.0], [0.0, 50.0])).all()


def reads_and_writes() -> RequestSample:
    """Three reads of 0.25, 0.5 and 0.75 s, of which the first fails, and a write of 0.5 s."""
    table = RequestTable(["ok", "failed"])
    read, write = table.operation("read"), table.operation("write")
    table.record(0.0, 0.25, 1, read)
    table.record(0.0, 0.5, 0, read)
    table.record(1.0, 1.5, 0, write)
    table.record(1.0, 1.75, 0, read)
    return table.sample(0.0, 2.0)


def test_in_time_are_successes_within_a_limit_and_at_it() -> None:
    sample = reads_and_writes()

    assert sample.in_time(0.5).tolist() == [False, True, True, False]
    assert sample.goodput(within=0.5) == sample.in_time(0.5).sum() / 2.0
    over_time = windowed_rate(sample.end[sample.in_time(0.5)], width=1.0, until=2.0)
    assert over_time.values.tolist() == [1.0, 1.0]


def test_a_part_of_a_sample_keeps_the_window() -> None:
    sample = reads_and_writes()
    part = sample.where(sample.latency > 0.3)

    assert part.latency.tolist() == [0.5, 0.5, 0.75]
    assert (part.since, part.until, part.throughput) == (0.0, 2.0, 1.5)


def test_the_requests_of_one_operation() -> None:
    sample = reads_and_writes()

    assert sample.of_operation("write").latency.tolist() == [0.5]
    assert len(sample.of_operation("request")) == 0
    with pytest.raises(
        ValueError, match=r"operation must be one of \['request', 'read', 'write'\], got 'reed'"
    ):
        sample.of_operation("reed")
