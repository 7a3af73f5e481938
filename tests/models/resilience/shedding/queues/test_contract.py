"""What holds for every queue discipline: everybody is served once, or shed, or gone; and in time."""

from __future__ import annotations

import pickle
import random
from math import inf, nan
from typing import Any

import pytest

from models.resilience.shedding import (
    ByPriority,
    CoDel,
    ConcurrencyLimiter,
    Fifo,
    FixedLimit,
    Lifo,
    QueueDiscipline,
    RejectAtOnce,
)
from simulator import Environment
from tests.in_one_test import in_one_test
from tests.models.resilience.scripted import Scripted
from tests.models.resilience.shedding.callers import Caller, Office

ROOMS: list[QueueDiscipline] = [
    Fifo(3, 2.5),
    Lifo(3, 2.5, 1),
    ByPriority(3, 2.5),
    CoDel(0.25, 2.5, Fifo(3)),
    CoDel(0.25, 2.5, Lifo(3)),
]
FAMILY: list[QueueDiscipline] = [RejectAtOnce(), *ROOMS]
for_all = pytest.mark.parametrize("queue", FAMILY, ids=repr)
for_rooms = in_one_test("queue", ROOMS, ids=repr)


@for_all
@pytest.mark.parametrize("seed", range(4))
def test_everybody_is_served_once_or_shed_or_gone_and_nobody_waits_while_a_place_is_free(
    queue: QueueDiscipline, seed: int
) -> None:
    chance = random.Random(seed)
    office = Office(queue, places=2)
    callers = [office.ask(chance.uniform(0.0, 60.0), name, chance.randint(0, 2)) for name in range(200)]
    for caller in chance.sample(callers, 40):
        end = chance.choice([caller.process.cancel, caller.process.kill])
        office.env.call_later(chance.uniform(0.0, 60.0), end)
    most = 0

    def look() -> None:
        nonlocal most
        memory = office.limiter._memory
        assert memory.in_flight <= 2
        assert not len(memory.room) or memory.in_flight == 2
        most = max(most, len(memory.room))
        if office.env.now < 60.0:
            office.env.call_later(0.01, look)

    look()
    office.env.run()
    names = [name for _, name in office.clerk.order]
    assert len(names) == len(set(names))
    statistics = office.limiter.statistics()
    assert statistics.waiting_count == statistics.in_flight_count == 0
    assert statistics.admitted_count == len(names)
    assert statistics.succeeded_count == sum(caller.outcome == "answered" for caller in callers)
    assert most == (0 if queue == RejectAtOnce() else 3)
    assert office.limiter._memory.in_flight == len(office.limiter._memory.room) == 0


@for_all
def test_a_discipline_is_a_value_and_its_rooms_are_independent(queue: QueueDiscipline) -> None:
    assert pickle.loads(pickle.dumps(queue)) == queue
    assert hash(pickle.loads(pickle.dumps(queue))) == hash(queue)
    one, other = Office(queue), Office(queue)
    one.fill("a", "b")
    one.env.run(until=0.5)
    assert len(other.limiter._memory.room) == 0


@for_rooms
def test_who_has_waited_as_long_as_anybody_may_is_shed_at_that_moment(queue: QueueDiscipline) -> None:
    office = Office(queue)
    office.clerk.duration = 100.0
    callers = office.fill("a")
    office.env.run(until=50.0)
    assert callers["a"] == (1 / 64 + 2.5, "waited too long")
    assert office.limiter.statistics().waited_too_long_count == 1


@for_rooms
def test_who_gets_a_place_in_time_is_not_shed_any_more(queue: QueueDiscipline) -> None:
    office = Office(queue)
    callers = office.fill("a")
    office.clerk.duration = 2.0
    office.env.run()
    assert callers["a"] == (4.0, "answered")  # after 3.98 s in all, of which it waited 1.98


@for_rooms
def test_whoever_leaves_makes_room(queue: QueueDiscipline) -> None:
    office = Office(queue)
    callers = office.fill("a", "b", "c")
    office.env.call_later(0.25, callers["b"].process.cancel)
    later = office.ask(0.5, "d")
    office.env.run(until=0.75)
    assert callers["b"] == (0.25, "cancelled")
    assert len(office.limiter._memory.room) == 3
    assert [each.outcome for each in (callers["a"], callers["c"], later)] == [None] * 3
    statistics = office.limiter.statistics()
    assert (statistics.left_count, statistics.waiting_count) == (1, 3)
    assert statistics.full_count + statistics.displaced_count == 0


@for_rooms
@in_one_test("kind", ["cancel", "kill"])
@in_one_test("is_after", [False, True])
def test_a_place_given_to_one_who_goes_at_that_very_instant_goes_to_the_next(
    queue: QueueDiscipline, kind: str, is_after: bool
) -> None:
    office = Office(queue)
    callers: dict[Any, Caller] = {}
    first, other = _turns(queue)

    def go() -> None:
        getattr(callers[first].process, kind)()

    # At 1.0 the clerk is free; then, or just before, the one whose turn it is goes.
    if not is_after:
        office.env.call_later(1.0, go)
    callers |= office.fill("a", "b")
    if is_after:
        office.env.call_later(1.0, lambda: office.env.call_later(0.0, go))
    office.env.run(until=2.5)
    assert callers[first] == (1.0, "cancelled")
    assert callers[other] == (2.0, "answered")
    assert office.limiter.statistics().left_count == 1


def _turns(queue: QueueDiscipline) -> str:
    """Who is first of two that have come one after the other, and who is next."""
    newest_first = isinstance(queue, Lifo) or (isinstance(queue, CoDel) and isinstance(queue.around, Lifo))
    return "ba" if newest_first else "ab"


@for_rooms
def test_who_has_waited_gets_a_free_place_before_who_comes_just_then(queue: QueueDiscipline) -> None:
    office = Office(queue)
    callers = office.fill("a")
    late = office.ask(1.0, "late")
    office.env.run(until=1.5)
    assert office.served == ["a"]
    assert callers["first"] == (1.0, "answered")
    assert late.outcome is None


@pytest.mark.parametrize("kind", [Fifo, Lifo, ByPriority])
def test_a_room_has_no_end_and_waiting_no_limit_unless_they_are_given(kind: type[Any]) -> None:
    office = Office(kind())
    callers = office.fill(*range(50))
    office.env.run()
    assert {caller.outcome for caller in callers.values()} == {"answered"}


@pytest.mark.parametrize("kind", [Fifo, Lifo, ByPriority])
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"size_max": 0}, r"size_max must be a whole number >= 1, got 0"),
        ({"size_max": 2.5}, r"size_max must be a whole number >= 1, got 2.5"),
        ({"size_max": -inf}, r"size_max must be a whole number >= 1, got -inf"),
        ({"age_max": 0}, r"age_max must be > 0 s, got 0"),
        ({"age_max": nan}, r"age_max must be > 0 s, got nan"),
    ],
)
def test_nonsense_is_refused(kind: type[Any], wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**wrong)


def test_what_is_no_discipline_is_refused_with_a_hint() -> None:
    env = Environment()
    with pytest.raises(TypeError, match=r"queue must be a QueueDiscipline, such as Fifo\(100\), got 3"):
        ConcurrencyLimiter(env, Scripted(env), FixedLimit(1), queue=3)  # type: ignore[arg-type]
