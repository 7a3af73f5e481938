from __future__ import annotations

from collections.abc import Generator
from itertools import count
from typing import Any

import pytest

from models import FunctionEndpoint, Request
from models.consistency import HistoryRecorder, check_linearizability, staleness_of_reads
from models.consistency.linearizability import Verdict
from models.failures import ConnectionLost
from models.replication import UniqueWrites, append, compare_and_set, delete, read, set_add, write
from models.resilience import Retry
from models.workload import OpenLoop, Operation, OperationMix
from simulator import Environment

Handling = Generator[float, Any, Any]


def asked(*requests: Request) -> list[Any]:
    """Return the values with which two clients that share their numbers ask these, by turns."""
    values: list[Any] = []

    def note(request: Request) -> Handling:
        values.append(request.value)
        yield 0.0

    target = FunctionEndpoint(note, name="store")
    numbers = count(1)
    clients = [UniqueWrites(target, numbers), UniqueWrites(target, numbers)]
    env = Environment(seed=1)
    for number, request in enumerate(requests):
        env.run(until=env.process(clients[number % 2].call(request)))
    return values


def test_no_two_writes_are_given_the_same_value() -> None:
    assert asked(write("a", None), write("a", None), append("b", None), set_add("c", None)) == [1, 2, 3, 4]


def test_what_has_a_value_or_needs_none_is_left_alone() -> None:
    requests = (write("a", 0), read("a"), delete("a"), compare_and_set("a", None, 7), write("a", None))
    assert asked(*requests) == [0, None, None, (None, 7), 1]


def test_a_write_that_is_sent_again_is_the_same_write() -> None:
    values: list[Any] = []

    def lose_the_first(request: Request) -> Handling:
        values.append(request.value)
        yield 0.0
        if len(values) == 1:
            raise ConnectionLost

    env = Environment(seed=1)
    again = Retry(env, FunctionEndpoint(lose_the_first, name="store"), 2)
    env.run(until=env.process(UniqueWrites(again, count(1)).call(write("a", None))))
    assert values == [1, 1]


def test_a_stale_read_shows_where_equal_values_would_have_hidden_it() -> None:
    env = Environment(seed=1)
    held: list[Any] = []

    def forgetful(request: Request) -> Handling:
        yield 0.0
        if request.operation == "write":
            held.append(request.value)
            return None
        return held[0] if held else None  # whatever was written since

    recorder = HistoryRecorder(env)
    client = recorder.around(FunctionEndpoint(forgetful, name="store"))
    mix = OperationMix(Operation(name="read"), Operation(name="write"))
    OpenLoop(env, UniqueWrites(client, count(1)), rate=10.0, mix=mix, keys=lambda: "x", until=3.0)
    env.run()
    assert check_linearizability(recorder.history()).verdict is Verdict.NOT_LINEARIZABLE
    assert max(each.versions_count for each in staleness_of_reads(recorder.history())) > 3


def test_values_that_cannot_be_shared_are_refused() -> None:
    target = FunctionEndpoint(lambda request: iter(()), name="store")
    with pytest.raises(TypeError, match=r"values must be an iterator, .* got \[1, 2\]"):
        UniqueWrites(target, [1, 2])  # type: ignore[arg-type] # what is tested
