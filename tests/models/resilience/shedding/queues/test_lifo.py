"""Adaptive LIFO: the oldest first while few wait, then the newest."""

from __future__ import annotations

import pytest

from models.resilience.shedding import Lifo
from tests.models.resilience.shedding.callers import Office


def test_who_has_come_last_is_next() -> None:
    office = Office(Lifo())
    office.fill(*"abcd")
    office.env.run()
    assert office.served == list("dcba")


def test_up_to_the_threshold_it_is_who_has_come_first() -> None:
    office = Office(Lifo(threshold=2))
    office.fill(*"abcd")
    office.env.run()
    # Four and three wait: the newest; two and one: the oldest.
    assert office.served == list("dcab")


def test_the_oldest_is_shed_in_favour_of_a_newcomer_where_the_room_is_full() -> None:
    office = Office(Lifo(2))
    callers = office.fill(*"abc")
    office.env.run()
    assert callers["a"] == (3 / 64, "displaced")
    assert office.served == list("cb")
    statistics = office.limiter.statistics()
    assert (statistics.displaced_count, statistics.full_count) == (1, 0)


def test_one_that_is_displaced_and_cancelled_at_one_instant_is_counted_once() -> None:
    office = Office(Lifo(1))
    callers = office.fill("a")
    office.env.call_later(0.5, lambda: office.env.call_later(0.0, callers["a"].process.cancel))
    office.ask(0.5, "b")
    office.env.run()
    statistics = office.limiter.statistics()
    assert (statistics.displaced_count, statistics.left_count) == (1, 0)
    assert callers["a"].end == 0.5
    assert office.served == ["b"]


@pytest.mark.parametrize("threshold", [-1, 1.5, True])
def test_the_threshold_is_a_whole_number(threshold: object) -> None:
    with pytest.raises(ValueError, match=r"threshold must be a whole number >= 0, got"):
        Lifo(threshold=threshold)  # type: ignore[arg-type]


def test_a_threshold_that_is_never_exceeded_is_refused() -> None:
    with pytest.raises(ValueError, match=r"threshold must be < size_max \(5\), got 5"):
        Lifo(5, threshold=5)
