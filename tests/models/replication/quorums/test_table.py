"""The table of a replica: what it knows of each key, and for how long it remembers what was deleted."""

from __future__ import annotations

from models.replication.quorums.table import Table
from models.replication.versions import Cell

OLD, NEW = Cell("old", 1.0), Cell("new", 2.0)
TOMBSTONE = Cell(None, 3.0, is_deleted=True)


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_knows_the_newest_of_what_it_was_told() -> None:
    table = Table(10.0, Clock())
    for cell in (NEW, OLD):
        table.merge("x", cell)
    assert (table.get("x"), table.get("y"), list(table)) == (NEW, None, ["x"])


def test_a_tombstone_is_there_until_its_grace_is_over() -> None:
    clock = Clock()
    table = Table(10.0, clock)
    table.merge("x", TOMBSTONE)
    clock.now = 12.9
    assert (table.get("x"), list(table)) == (TOMBSTONE, ["x"])
    clock.now = 13.0
    assert table.get("x") is None
    table.merge("y", TOMBSTONE)
    assert list(table) == []


def test_while_the_tombstone_is_there_older_versions_do_not_come_back_and_afterwards_they_do() -> None:
    clock = Clock()
    table = Table(10.0, clock)
    table.merge("x", TOMBSTONE)
    table.merge("x", OLD)
    assert table.get("x") is TOMBSTONE
    clock.now = 13.0
    assert table.get("x") is None
    table.merge("x", OLD)
    assert table.get("x") is OLD


def test_what_is_written_after_a_delete_is_not_dropped_with_it() -> None:
    clock = Clock()
    table = Table(10.0, clock)
    table.merge("x", TOMBSTONE)
    table.merge("x", Cell("again", 4.0))
    clock.now = 100.0
    assert table.get("x") == Cell("again", 4.0)


def test_fingerprints_are_those_of_keys_with_their_versions() -> None:
    table, other = Table(10.0, Clock()), Table(10.0, Clock())
    table.merge("x", OLD)
    other.merge("x", Cell("old", 1.0))
    other.merge("y", OLD)
    hashed, digest = table.fingerprint("x")
    assert other.fingerprint("x") == (hashed, digest)
    assert other.fingerprint("y")[0] != hashed
    assert other.fingerprint("y")[1] != digest
    table.merge("x", NEW)
    assert table.fingerprint("x")[0] == hashed
    assert table.fingerprint("x")[1] != digest
