"""The request table: rows in order of completion, counted, filtered and questioned by window."""

import math
import pickle
import tracemalloc

import numpy as np
import pytest

from simulator.measurement import RequestTable

OUTCOMES = ("ok", "degraded", "timed_out")


@pytest.fixture
def table() -> RequestTable:
    """Four requests: a fast read, a slow degraded one, a write that timed out, a late fast read."""
    table = RequestTable(OUTCOMES, successes=("ok", "degraded"))
    read, write = table.operation("read"), table.operation("write")
    table.issued = 6
    table.record(0.0, 0.1, 0, read)
    table.record(0.5, 2.5, 1, read)
    table.record(1.0, 3.0, 2, write)
    table.record(4.0, 4.2, 0, read)
    return table


def test_a_row_holds_what_was_recorded(table: RequestTable) -> None:
    columns = table.columns()

    assert list(columns) == ["start", "end", "latency", "outcome", "operation"]
    np.testing.assert_array_equal(columns["start"], [0.0, 0.5, 1.0, 4.0])
    np.testing.assert_array_equal(columns["end"], [0.1, 2.5, 3.0, 4.2])
    np.testing.assert_allclose(columns["latency"], [0.1, 2.0, 2.0, 0.2])
    np.testing.assert_array_equal(columns["outcome"], [0, 1, 2, 0])
    np.testing.assert_array_equal(columns["operation"], [1, 1, 2, 1])


def test_rows_are_the_columns_row_by_row(table: RequestTable) -> None:
    columns = table.columns()
    names = ("start", "end", "outcome", "operation")
    assert len(table) > 0
    assert table.rows() == list(zip(*(columns[name].tolist() for name in names), strict=True))
    assert RequestTable(["ok"]).rows() == []


def test_in_flight_is_what_was_issued_and_has_not_ended(table: RequestTable) -> None:
    assert (len(table), table.in_flight) == (4, 2)


def test_recording_goes_on_while_somebody_holds_the_columns(table: RequestTable) -> None:
    held = table.columns()

    for _ in range(10_000):
        table.record(5.0, 5.5, 0)

    assert len(held["end"]) == 4
    assert len(table) == 10_004


def test_counts_and_shares_name_every_outcome(table: RequestTable) -> None:
    assert table.counts() == {"ok": 2, "degraded": 1, "timed_out": 1}
    assert table.shares() == {"ok": 0.5, "degraded": 0.25, "timed_out": 0.25}
    assert table.counts(since=3.0) == {"ok": 1, "degraded": 0, "timed_out": 1}


def test_a_window_has_its_start_and_not_its_end(table: RequestTable) -> None:
    assert len(table.sample(2.5, 3.0)) == 1
    assert len(table.sample(2.5, 3.0 + 1e-9)) == 2


def test_a_window_can_be_of_requests_by_when_they_were_sent(table: RequestTable) -> None:
    assert table.sample(0.0, 1.0).counts() == {"ok": 1, "degraded": 0, "timed_out": 0}
    assert table.sample(0.0, 1.0, by="start").counts() == {"ok": 1, "degraded": 1, "timed_out": 0}


def test_adjacent_windows_share_no_request_and_lose_none(table: RequestTable) -> None:
    windows = [table.sample(start, start + 0.5) for start in np.arange(0.0, 5.0, 0.5)]

    assert sum(map(len, windows)) == len(table)


def test_availability_is_the_share_of_successes(table: RequestTable) -> None:
    assert table.availability() == 0.75
    assert table.availability(2.0, 4.0) == 0.5


def test_availability_within_a_limit_leaves_slow_successes_out(table: RequestTable) -> None:
    assert table.availability(within=1.0) == 0.5


def test_by_default_only_the_first_outcome_is_a_success() -> None:
    table = RequestTable(OUTCOMES)
    table.record(0.0, 1.0, 0)
    table.record(0.0, 1.0, 1)

    assert table.availability() == 0.5


def test_throughput_counts_everything_and_goodput_the_successes(table: RequestTable) -> None:
    assert table.throughput(0.0, 5.0) == pytest.approx(4 / 5)
    assert table.goodput(0.0, 5.0) == pytest.approx(3 / 5)
    assert table.goodput(0.0, 5.0, within=1.0) == pytest.approx(2 / 5)


