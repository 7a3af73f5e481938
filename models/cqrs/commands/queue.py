"""The queue of submitted commands: taken on, not carried out yet; in memory, or on a disk.

A durable one acknowledges a command when it is on the disk, and has it again after any crash, until all that
came before it, and it, are done: then its head is dropped. So some are carried out again, which the log knows
by their ids. One in memory is gone with the process. What was acknowledged and is gone is counted, unless its
worker had been told that it is done; some of it the log may have all the same.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable
from typing import Any

from ...nodes import Node
from ...storage import Disk, GroupCommit, Log, SyncEachWrite
from .command import Command


class CommandQueue:
    """The queue of `owner`; on `disk` if there is a `durability`.

    `lost_count` acknowledged commands are gone in crashes so far.
    """

    __slots__ = ("_log", "_pending", "_promised", "_taken", "lost_count")

    def __init__(self, owner: Node, disk: Disk, durability: SyncEachWrite | GroupCommit | None) -> None:
        self._log: Log[Command] | None = None if durability is None else Log(owner, disk, durability)
        self._promised: dict[Hashable, None] = {}  # acknowledged and not done: an observer's
        self.lost_count = 0
        self.remember()

    def remember(self) -> None:
        """Have nothing in memory."""
        self._pending: dict[Hashable, tuple[int, Command]] = {}
        self._taken: dict[Hashable, None] = {}

    def recover(self) -> Generator[Any, Any, None]:
        """Have again what the disk has, and count what is lost."""
        log = self._log
        if log is not None:
            log.recover()
            for position in range(log.first_position, log.last_position + 1):
                self._pending[log[position].id] = (position, log[position])
            if log.durable_position < log.last_position:
                yield from log.sync()
        kept = {command: None for command in self._promised if command in self._pending}
        self.lost_count += len(self._promised) - len(kept)
        self._promised = kept

    def __len__(self) -> int:
        return len(self._pending)

    def __contains__(self, command: Hashable) -> bool:
        return command in self._pending

    def put(self, command: Command) -> Generator[Any, Any, None]:
        """Take `command` on, unless it is there; wait until that may be acknowledged."""
        log = self._log
        if command.id not in self._pending:
            position = 0 if log is None else log.append(command)
            self._pending[command.id] = (position, command)
        if log is not None:
            yield from log.commit(self._pending[command.id][0])
        # It may be done already, by whoever was faster than the disk.
        if command.id in self._pending:
            self._promised[command.id] = None

    def take(self) -> Command | None:
        """Return the first command that nobody works on, for whoever calls to work on."""
        for key, (_, command) in self._pending.items():
            if key not in self._taken:
                self._taken[key] = None
                return command
        return None

    def done(self, command: Command) -> None:
        """Drop a command that was taken, and is done."""
        del self._taken[command.id], self._pending[command.id]
        self._promised.pop(command.id, None)
        log = self._log
        if log is not None:
            first = min((position for position, _ in self._pending.values()), default=log.last_position + 1)
            log.drop_until(min(first - 1, log.durable_position))
