"""First in, first out."""

from __future__ import annotations

from models.resilience.shedding import Fifo
from tests.models.resilience.shedding.callers import Office


def test_who_has_waited_longest_is_next() -> None:
    office = Office(Fifo())
    office.fill(*"abcd")
    office.env.run()
    assert office.served == list("abcd")


def test_priorities_make_no_difference() -> None:
    office = Office(Fifo())
    office.fill(*"abc", priorities={"c": 9})
    office.env.run()
    assert office.served == list("abc")


def test_the_newcomer_is_shed_where_the_room_is_full() -> None:
    office = Office(Fifo(2))
    callers = office.fill(*"abc")
    office.env.run()
    assert callers["c"] == (3 / 64, "queue full")
    assert office.served == ["a", "b"]


def test_of_those_who_wait_each_is_shed_at_an_age_of_its_own() -> None:
    office = Office(Fifo(age_max=1.5))
    callers = office.fill(*"abc")
    office.env.run()
    assert callers["a"] == (2.0, "answered")
    assert callers["b"] == (2 / 64 + 1.5, "waited too long")
    assert callers["c"] == (3 / 64 + 1.5, "waited too long")
