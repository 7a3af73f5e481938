"""The key-value state machine: what each operation does and answers."""

from __future__ import annotations

from typing import Any

import pytest

from models import Request, ServerError
from models.consensus import KeyValueMachine
from models.consensus.key_value.machine import CHANGES_KEPT
from models.replication import (
    add,
    append,
    compare_and_set,
    delete,
    read,
    scan,
    set_add,
    set_remove,
    write,
)
from models.replication.scans import AllKeys, KeyRange, Scanned


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
    assert machine.snapshot() == ({"x": 2}, {"x": 30}, 2, ("x", "x"))


def test_key_that_is_deleted_is_as_if_it_had_never_been_written() -> None:
    machine = KeyValueMachine()
    requests = [write("x", 1, size_bytes=10), append("list", "a"), add("n", 5), set_add("set", "a")]
    for request in requests:
        machine.apply(request)
        assert machine.apply(delete(request.key)) is None
        assert machine.query(read(request.key)) is None
    assert machine.apply(delete("never written")) is None
    assert machine.snapshot()[:2] == ({}, {})
    assert machine.apply(compare_and_set("x", None, 2)) is True
    assert machine.apply(append("list", "b")) is machine.apply(add("n", 1)) is None
    assert machine.values == {"x": 2, "list": ("b",), "n": 1}


def test_writing_none_is_deleting() -> None:
    machine = KeyValueMachine()
    machine.apply(write("x", 1, size_bytes=10))
    machine.apply(write("x", None))
    machine.apply(write("y", 1))
    assert machine.apply(compare_and_set("y", 1, None)) is True
    assert machine.snapshot()[:2] == ({}, {})
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


def test_scan_is_marked_with_the_number_of_changes_and_tells_what_has_changed_since() -> None:
    machine = KeyValueMachine()
    for request in (write("a", 1), write("b", 1), compare_and_set("a", 7, 8), write("c", 1)):
        machine.apply(request)
    assert machine.query(scan(AllKeys())) == Scanned((("a", 1), ("b", 1), ("c", 1)), 3)
    for request in (delete("b"), add("n", 1), delete("b"), add("n", 1), append("a", 1)):
        machine.apply(request)  # the last of which cannot be done
    told = machine.query(scan(AllKeys(), after=3))
    assert (dict(told.items), told.mark) == ({"b": None, "n": 2}, 7)
    assert machine.query(scan(KeyRange("c"), after=3)).items == (("n", 2),)
    assert machine.query(scan(AllKeys(), after=7)) == Scanned((), 7)
    assert machine.apply(scan(AllKeys(), after=7)) == Scanned((), 7)  # out of the log, too


@pytest.mark.parametrize("mark", [-1, 4, "mark", (0, 1)])
def test_scan_after_what_is_no_mark_is_an_error_and_in_the_log_an_answer(mark: Any) -> None:
    machine = KeyValueMachine()
    for number in range(3):
        machine.apply(write("a", number))
    with pytest.raises(ServerError, match="mark must be one of the last changes, 0 to 3, got"):
        machine.query(scan(AllKeys(), after=mark))
    assert isinstance(machine.apply(scan(AllKeys(), after=mark)), ServerError)


@pytest.mark.slow
def test_so_many_changes_are_remembered_and_no_more() -> None:
    machine = KeyValueMachine()
    machine.apply(write("gone", 1))
    machine.apply(delete("gone"))
    for number in range(CHANGES_KEPT - 1):
        machine.apply(write("a", number))
    assert dict(machine.query(scan(AllKeys(), after=1)).items) == {"gone": None, "a": CHANGES_KEPT - 2}
    machine.apply(write("a", 0))
    with pytest.raises(ServerError):
        machine.query(scan(AllKeys(), after=1))
    assert machine.query(scan(AllKeys(), after=2)).items == (("a", 0),)


def test_changes_are_a_part_of_the_state() -> None:
    machine, other = KeyValueMachine(), KeyValueMachine()
    for request in (write("a", 1), write("b", 1), delete("a")):
        machine.apply(request)
    other.restore(machine.snapshot())
    machine.apply(write("c", 1))
    assert dict(other.query(scan(AllKeys(), after=1)).items) == {"a": None, "b": 1}
    other.apply(write("c", 1))
    assert other.snapshot() == machine.snapshot()
    assert other.query(scan(AllKeys(), after=2)) == machine.query(scan(AllKeys(), after=2))


def test_machine_begins_with_what_it_is_given_and_does_not_change_that() -> None:
    contents = {"a": 1, "b": 2, "none": None}
    machine = KeyValueMachine(contents)
    for request in (write("a", 5), delete("b"), write("c", 3)):
        machine.apply(request)
    assert (machine.values, contents) == ({"a": 5, "c": 3}, {"a": 1, "b": 2, "none": None})
    assert machine.size_bytes == 0
    assert dict(machine.query(scan(AllKeys(), after=0)).items) == {"a": 5, "b": None, "c": 3}
