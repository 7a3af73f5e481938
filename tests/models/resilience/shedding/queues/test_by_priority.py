"""By priority: who matters most, first in, first out among equals."""

from __future__ import annotations

from models.resilience.shedding import ByPriority
from tests.models.resilience.shedding.callers import Office

PRIORITIES = {"a": 0, "b": 1, "c": 0, "d": 2, "e": 1, "f": -1}


def test_who_has_the_highest_priority_is_next_and_of_equals_who_has_waited_longest() -> None:
    office = Office(ByPriority())
    office.fill(*"abcdef", priorities=PRIORITIES)
    office.env.run()
    assert office.served == list("dbeacf")


def test_the_youngest_of_the_lowest_is_shed_in_favour_of_a_higher_one_where_the_room_is_full() -> None:
    office = Office(ByPriority(3))
    callers = office.fill(*"abcde", priorities={"a": 1, "b": 0, "c": 0, "d": 1, "e": 2})
    office.env.run()
    assert callers["c"] == (4 / 64, "displaced")
    assert callers["b"] == (5 / 64, "displaced")
    assert office.served == list("ead")


def test_a_newcomer_that_is_not_more_important_is_shed_itself() -> None:
    office = Office(ByPriority(2))
    callers = office.fill(*"abcd", priorities={"a": 1, "b": 1, "c": 1, "d": 0})
    office.env.run()
    assert callers["c"] == (3 / 64, "queue full")
    assert callers["d"] == (4 / 64, "queue full")
    assert office.served == list("ab")


def test_what_is_in_flight_is_not_interrupted() -> None:
    office = Office(ByPriority())
    callers = office.fill("a", priorities={"a": 9})
    office.env.run()
    assert callers["first"] == (1.0, "answered")
    assert callers["a"] == (2.0, "answered")


def test_the_unimportant_starve_until_they_are_told() -> None:
    office = Office(ByPriority(age_max=5.0))
    poor = office.ask(0.25, "poor")
    for number in range(20):
        office.ask(number / 2, number, priority=1)
    office.env.run()
    assert poor == (5.25, "waited too long")
