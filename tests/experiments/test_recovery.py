"""Users are served again from the first of three good windows in a row, by when they asked."""

from __future__ import annotations

from math import inf, nan

import pytest

from experiments.recovery import time_to_recover
from models import Outcome
from models.workload import request_table
from simulator import RequestTable


def asked(*windows: tuple[int, int]) -> RequestTable:
    """A table with so many requests that were answered, and that failed, in each second from 10 s on."""
    table = request_table()
    for number, (answered_count, failed_count) in enumerate(windows):
        for index in range(answered_count + failed_count):
            outcome = Outcome.OK if index < answered_count else Outcome.TIMED_OUT
            start = 10.0 + number + 0.9 * index / (answered_count + failed_count)
            table.issued += 1
            # The answer comes late: what counts is when somebody asked.
            table.record(start, start + 5.0, int(outcome))
    return table


GOOD, BAD, NOBODY = (20, 0), (0, 20), (0, 0)


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        ([GOOD] * 5, 0.0),
        ([BAD, BAD, GOOD, GOOD, GOOD], 2.0),
        ([GOOD, GOOD, BAD, GOOD, GOOD, GOOD], 3.0),  # two in a row are none
        ([BAD, GOOD, NOBODY, GOOD], 1.0),  # nobody came: nobody was turned away
        ([(19, 1), (19, 1), (19, 1)], 0.0),  # 95 % are enough
        ([(18, 2), GOOD, GOOD, GOOD], 1.0),
        ([BAD] * 5, inf),
        ([BAD, BAD, GOOD, GOOD], inf),  # the third was not seen
        ([NOBODY] * 5, inf),
    ],
)
def test_three_good_windows_in_a_row_are_a_recovery(windows: list[tuple[int, int]], expected: float) -> None:
    until = 10.0 + len(windows)
    found = time_to_recover(asked(*windows), healed_at=10.0, until=until, healthy=1.0, width=1.0)
    assert found == pytest.approx(expected)


def test_what_was_served_before_is_the_measure() -> None:
    table = asked(*[(16, 4)] * 3)
    assert time_to_recover(table, healed_at=10.0, until=13.0, healthy=1.0, width=1.0) == inf
    assert time_to_recover(table, healed_at=10.0, until=13.0, healthy=0.84, width=1.0) == 0.0
    assert time_to_recover(table, healed_at=10.0, until=13.0, healthy=nan, width=1.0) == inf


def test_without_a_whole_window_nothing_is_seen() -> None:
    table = asked(GOOD, GOOD, GOOD)
    assert time_to_recover(table, healed_at=12.5, until=13.0, healthy=1.0, width=1.0) == inf
    assert time_to_recover(table, healed_at=20.0, until=30.0, healthy=1.0, width=1.0) == inf


def test_who_asked_before_the_healing_does_not_count() -> None:
    assert (
        time_to_recover(asked(BAD, GOOD, GOOD, GOOD), healed_at=11.0, until=14.0, healthy=1.0, width=1.0)
        == 0.0
    )
