"""Staleness of reads, in seconds and in versions."""

from __future__ import annotations

import random
from math import inf

import pytest

from models.consistency import Operation, Verdict, check_linearizability, staleness_of_reads
from models.consistency.versions import versions_by_key
from tests.in_one_test import in_one_test
from tests.models.consistency.written_histories import random_history, read, write


def staleness(*history: Operation) -> list[tuple[float, int]]:
    return [(each.seconds, each.versions_count) for each in staleness_of_reads(history)]


def test_read_of_the_last_acknowledged_write_is_fresh() -> None:
    assert staleness(write(0, 0, 1, 1), read(1, 2, 3, 1)) == [(0.0, 0)]


def test_stale_read_is_as_old_as_the_first_acknowledgement_of_a_newer_write() -> None:
    writes = [write(0, 0, 1, 1), write(0, 2, 3, 2), write(0, 4, 5.5, 3)]
    assert staleness(*writes, read(1, 10, 11, 1)) == [(7.0, 2)]
    assert staleness(*writes, read(1, 10, 11, 2)) == [(4.5, 1)]
    assert staleness(*writes, read(1, 10, 11, None)) == [(9.0, 3)]


def test_write_that_is_not_acknowledged_when_the_read_is_invoked_does_not_count() -> None:
    assert staleness(write(0, 0, 1, 1), write(0, 2, 9, 2), read(1, 5, 12, 1)) == [(0.0, 0)]
    assert staleness(write(0, 0, 1, 1), write(2, 2, inf, 2), read(1, 5, 12, 1)) == [(0.0, 0)]


def test_concurrent_write_is_not_newer() -> None:
    assert staleness(write(0, 0, 5, 1), write(1, 4, 6, 2), read(2, 9, 10, 1)) == [(0.0, 0)]


def test_version_was_there_once_somebody_has_read_it() -> None:
    seen = [write(0, 0, inf, 1), read(2, 1, 2, 1), write(1, 4, 6, 2)]
    assert staleness(*seen, read(2, 9, 10, 1)) == [(0.0, 0), (3.0, 1)]


def test_write_under_way_among_the_newer_ones_is_left_out_of_the_count() -> None:
    writes = [write(0, 0, 1, 1), write(0, 2, 3, 2), write(1, 4, 50, 3), write(2, 5, 6, 4)]
    assert staleness(*writes, read(3, 10, 11, 1)) == [(7.0, 2)]


def test_read_of_what_nobody_wrote_has_no_staleness() -> None:
    assert staleness(read(0, 0, 1, 7)) == []


def test_reads_come_in_the_order_of_their_invocation_whatever_their_key() -> None:
    history = [read(0, 3, 4, None, key="a"), read(1, 1, 2, None, key="b"), read(2, 5, 6, None, key="a")]
    assert [each.read.invoked_at for each in staleness_of_reads(history)] == [1, 3, 5]


@pytest.mark.slow
@in_one_test("seed", range(300))
def test_staleness_is_what_counting_says_and_none_where_linearizable(seed: int) -> None:
    history = random_history(
        random.Random(seed), ("read", "read", "write"), operations=9, processes=3, unique=True
    )
    found = staleness_of_reads(history)
    (versions,) = versions_by_key(history).values() if history else ((),)
    by_read = {interval.call: (interval, version) for interval, version in versions.reads}
    assert len(found) == len(by_read)
    for (interval, version), each in zip((by_read[call] for call in sorted(by_read)), found, strict=True):
        newer = [
            other.write
            for other in versions.written()
            if other.write.is_known and version.is_older_than(other) and other.write.end < interval.call
        ]
        first = min((other.operation.ended_at for other in newer), default=interval.operation.invoked_at)
        assert each.versions_count == len(newer)
        assert each.seconds == interval.operation.invoked_at - first
    if check_linearizability(history).verdict is Verdict.LINEARIZABLE:
        assert all(each.versions_count == 0 for each in found)
