"""The event log: order of time, filters, and intervals from one kind of event to another."""

import dataclasses
import math

import pytest

from simulator.measurement import EventLog, LoggedInterval, LogRecord


@pytest.fixture
def log() -> EventLog:
    """A host that crashes and restarts while a breaker opens, tries in vain, and at last closes."""
    log = EventLog()
    log.append(1.0, "crash", "host/1")
    log.append(2.0, "open", "payment", {"failure_ratio": 0.6})
    log.append(7.0, "half_open", "payment")
    log.append(7.5, "open", "payment")
    log.append(9.0, "restart", "host/1")
    log.append(12.5, "half_open", "payment")
    log.append(13.0, "closed", "payment")
    return log


def test_events_come_back_as_they_were_logged(log: EventLog) -> None:
    first, second, *_ = log

    assert first == LogRecord(time=1.0, kind="crash", subject="host/1", detail={})
    assert second == LogRecord(time=2.0, kind="open", subject="payment", detail={"failure_ratio": 0.6})
    assert len(log) == len(list(log)) == 7


def test_a_record_cannot_be_changed(log: EventLog) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        next(iter(log)).time = 0.0  # type: ignore[misc]


def test_events_of_one_instant_keep_the_order_of_logging() -> None:
    log = EventLog()
    for subject in ("b", "a", "c"):
        log.append(1.0, "crash", subject)

    assert [record.subject for record in log] == ["b", "a", "c"]


def test_events_are_found_by_kind(log: EventLog) -> None:
    assert [record.time for record in log.of_kind("open")] == [2.0, 7.5]
    assert [record.time for record in log.of_kind("crash", "restart")] == [1.0, 9.0]
    assert log.of_kind("deploy") == []


def test_events_are_found_by_time_with_the_start_and_without_the_end(log: EventLog) -> None:
    assert [record.time for record in log.between(2.0, 9.0)] == [2.0, 7.0, 7.5]


def test_subjects_and_counts_come_in_order_of_first_appearance(log: EventLog) -> None:
    assert log.subjects() == ("host/1", "payment")
    assert list(log.counts().items()) == [
        ("crash", 1),
        ("open", 2),
        ("half_open", 2),
        ("restart", 1),
        ("closed", 1),
    ]


def test_an_interval_runs_to_the_next_end_of_the_same_subject(log: EventLog) -> None:
    assert log.intervals("crash", "restart", until=20.0) == [LoggedInterval("host/1", 1.0, 9.0)]


def test_a_start_inside_an_interval_is_ignored(log: EventLog) -> None:
    assert log.intervals("open", "closed", until=20.0) == [("payment", 2.0, 13.0)]


def test_a_state_that_is_left_in_several_ways_has_several_end_kinds(log: EventLog) -> None:
    assert log.intervals("open", ("half_open", "closed"), until=20.0) == [
        ("payment", 2.0, 7.0),
        ("payment", 7.5, 12.5),
    ]


def test_an_interval_that_has_not_ended_lasts_until_the_given_time(log: EventLog) -> None:
    assert log.intervals("crash", "restart", until=5.0) == [("host/1", 1.0, 5.0)]
    assert log.intervals("crash", "restart", until=1.0) == []


def test_intervals_of_many_subjects_come_in_order_of_start() -> None:
    log = EventLog()
    log.append(1.0, "restart", "host/9")
    log.append(2.0, "crash", "host/2")
    log.append(3.0, "crash", "host/1")
    log.append(4.0, "restart", "host/1")

    assert log.intervals("crash", "restart", until=6.0) == [("host/2", 2.0, 6.0), ("host/1", 3.0, 4.0)]


@pytest.mark.parametrize("time", [12.0, math.nan])
def test_time_does_not_run_backwards(log: EventLog, time: float) -> None:
    with pytest.raises(ValueError, match=r"time must be >= 13.0 s, the time of the last event"):
        log.append(time, "crash", "host/1")
