"""Rows on a disk, and how far they have come: a small database with transactions of many keys.

A transaction changes rows, or the checkpoint, or both, and is written as one record of a log: it is there as
a whole or not at all. When it is acknowledged it is shown. What is durable is moved into the table on the
disk, and the record dropped, as a database does with the pages that a checkpoint has flushed.

`applied` is not part of it: an observer's note of the last position whose changes are in the rows, which a
crash takes back as it takes them. What is below it and is applied again has been doubled, what is above it
and below the checkpoint has been lost.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from ...nodes import Node
from ...storage import Disk, DurabilityPolicy, Log


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A projection has come as far as the commit at `position`, which was of an `epoch` of the log."""

    position: int = 0
    epoch: int = 0


START = Checkpoint()


@dataclass(frozen=True, slots=True)
class _Transaction:
    changes: Mapping[Hashable, Any]
    checkpoint: Checkpoint | None
    applied: int | None
    clears: bool = False


class _Table:
    """Rows, a checkpoint, and what an observer notes."""

    __slots__ = ("applied", "checkpoint", "rows")

    def __init__(self) -> None:
        self.rows: dict[Hashable, Any] = {}
        self.checkpoint = START
        self.applied = 0

    def apply(self, transaction: _Transaction) -> None:
        if transaction.clears:
            self.rows, self.checkpoint, self.applied = {}, START, 0
        self.rows.update(transaction.changes)
        if transaction.checkpoint is not None:
            self.checkpoint = transaction.checkpoint
        if transaction.applied is not None:
            self.applied = transaction.applied

    def copy(self) -> _Table:
        copied = _Table()
        copied.rows, copied.checkpoint, copied.applied = dict(self.rows), self.checkpoint, self.applied
        return copied


class StoredRows:
    """The rows of `owner` on `disk`, with a durability `policy`; empty. A disk that is destroyed takes them.

    `rows`, `checkpoint` and `applied` are as the last transaction that was acknowledged has left them.
    """

    __slots__ = ("_destroyed_count", "_disk", "_durable", "_log", "_moved", "_shown")

    def __init__(self, owner: Node, disk: Disk, policy: DurabilityPolicy) -> None:
        self._disk = disk
        self._log: Log[_Transaction] = Log(owner, disk, policy)
        self._durable = _Table()
        self._moved = 0  # the position in the log up to which transactions are in there
        self._shown = _Table()
        self._destroyed_count = disk.destroyed_count

    @property
    def rows(self) -> Mapping[Hashable, Any]:
        """The rows by key."""
        return self._shown.rows

    @property
    def checkpoint(self) -> Checkpoint:
        """How far they have come."""
        return self._shown.checkpoint

    @property
    def applied(self) -> int:
        """The last position whose changes are in the rows; for observers."""
        return self._shown.applied

    def write(
        self,
        changes: Mapping[Hashable, Any],
        checkpoint: Checkpoint | None,
        *,
        applied: int | None,
        clears: bool = False,
    ) -> Generator[Any, Any, None]:
        """Carry out one transaction, and wait until it may be acknowledged."""
        log = self._log
        transaction = _Transaction(changes, checkpoint, applied, clears)
        position = log.append(transaction)
        yield from log.commit(position)
        self._shown.apply(transaction)
        self._move()

    def _move(self) -> None:
        log = self._log
        for position in range(self._moved + 1, log.durable_position + 1):
            self._durable.apply(log[position])
        self._moved = log.durable_position
        log.drop_until(self._moved)

    def forget(self) -> None:
        """Have nothing in memory."""
        self._shown = _Table()

    def recover(self) -> Generator[Any, Any, None]:
        """Have again what is left, and make it durable, as it is shown then."""
        log = self._log
        log.recover()
        if log.durable_position < log.last_position:
            yield from log.sync()
        yield from self._disk.read(len(self._durable.rows) + log.last_position - self._moved)
        self._move()
        self._shown = self._durable.copy()

    def surviving(self) -> Mapping[Hashable, Any]:
        """Return the rows that are on the disk; for observers."""
        if self._disk.destroyed_count != self._destroyed_count:
            return {}
        table = self._durable.copy()
        for position in range(self._moved + 1, self._log.surviving_position + 1):
            table.apply(self._log[position])
        return table.rows
