"""Anomalies that one read or two transactions show; the cases are those of Elle's definitions."""

from __future__ import annotations

import pytest

from models.consistency import Ending, find_anomalies, lost_updates
from tests.models.consistency.anomalies.transactions import names, transaction
from tests.models.consistency.written_histories import append, compare_and_set, done, read, write


def test_correct_history_has_no_anomaly() -> None:
    assert names([transaction("ax1ay1"), transaction("rx1ax2"), transaction("rx12ry1")]) == []
    assert names([transaction("wx1wx2"), transaction("rx2wx3"), transaction("rx3")]) == []
    assert names([]) == []


def test_read_of_what_a_failed_transaction_wrote_is_g1a() -> None:
    failed = transaction("ax1", ending=Ending.FAILED)
    assert names([failed, transaction("rx1ax2"), transaction("rx12")]) == ["G1a", "G1a"]
    (anomaly,) = find_anomalies([transaction("wx1", ending=Ending.FAILED), transaction("rx1")])
    assert anomaly.steps == ("T1 read 1 of 'x', which T2 wrote, and T2 failed",)
    assert [each.ending for each in anomaly.operations] == [Ending.OK, Ending.FAILED]


def test_read_of_what_is_unknown_is_none() -> None:
    assert names([transaction("ax1", ending=Ending.UNKNOWN), transaction("rx1")]) == []


def test_write_that_failed_and_was_repeated_is_that_of_the_repetition() -> None:
    assert names([transaction("wx1", ending=Ending.FAILED), transaction("wx1"), transaction("rx1")]) == []


def test_read_of_an_intermediate_write_is_g1b() -> None:
    assert names([transaction("ax1ax2"), transaction("rx1")]) == ["G1b", "G-single"]
    assert names([transaction("wx1wx2"), transaction("rx1")]) == ["G1b"]
    assert names([transaction("ax1ax2"), transaction("rx12")]) == []
    assert names([transaction("ax1rx1ax2")]) == []


@pytest.mark.parametrize(
    "parts", ["rx12ax3rx12", "rx12ax3rx1234", "ax3rx", "ax3rx34", "rx1wx2rx1", "wx2rx_", "rx1rx2"]
)
def test_transaction_that_does_not_see_itself_is_internal(parts: str) -> None:
    assert "internal" in names([transaction(parts)])


@pytest.mark.parametrize("parts", ["ry56ax3rx123ax4rx1234", "rx_ax1rx1", "wx2rx2wx1rx1", "ax3rx123"])
def test_transaction_that_sees_itself_is_fine(parts: str) -> None:
    assert "internal" not in names([transaction(parts)])


@pytest.mark.parametrize("parts", ["rx1ax1", "ax1rx12ax2", "rx1wx1"])
def test_read_of_what_the_transaction_writes_only_afterwards_is_a_future_read(parts: str) -> None:
    assert "future-read" in names([transaction(parts)])
    assert "future-read" not in names([transaction("ry1ax1"), transaction("ay1")])


def test_zero_is_not_nothing() -> None:
    assert names([transaction("wx0"), transaction("rx0wx1rx_")]) == ["internal"]
    assert names([transaction("wx0"), transaction("rx0wx1"), transaction("rx_wx2")]) == []


def test_lists_of_which_neither_begins_with_the_other_have_incompatible_orders() -> None:
    history = [transaction("ax1"), transaction("ax2"), transaction("rx12"), transaction("rx21")]
    assert names(history) == ["incompatible-order"]


def test_item_that_is_there_twice_or_was_never_written_is_told() -> None:
    assert names([transaction("ax1"), transaction("rx11")]) == ["duplicate"]
    assert names([transaction("ax1"), transaction("rx12")]) == ["unwritten"]


def test_two_that_wrote_upon_the_same_version_lost_an_update() -> None:
    history = [transaction("wx1"), transaction("rx1wx2"), transaction("rx1wx3")]
    (lost,) = lost_updates(history)
    assert lost.operations == (history[1], history[2])
    assert lost.steps == ("each of them read 1 of 'x', and wrote 'x' upon that",)
    assert names(history) == ["lost-update", "G2-item"]
    assert lost_updates([transaction("wx1"), transaction("rx1wx2"), transaction("rx2wx3")]) == ()
    assert lost_updates([transaction("rx1wx2"), transaction("rx1wx3", ending=Ending.UNKNOWN)]) == ()


def test_empty_list_and_none_are_the_same_version() -> None:
    parts = [(("read", "x", told), ("append", "x", item)) for item, told in enumerate((None, ()))]
    history = [done(process, "transaction", 0, 1, each, each, key=None) for process, each in enumerate(parts)]
    (lost,) = lost_updates(history)
    assert lost.operations == tuple(history)


def test_compare_and_sets_of_one_version_lose_an_update() -> None:
    history = [
        write(0, 0, 1, 1),
        compare_and_set(0, 2, 3, 1, 2, True),
        compare_and_set(1, 2, 3, 1, 3, True),
        compare_and_set(2, 2, 3, 1, 4, False),
    ]
    assert lost_updates(history)[0].operations == tuple(history[1:3])


def test_compare_and_set_that_found_another_value_has_written_nothing() -> None:
    for result, expected in ((False, ["unwritten"]), (True, [])):
        history = [write(0, 0, 1, 1), compare_and_set(0, 2, 3, 1, 4, result), read(1, 4, 5, 4)]
        assert names(history) == expected


def test_single_operations_are_transactions() -> None:
    assert names([append(0, 0, 1, 1), append(1, 0, 1, 2), read(0, 2, 3, (1, 2)), read(1, 2, 3, (2,))]) == [
        "incompatible-order"
    ]


def test_history_that_cannot_be_told_apart_is_refused() -> None:
    with pytest.raises(ValueError, match="writes must be of values that differ, got 1 twice on key 'x'"):
        find_anomalies([transaction("ax1"), transaction("ax1")])
    with pytest.raises(ValueError, match=r"must be of values that differ, got None .*None counts as one"):
        find_anomalies([transaction("wx1"), transaction("rx1wx_"), transaction("rx_")])
    assert find_anomalies([transaction("wx_", ending=Ending.FAILED)]) == ()
    with pytest.raises(ValueError, match="must have either writes or appends, got both"):
        find_anomalies([transaction("ax1wx2")])
    with pytest.raises(ValueError, match="a read of a list must tell a list, got 1 of 'x'"):
        find_anomalies([append(0, 0, 1, 1), read(0, 2, 3, 1)])
    with pytest.raises(ValueError, match="got 'add'"):
        find_anomalies([done(0, "add", 0, 1, 1)])
    with pytest.raises(ValueError, match="parts of a transaction must be one of"):
        find_anomalies([done(0, "transaction", 0, 1, (("cas", "x", 1),), (("cas", "x", 1),))])
