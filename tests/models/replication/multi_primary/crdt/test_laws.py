"""To merge is commutative, associative and idempotent, and means what it should, whatever is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import Request
from models.replication import add, delete, set_add, set_remove, write
from models.replication.multi_primary import Crdts, KeepSiblings, LastWriterWins, Register, Resolution
from models.replication.multi_primary.requests import InContext
from models.replication.multi_primary.resolution import Writer

COPIES = 3
WRITERS = "abc"

STEPS = st.lists(
    st.tuples(st.integers(0, COPIES - 1), st.integers(0, COPIES - 1), st.integers(0, 9)),
    max_size=12,
)
"""Each: a copy; another one, whose state it takes, or itself, and then it does an operation, as numbered."""

REQUESTS: dict[str, Callable[[int], Request]] = {
    "counter": lambda number: add("x", number - 4),
    "set": lambda number: (set_add if number % 3 else set_remove)("x", number % 2),
    "register": lambda number: write("x", number) if number else delete("x"),
}
RESOLUTIONS: dict[str, tuple[Resolution, str]] = {
    "counter": (Crdts(), "counter"),
    "set": (Crdts(), "set"),
    "multi-value register": (Crdts(), "register"),
    "last-writer register": (Crdts(register=Register.LAST_WRITER), "register"),
    "siblings": (KeepSiblings(), "register"),
    "last writer wins": (LastWriterWins(), "register"),
    "last writer wins, hybrid": (LastWriterWins(is_hybrid=True), "register"),
}


CLOCKS: list[Callable[[], float]] = [lambda: 5.0, lambda: 5.0, lambda: 4.0]
"""They stand still: two writers have the same time, one is behind."""

Steps = list[tuple[int, int, int]]


def states_after(name: str, steps: Steps) -> list[Any]:
    """All states that the copies were in, in order, the last one of each copy at the end."""
    resolution, kind = RESOLUTIONS[name]
    copies: list[Any] = [None] * COPIES
    writers = [Writer(WRITERS[copy], CLOCKS[copy], 0.0) for copy in range(COPIES)]
    states = []
    for copy, other, number in steps:
        if copy != other:
            copies[copy] = merged(copies[copy], copies[other])
        else:
            request = REQUESTS[kind](number)
            if isinstance(resolution, KeepSiblings):
                seen = resolution.told(copies[copy] if number % 2 else None).seen
                request = Request(request.operation, "x", InContext(request.value, seen))
            version, _ = resolution.updated(request, copies[copy], writers[copy])
            copies[copy] = merged(copies[copy], version)
        states.append(copies[copy])
    return [state for state in states + copies if state is not None]


def merged(mine: Any, theirs: Any) -> Any:
    if mine is None or theirs is None:
        return theirs if mine is None else mine
    return mine.merged(theirs)


@pytest.mark.slow
@pytest.mark.parametrize("name", RESOLUTIONS)
@settings(max_examples=15)
@given(steps=STEPS)
def test_to_merge_is_commutative_and_idempotent(name: str, steps: Steps) -> None:
    states = states_after(name, steps)
    for one in states:
        assert one.merged(one) is one
        for other in states:
            both = one.merged(other)
            assert both == other.merged(one)
            assert both.shown() == other.merged(one).shown()
            assert both.merged(one) is both.merged(other) is both


@pytest.mark.parametrize("name", RESOLUTIONS)
@settings(max_examples=15)
@given(steps=STEPS, picks=st.tuples(*[st.integers(0, 100)] * 3))
def test_to_merge_is_associative(name: str, steps: Steps, picks: tuple[int, int, int]) -> None:
    states = states_after(name, steps)
    if states:
        one, two, three = (states[pick % len(states)] for pick in picks)
        assert one.merged(two).merged(three) == one.merged(two.merged(three))


@pytest.mark.slow
@settings(max_examples=40)
@given(steps=STEPS)
def test_a_counter_is_the_sum_of_the_adds_that_have_come(steps: Steps) -> None:
    known: list[dict[int, int]] = [{} for _ in range(COPIES)]
    for step, (copy, other, number) in enumerate(steps):
        known[copy] |= known[other] if copy != other else {step: number - 4}
    states = states_after("counter", steps)
    for copy in range(COPIES):
        if known[copy]:
            assert states[-_nonempty(known) + _place(known, copy)].shown() == sum(known[copy].values())


@pytest.mark.slow
@settings(max_examples=40)
@given(steps=STEPS)
def test_an_element_is_in_a_set_if_an_add_of_it_was_seen_by_no_remove_that_has_come(steps: Steps) -> None:
    # An event is known by its step: what it did, to what, and which events its copy knew then.
    known: list[dict[int, tuple[bool, int, frozenset[int]]]] = [{} for _ in range(COPIES)]
    for step, (copy, other, number) in enumerate(steps):
        event = {step: (bool(number % 3), number % 2, frozenset(known[copy]))}
        known[copy] |= known[other] if copy != other else event
    states = states_after("set", steps)
    for copy in range(COPIES):
        if known[copy]:
            expected = {
                item
                for added, (is_add, item, _) in known[copy].items()
                if is_add and not _is_removed(added, item, known[copy])
            }
            assert states[-_nonempty(known) + _place(known, copy)].shown() == expected


def _is_removed(added: int, item: int, known: dict[int, tuple[bool, int, frozenset[int]]]) -> bool:
    return any(not is_add and removed == item and added in seen for is_add, removed, seen in known.values())


def _nonempty(known: list[Any]) -> int:
    return sum(bool(each) for each in known)


def _place(known: list[Any], copy: int) -> int:
    """The place of the copy's state among the last states, of those that there are."""
    return sum(bool(each) for each in known[:copy])
