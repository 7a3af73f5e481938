"""The key-value state machine: what each operation does and answers."""

from __future__ import annotations

import pytest

from models import Request, ServerError
from models.consensus import KeyValueMachine
from models.replication import (
    add,
    append,
    compare_and_set,
    delete,
    read,
    set_add,
    set_remove,
    write,
)


def test_operations_do_what_they_say() -> None:
    machine = KeyValueMachine()
    assert machine.apply(write("x", 1)) is None
    assert machine.apply(read("x")) == machine.query(read("x")) == 1
    assert machine.apply(compare_and_set("x", 2, 3)) is False
    assert machine.apply(compare_and_set("x", 1, 3)) is True
    assert machine.apply(compare_and_set("y", None, 5)) is True
    assert machine.apply(append("list", "a")) is machine.apply(append("list", "b")) is None
    assert machine.apply(add("n", 2)) is machine.apply(add("n", -5)) is None
    assert machine.values == {"x": 3, "y": 5, "list": ("a", "b"), "n": -3}
    assert machine.query(read("nothing")) is None


def test_what_cannot_be_done_changes_nothing_and_is_answered_so() -> None:
    machine = KeyValueMachine()
    machine.apply(write("x", "text"))
    assert isinstance(machine.apply(append("x", 1)), ServerError)
    assert isinstance(machine.apply(add("x", 1)), ServerError)
    assert machine.values == {"x": "text"}


def test_snapshot_is_a_value_that_later_commands_do_not_change() -> None:
    machine, other = KeyValueMachine(), KeyValueMachine()
    machine.apply(write("x", 1, size_bytes=10))
    state = machine.snapshot()
    machine.apply(write("x", 2, size_bytes=30))
    other.restore(state)
    assert other.values == {"x": 1}
    assert (machine.size_bytes, other.size_bytes) == (30, 10)
    other.apply(write("y", 1))
    assert machine.snapshot() == ({"x": 2}, {"x": 30})


def test_key_that_is_deleted_is_as_if_it_had_never_been_written() -> None:
    machine = KeyValueMachine()
    requests = [write("x", 1, size_bytes=10), append("list", "a"), add("n", 5), set_add("set", "a")]
    for request in requests:
        machine.apply(request)
        assert machine.apply(delete(request.key)) is None
        assert machine.query(read(request.key)) is None
    assert machine.apply(delete("never written")) is None
    assert machine.snapshot() == ({}, {})
    assert machine.apply(compare_and_set("x", None, 2)) is True
    assert machine.apply(append("list", "b")) is machine.apply(add("n", 1)) is None
    assert machine.values == {"x": 2, "list": ("b",), "n": 1}


def test_writing_none_is_deleting() -> None:
    machine = KeyValueMachine()
    machine.apply(write("x", 1, size_bytes=10))
    machine.apply(write("x", None))
    machine.apply(write("y", 1))
    assert machine.apply(compare_and_set("y", 1, None)) is True
    assert machine.snapshot() == ({}, {})
    assert machine.apply(append("x", "a")) is None


def test_sets_are_given_items_and_lose_them() -> None:
    machine = KeyValueMachine()
    for request in (
        set_add("s", 1),
        set_add("s", 2),
        set_add("s", 1),
        set_remove("s", 2),
        set_remove("s", 3),
    ):
        assert machine.apply(request) is None
    assert machine.query(read("s")) == frozenset({1})
    machine.apply(set_remove("s", 1))
    assert machine.query(read("s")) == frozenset()
    machine.apply(write("text", "abc"))
    for request in (set_add("text", "d"), set_remove("text", "a"), append("s", 1)):
        assert isinstance(machine.apply(request), ServerError)
    assert machine.values == {"s": frozenset(), "text": "abc"}


@pytest.mark.parametrize("operation", ["append", "set-add"])
def test_lists_and_sets_grow_in_bytes_and_counters_do_not(operation: str) -> None:
    machine = KeyValueMachine()
    for number in range(3):
        machine.apply(Request(operation, "k", number, size_bytes=10))
        machine.apply(Request("add", "n", number, size_bytes=8))
        machine.apply(Request("set-remove", "s", number, size_bytes=8))
    assert machine.size_bytes == 30 + 8
    machine.apply(write("k", "short", size_bytes=5))
    assert machine.size_bytes == 5 + 8
    machine.apply(write("n", 5, size_bytes=100))
    machine.apply(Request("add", "n", 1, size_bytes=8))
    assert machine.size_bytes == 5 + 100
