"""A hundred thousand operations with unique writes; how long it takes is measured elsewhere, not asserted."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from models.consistency import Operation, Verdict, check_linearizability
from tests.models.consistency.written_histories import read, write

OPERATIONS = 100_000


def long_history(processes: int) -> list[Operation]:
    """Each operation takes effect at a time within it, so that the history is linearizable."""
    rng = random.Random(5)
    free = [0.0] * processes
    spans = []
    for number in range(OPERATIONS):
        process = rng.randrange(processes)
        begin = free[process] + rng.expovariate(1.0)
        end = begin + rng.expovariate(1.0)
        free[process] = end
        spans.append((begin, end, process, number))
    spans.sort()
    value = None
    history: dict[int, Operation] = {}
    for place in sorted(range(OPERATIONS), key=lambda place: rng.uniform(*spans[place][:2])):
        begin, end, process, number = spans[place]
        if number % 3 == 0:
            value = number
            history[place] = write(process, begin, end, value)
        else:
            history[place] = read(process, begin, end, value)
    return [history[place] for place in range(OPERATIONS)]


def stale(history: Sequence[Operation], place: int) -> Operation:
    """The read at `place` or the next one, telling a value written long before."""
    late = next(each for each in history[place:] if each.kind == "read")
    old = next(each for each in history[place - 1000 :] if each.kind == "write")
    return replace(late, result=old.value)


@pytest.mark.slow
def test_long_history_is_checked_exactly() -> None:
    history = long_history(20)
    assert check_linearizability(history, "register").verdict is Verdict.LINEARIZABLE
    wrong = stale(history, 90_000)
    spoilt = [wrong if each.invoked_at == wrong.invoked_at else each for each in history]
    (witness,) = check_linearizability(spoilt, "register").witnesses
    assert witness.breaking == wrong
    assert len(witness.operations) <= 6
