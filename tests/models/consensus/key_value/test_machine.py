"""The key-value state machine: what each operation does and answers."""

from __future__ import annotations

from models import ServerError
from models.consensus import KeyValueMachine
from models.replication import add, append, compare_and_set, read, write


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
