"""The database of one service, and its local transactions: one record of one log each.

A service keeps more than its data in it: which messages it has worked on (the *inbox*, or idempotency
records), which it has yet to send (the *outbox*), what it has promised. They are *tables* of one database, so
that one local transaction changes all of them or none: that is all that the protocols of this package ask of
a database, and what none of them can do without.

1. A transaction is a mapping of `(table, key)` to values (`None`: the key is no more). It is appended to the
   log as one record, so that a crash takes all of it or nothing.
2. The tables show what was appended, durable or not: the next transaction is judged by it. Whoever tells
   anybody what it has seen or done waits for `safe()` first, else a crash could take back what was told.
3. A crash takes what was not durable (of a process: not written). `recover` reads the rest back.

Leaves out: isolation within a service (a transaction here takes no time, as in a database in memory with one
writer), snapshots and a log that is cut: a restart reads all that was ever written. The protocols assume
stable storage; a disk that is destroyed is beyond them. Source: Gray, "Notes on Data Base Operating Systems"
(1978), on the log; Richardson, "Microservices Patterns" (2018), chapter 3, for outbox and inbox as tables
beside the data.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from ..nodes import Node
from ..storage import Disk, GroupCommit, Log, ReplacedFile

DATA, INBOX, OUTBOX = "data", "inbox", "outbox"
"""The tables that most services have."""

Transaction = Mapping[tuple[str, Any], Any]
"""A local transaction: new values by table and key, `None` where a key is to be no more."""


class LocalStore:
    """The database of the process of `owner` on `disk`; at first the table `DATA` has the values of `data`.

    Example::

        store.write({(DATA, "stock"): 3, (INBOX, message.id): "done"})
        yield from store.safe()
    """

    __slots__ = ("_disk", "_initial", "_owner", "_tables", "log")

    def __init__(self, owner: Node, disk: Disk, data: Mapping[Any, Any] | None = None) -> None:
        self._owner = owner
        self._disk = disk
        self._initial = ReplacedFile[dict[Any, Any]](disk, dict(data or {}))
        self.log: Log[Transaction] = Log(owner, disk, GroupCommit())
        self.remember()

    def remember(self) -> None:
        """Make what is in memory: the tables as they are before the log is read."""
        self._tables: dict[str, dict[Any, Any]] = {DATA: dict(self._initial.content or {})}

    def __getitem__(self, table: str) -> dict[Any, Any]:
        """Return a table, to be read only: it is changed by `write`."""
        return self._tables.setdefault(table, {})

    def write(self, transaction: Transaction) -> int:
        """Do all of `transaction`, and return the position of its record."""
        position = self.log.append(transaction)
        self._apply(transaction)
        return position

    def _apply(self, transaction: Transaction) -> None:
        for (table, key), value in transaction.items():
            if value is None:
                self[table].pop(key, None)
            else:
                self[table][key] = value

    def safe(self, position: int | None = None) -> Generator[Any, Any, None]:
        """Wait until all that was written so far, or until `position`, is on the disk."""
        yield from self.log.commit(self.log.last_position if position is None else position)

    def recover(self) -> Generator[Any, Any, None]:
        """Drop what did not survive, make the rest durable, and read it."""
        log = self.log
        log.recover()
        if log.durable_position < log.last_position:
            yield from log.sync()
        yield from self._disk.read(log.last_position)
        self.remember()
        for transaction in log.records(1):
            self._apply(transaction)

    def surviving(self, table: str = DATA) -> dict[Any, Any]:
        """Return a table as the disk has it now, after whatever has crashed; for observers."""
        values = dict(self._initial.content or {}) if table == DATA else {}
        for transaction in self.log.records(1, self.log.surviving_position):
            for (of, key), value in transaction.items():
                if of != table:
                    continue
                if value is None:
                    values.pop(key, None)
                else:
                    values[key] = value
        return values