def test_latencies_are_of_one_outcome_or_operation_if_asked(table: RequestTable) -> None:
    np.testing.assert_allclose(table.latencies(), [0.1, 2.0, 2.0, 0.2])
    np.testing.assert_allclose(table.latencies("ok"), [0.1, 0.2])
    np.testing.assert_allclose(table.latencies("ok", since=1.0), [0.2])
    np.testing.assert_allclose(table.latencies(operation="write"), [2.0])


def test_percentiles_are_latencies_that_were_seen() -> None:
    table = RequestTable(OUTCOMES)
    for latency in (1.0, 2.0, 3.0, 4.0):
        table.record(0.0, latency, 0)

    np.testing.assert_array_equal(
        table.percentiles([0, 25, 50, 50.1, 99, 100]), [1.0, 1.0, 2.0, 3.0, 4.0, 4.0]
    )


def test_operations_are_told_apart(table: RequestTable) -> None:
    samples = table.sample().per_operation()

    assert {name: len(sample) for name, sample in samples.items()} == {"read": 3, "write": 1}
    np.testing.assert_allclose(samples["read"].percentiles([50]), [0.2])
    assert samples["write"].availability() == 0.0


def test_an_operation_keeps_its_code() -> None:
    table = RequestTable(OUTCOMES)

    assert [table.operation(name) for name in ("read", "write", "read", "request")] == [1, 2, 1, 0]
    assert table.operations == ("request", "read", "write")


def test_an_empty_window_has_no_availability_and_no_percentile() -> None:
    table = RequestTable(OUTCOMES)

    assert math.isnan(table.availability())
    assert np.isnan(table.percentiles([50, 99])).all()
    assert table.counts() == dict.fromkeys(OUTCOMES, 0)
    assert table.goodput(0.0, 1.0) == 0.0


def test_a_table_travels_between_processes(table: RequestTable) -> None:
    copied = pickle.loads(pickle.dumps(table))

    assert (copied.counts(), copied.in_flight) == (table.counts(), table.in_flight)


@pytest.mark.slow
def test_a_row_takes_24_bytes_and_no_python_object() -> None:
    tracemalloc.start()
    try:
        table = RequestTable(OUTCOMES)
        for number in range(50_000):
            table.record(number * 0.1, number * 0.1 + 1.0, 0)
        bytes_max = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert bytes_max < 50_000 * 32


@pytest.mark.parametrize("outcomes", [(), ("ok", "ok"), "ok"])
def test_outcomes_without_distinct_names_are_misuse(outcomes: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="outcomes must be distinct names"):
        RequestTable(outcomes)


def test_misuse_is_told_with_name_value_and_rule(table: RequestTable) -> None:
    with pytest.raises(ValueError, match=r"successes must be among the outcomes .*fine"):
        RequestTable(OUTCOMES, successes=("fine",))
    with pytest.raises(ValueError, match=r"two codes in \[0, 65535\], got \(0.0, 1.0, -1, 0\)"):
        table.record(0.0, 1.0, -1)
    with pytest.raises(ValueError, match=r"outcome must be one of .*'fine'"):
        table.latencies("fine")
    with pytest.raises(ValueError, match=r"operation must be one of .*'delete'"):
        table.latencies(operation="delete")
    with pytest.raises(ValueError, match=r"until must be > since = 2.0 s, got 1.0"):
        table.availability(2.0, 1.0)
    with pytest.raises(ValueError, match=r"by must be 'start' or 'end', got 'middle'"):
        table.sample(by="middle")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"a rate needs a finite window"):
        table.throughput(0.0, math.inf)
    with pytest.raises(ValueError, match=r"percentiles must be in \[0, 100\], got \[0.99, 101.0\]"):
        table.percentiles([0.99, 101.0])


def test_a_code_without_a_name_is_found_when_counted(table: RequestTable) -> None:
    table.record(5.0, 6.0, 7)

    with pytest.raises(ValueError, match="outcome codes must be < 3, got 7"):
        table.counts()
