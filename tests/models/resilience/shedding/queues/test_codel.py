"""Controlled delay: patience is long while the queue runs empty now and then, and short when it does not."""

from __future__ import annotations

from typing import Any

import pytest

from models.resilience.shedding import ByPriority, CoDel, Fifo, Lifo, RejectAtOnce
from tests.models.resilience.shedding.callers import Office


def test_the_defaults_are_facebooks() -> None:
    assert CoDel() == CoDel(target=0.005, interval=0.1, around=Fifo())


def test_in_a_queue_that_has_stood_for_longer_than_the_interval_newcomers_have_little_patience() -> None:
    office = Office(CoDel(target=0.125, interval=2.0))
    office.clerk.duration = 100.0
    office.ask(0.0)
    stands = [office.ask(at) for at in (0.5, 2.5, 2.5625)]
    office.env.run(until=50.0)
    # The queue began to stand at 0.5: at 2.5 that is 2 s, and not more than that.
    assert stands[0] == (2.5, "waited too long")
    assert stands[1] == (4.5, "waited too long")
    # After 2.5 the first has gone, but the second was there: it never was empty.
    assert stands[2] == (2.6875, "waited too long")


def test_a_queue_that_was_empty_in_between_has_not_stood() -> None:
    office = Office(CoDel(target=0.125, interval=2.0))
    office.ask(0.0)
    office.ask(0.5)  # waits until 1.0, and is the last to do so for a while
    office.ask(4.5)
    patient = office.ask(4.75)  # waits until 5.5
    office.env.run()
    assert patient == (6.5, "answered")


def test_a_queue_that_empties_again_and_again_has_not_stood() -> None:
    office = Office(CoDel(target=0.125, interval=2.0))
    office.clerk.duration = 0.5
    callers = [office.ask(number * 1.25 + offset) for number in range(10) for offset in (0.0, 0.125)]
    office.env.run()
    assert {caller.outcome for caller in callers} == {"answered"}


def test_it_leaves_the_order_to_the_room_inside() -> None:
    for inside, order in ((Fifo(), "abc"), (Lifo(), "cba"), (ByPriority(), "bac")):
        office = Office(CoDel(1.0, 100.0, inside))
        office.fill(*"abc", priorities={"b": 1})
        office.env.run()
        assert office.served == list(order)


def test_the_rooms_own_places_and_patience_hold_too() -> None:
    office = Office(CoDel(0.5, 100.0, Fifo(1, age_max=0.25)))
    callers = office.fill(*"ab")
    office.env.run()
    assert callers["b"] == (2 / 64, "queue full")
    assert callers["a"] == (1 / 64 + 0.25, "waited too long")
    office = Office(CoDel(around=RejectAtOnce()))
    callers = office.fill("a")
    office.env.run()
    assert callers["a"] == (1 / 64, "limit reached")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"target": 0}, r"target must be finite and > 0 s, got 0"),
        ({"interval": float("inf")}, r"interval must be finite and > 0 s, got inf"),
        ({"target": 0.1}, r"target must be < interval \(0.1 s\), got 0.1"),
    ],
)
def test_nonsense_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CoDel(**wrong)


def test_what_is_no_discipline_inside_is_refused() -> None:
    with pytest.raises(TypeError, match=r"around must be a QueueDiscipline, such as Fifo\(100\), got 5"):
        CoDel(around=5)  # type: ignore[arg-type]
