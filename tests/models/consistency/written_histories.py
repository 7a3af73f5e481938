"""Histories in short notation, random histories, and an oracle that tries every order."""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import inf
from typing import Any

from models.consistency import Ending, Operation
from models.consistency.intervals import Interval, intervals_by_key
from models.consistency.linearizability.specifications import ILLEGAL, Specification


def done(
    process: int, kind: str, begin: float, end: float, value: Any = None, result: Any = None, **more: Any
) -> Operation:
    """An operation that was answered."""
    return Operation(
        process=process,
        kind=kind,
        key=more.pop("key", "x"),
        value=value,
        result=result,
        invoked_at=begin,
        ended_at=end,
        ending=more.pop("ending", Ending.OK),
        **more,
    )


def read(process: int, begin: float, end: float, result: Any, **more: Any) -> Operation:
    return done(process, "read", begin, end, result=result, **more)


def write(process: int, begin: float, end: float, value: Any, **more: Any) -> Operation:
    """A write; one that ends at `inf` is unknown."""
    ending = Ending.UNKNOWN if end == inf else Ending.OK
    return done(process, "write", begin, end, value, **{"ending": ending, **more})


def append(process: int, begin: float, end: float, item: Any, **more: Any) -> Operation:
    """An append; one that ends at `inf` is unknown."""
    ending = Ending.UNKNOWN if end == inf else Ending.OK
    return done(process, "append", begin, end, item, **{"ending": ending, **more})


def compare_and_set(
    process: int, begin: float, end: float, expected: Any, value: Any, result: Any, **more: Any
) -> Operation:
    """A compare-and-set; one that ends at `inf` is unknown."""
    ending = Ending.UNKNOWN if end == inf else Ending.OK
    values = (expected, value)
    return done(process, "compare-and-set", begin, end, values, result, **{"ending": ending, **more})


def only_key(history: Sequence[Operation]) -> list[Interval]:
    """The intervals of a history on one key, or of one that has none."""
    keys = intervals_by_key(history)
    assert len(keys) <= 1
    return next(iter(keys.values()), [])


def is_linearizable_by_all_orders(specification: Specification, history: Sequence[Operation]) -> bool:
    """Whether one of all orders of each key's operations, with and without the unknown ones, is allowed."""
    return all(has_order(specification, intervals) for intervals in intervals_by_key(history).values())


def has_order(specification: Specification, left: Sequence[Interval], state: Any = ...) -> bool:
    """Whether the operations have an order from a state, the initial one if not given; tries all of them."""
    if not any(each.is_known for each in left):
        return True
    before = specification.initial if state is ... else state
    for each in left:
        if any(other.end < each.call for other in left):
            continue
        after = specification.step(before, each)
        if after is not ILLEGAL and has_order(
            specification, [other for other in left if other is not each], after
        ):
            return True
    return False


def order_is_legal(specification: Specification, intervals: Sequence[Interval], order: Sequence[int]) -> bool:
    """Whether an order explains the operations: nothing missing, precedence kept, each step allowed."""
    if {place for place, each in enumerate(intervals) if each.is_known} - set(order):
        return False
    state: Any = specification.initial
    for number, place in enumerate(order):
        if any(intervals[later].end < intervals[place].call for later in order[number + 1 :]):
            return False
        state = specification.step(state, intervals[place])
        if state is ILLEGAL:
            return False
    return len(set(order)) == len(order)


def random_history(
    rng: random.Random,
    kinds: Sequence[str],
    *,
    operations: int = 7,
    processes: int = 3,
    values: int = 3,
    unique: bool = False,
    unknown: float = 0.2,
) -> list[Operation]:
    """A history that a real register, list or counter would have given, some answers of it changed.

    Each operation takes effect at a time within it, so that it would be linearizable; then, in half of all
    cases, one or two reads are told something else that was written. Where there are appends, a write leaves
    a list of its value alone.
    """
    spans = _spans(rng, operations, processes)
    effects = sorted(range(len(spans)), key=lambda place: rng.uniform(spans[place][1], spans[place][2]))
    asked = [_asked(rng, kinds, place, values, unique) for place in range(len(spans))]
    is_unknown = [rng.random() < unknown for _ in spans]
    told: dict[int, Any] = {}
    state: Any = () if "append" in kinds else 0 if "add" in kinds else None
    states = [state]
    for place in effects:
        kind, value = asked[place]
        if is_unknown[place] and rng.random() < 0.5:
            continue
        state, told[place] = _effect(kind, value, state)
        states.append(state)
    if rng.random() < 0.5:
        for _ in range(rng.choice((1, 2))):
            place = rng.randrange(len(spans))
            if asked[place][0] == "read":
                lie = rng.choice(states)
                told[place] = lie[::-1] if isinstance(lie, tuple) else lie
            elif asked[place][0] == "compare-and-set":
                told[place] = rng.random() < 0.5
    return [
        Operation(
            process=process,
            kind=asked[place][0],
            key="x",
            value=asked[place][1],
            result=None if is_unknown[place] else told.get(place),
            invoked_at=begin,
            ended_at=inf if is_unknown[place] else end,
            ending=Ending.UNKNOWN if is_unknown[place] else Ending.OK,
        )
        for place, (process, begin, end) in enumerate(spans)
    ]


def _spans(rng: random.Random, operations: int, processes: int) -> list[tuple[int, float, float]]:
    """Who is busy from when to when; times are whole numbers, so that some of them tie."""
    free = [0.0] * processes
    spans = []
    for _ in range(operations):
        process = rng.randrange(processes)
        begin = free[process] + rng.choice((0.0, 1.0, 2.0, 5.0))
        end = begin + rng.choice((1.0, 2.0, 4.0, 8.0))
        free[process] = end + 1.0
        spans.append((process, begin, end))
    return sorted(spans, key=lambda span: span[1])


def _asked(
    rng: random.Random, kinds: Sequence[str], place: int, values: int, unique: bool
) -> tuple[str, Any]:
    kind = rng.choice(kinds)
    value = place + 1 if unique else rng.randrange(1, values + 1)
    if kind == "read":
        return kind, None
    if kind == "compare-and-set":
        return kind, (rng.choice((None, *range(1, values + 1))), value)
    return kind, value


def _effect(kind: str, value: Any, state: Any) -> tuple[Any, Any]:
    if kind == "read":
        return state, state
    if kind == "append":
        return (*state, value), None
    if kind == "add":
        return state + value, None
    if kind == "compare-and-set":
        return (value[1], True) if state == value[0] else (state, False)
    return (value,) if isinstance(state, tuple) else value, None
