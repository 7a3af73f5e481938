"""A log: records in order on a disk; what a write-ahead log, a journal or a Raft log is.

Records have positions 1, 2, 3 and so on. Three marks move through them: `last_position` (appended, in the
process's memory), `written_position` (in the operating system's cache) and `durable_position` (on the disk).
`append` moves the first, and the second too unless the policy buffers; `commit(position)` waits for as long
as the policy has whoever acknowledges wait, and `when_committed` calls a function then.

A crash of the process keeps what was written, one of the host what was durable, a destroyed disk nothing:
`recover()`, called by the owner when it starts again, drops the rest and returns it, for whoever counts what
is lost. What it has kept need not be durable yet: whoever shows it to anybody syncs first (PostgreSQL does so
before it replays), or the next crash may take back what has been read. Syncs run in the owner's process and
die with it: what was under way has not happened. `truncate` drops a tail that somebody overrules, and whoever
waits for a record in it waits for ever, or is told by the owner; `drop_until` drops a head that a snapshot
holds.

Leaves out: checksums, segments, torn records; a tail that is dropped is off the disk at once. Source: Mohan
et al., "ARIES" (TODS 1992), for what has to be on disk before what; the marks are PostgreSQL's insert, write
and flush positions.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Generic, Protocol, TypeVar

from simulator import PARKED, Process

from .disk import Disk
from .durability import DurabilityPolicy, GroupCommit, PeriodicSync, SyncEachWrite

_Record = TypeVar("_Record")


class Owner(Protocol):
    """In whose process a log is written: a `Node`."""

    def run(self, generator: Generator[Any, Any, Any], name: str) -> Process:
        """Start a process that dies with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStatistics:
    """What has become of the records so far.

    Of `appended_count` records `lost_count` did not survive a crash and `truncated_count` were overruled;
    what a snapshot held, and was lost with it, is not among them.
    """

    appended_count: int
    lost_count: int
    truncated_count: int


class Log(Generic[_Record]):
    """The log of `owner` on `disk`, with a durability `policy`; empty.

    `first_position` is that of the first record still there (`last_position` + 1 where none is).

    Example::

        log = Log(node, Disk(host), GroupCommit())
        position = log.append(record)
        yield from log.commit(position)
    """

    __slots__ = (
        "_crash_count",
        "_destroyed_count",
        "_disk",
        "_is_syncing",
        "_owner",
        "_policy",
        "_records",
        "_syncing_position",
        "_waiting",
        "appended_count",
        "dropped_count",
        "durable_position",
        "lost_count",
        "truncated_count",
        "written_position",
    )

    def __init__(self, owner: Owner, disk: Disk, policy: DurabilityPolicy) -> None:
        if not isinstance(policy, DurabilityPolicy):
            raise TypeError(f"policy must be a durability policy, got {policy!r}")
        self._owner = owner
        self._disk = disk
        self._policy = policy
        self._records: list[_Record] = []
        self.dropped_count = 0
        self.written_position = 0
        self.durable_position = 0
        self._crash_count = disk.host.crash_count
        self._destroyed_count = disk.destroyed_count
        self._is_syncing = False
        self._syncing_position = 0
        self._waiting: deque[tuple[int, Callable[..., object], tuple[Any, ...]]] = deque()
        self.appended_count = 0
        self.lost_count = 0
        self.truncated_count = 0

    # -- reading --------------------------------------------------------------------------------------------

    @property
    def first_position(self) -> int:
        """The position of the first record that is there."""
        return self.dropped_count + 1

    @property
    def last_position(self) -> int:
        """The position of the last record that was appended; 0 where none ever was."""
        return self.dropped_count + len(self._records)

    def __getitem__(self, position: int) -> _Record:
        """Return the record at a position. Raises `IndexError` where none is (any more)."""
        if not self.dropped_count < position <= self.last_position:
            raise IndexError(f"no record at position {position}: {self.first_position}..{self.last_position}")
        return self._records[position - self.dropped_count - 1]

    def records(self, first: int, last: int | None = None) -> Sequence[_Record]:
        """Return the records from position `first` to `last` (by default the last), both included."""
        start = max(first - self.dropped_count - 1, 0)
        return self._records[start : None if last is None else max(last - self.dropped_count, 0)]

    # -- writing --------------------------------------------------------------------------------------------

    def append(self, record: _Record) -> int:
        """Append `record` and return its position."""
        self._records.append(record)
        self.appended_count += 1
        position = self.last_position
        policy = self._policy
        if not isinstance(policy, PeriodicSync):
            self.written_position = position
        else:
            if not policy.is_buffered:
                self.written_position = position
            self._sync_now_and_then()
        return position

    def commit(self, position: int) -> Generator[Any, Any, None]:
        """Wait until the record at `position` may be acknowledged."""
        if isinstance(self._policy, PeriodicSync) or position <= self.durable_position:
            return
        process: Any = self._disk.env.active_process
        entry = (position, self._disk.env.wake, (process,))
        self._wait(entry)
        try:
            yield PARKED
        except BaseException:
            if entry in self._waiting:
                self._waiting.remove(entry)
            raise

    def when_committed(self, position: int, function: Callable[..., object], *arguments: Any) -> None:
        """Call `function(*arguments)` once the record at `position` may be acknowledged: perhaps now."""
        if isinstance(self._policy, PeriodicSync):
            function(*arguments)
        else:
            self.when_durable(position, function, *arguments)

    def when_durable(self, position: int, function: Callable[..., object], *arguments: Any) -> None:
        """Call `function(*arguments)` once the record at `position` is durable: perhaps now.

        With a periodic sync that is later than its acknowledgement.
        """
        if position <= self.durable_position:
            function(*arguments)
        else:
            self._wait((position, function, arguments))

    def truncate(self, position: int) -> Sequence[_Record]:
        """Drop the records after `position`, and return them."""
        kept = max(position - self.dropped_count, 0)
        dropped = self._records[kept:]
        del self._records[kept:]
        self.truncated_count += len(dropped)
        self.written_position = min(self.written_position, position)
        self.durable_position = min(self.durable_position, position)
        self._syncing_position = min(self._syncing_position, position)
        # Another record may come to have the position that they wait for.
        kept_waiting = [entry for entry in self._waiting if entry[0] <= position]
        self._waiting.clear()
        self._waiting.extend(kept_waiting)
        return dropped

    def drop_until(self, position: int) -> None:
        """Drop the records up to `position`, which must be durable, or be so by a snapshot that is."""
        count = min(max(position - self.dropped_count, 0), len(self._records))
        del self._records[:count]
        self.dropped_count = max(self.dropped_count, position)
        self.written_position = max(self.written_position, position)
        self.durable_position = max(self.durable_position, position)

    def restart_after(self, position: int) -> Sequence[_Record]:
        """Drop all records, and return them; the next is at `position` + 1: a snapshot holds all before."""
        dropped = self.truncate(self.dropped_count)
        self.dropped_count = self.written_position = self.durable_position = position
        self._syncing_position = min(self._syncing_position, position)
        return dropped

    # -- syncing --------------------------------------------------------------------------------------------

    def _wait(self, entry: tuple[int, Callable[..., object], tuple[Any, ...]]) -> None:
        self._waiting.append(entry)
        if not self._is_syncing and not isinstance(self._policy, PeriodicSync):
            self._is_syncing = True
            self._owner.run(self._sync_for_those_who_wait(), "sync")

    def sync(self) -> Generator[Any, Any, None]:
        """Take a turn at the disk: what is appended when the turn begins is durable when it ends."""
        yield from self._disk.sync(self._begin_sync)
        self.durable_position = max(self.durable_position, self._syncing_position)

    def _begin_sync(self) -> None:
        # One turn at a time: no other sync of this disk begins before this one has ended.
        self.written_position = self._syncing_position = self.last_position

    def _sync_for_those_who_wait(self) -> Generator[Any, Any, None]:
        try:
            if isinstance(self._policy, GroupCommit) and self._policy.delay:
                yield self._policy.delay
            while self._waiting:
                yield from self.sync()
                self._serve()
        finally:
            self._is_syncing = False

    def _serve(self) -> None:
        """Tell those who wait that a sync has ended: one of them, where each has a sync of its own."""
        waiting = self._waiting
        for _ in range(1 if isinstance(self._policy, SyncEachWrite) else len(waiting)):
            if not waiting:
                return  # one that was told has truncated the log
            position, function, arguments = entry = waiting.popleft()
            if position <= self.durable_position:
                function(*arguments)
            else:
                waiting.append(entry)

    def _sync_now_and_then(self) -> None:
        policy = self._policy
        assert isinstance(policy, PeriodicSync)
        if not self._is_syncing and policy.interval < inf and self.durable_position < self.last_position:
            self._is_syncing = True
            self._owner.run(self._sync_periodically(policy.interval), "sync")

    def _sync_periodically(self, interval: float) -> Generator[Any, Any, None]:
        try:
            while self.durable_position < self.last_position:
                yield interval
                yield from self.sync()
                self._serve()
        finally:
            self._is_syncing = False

    # -- crash ----------------------------------------------------------------------------------------------

    @property
    def surviving_position(self) -> int:
        """The position of the last record that is still there after what has crashed so far."""
        if self._disk.destroyed_count != self._destroyed_count:
            return 0
        has_host_crashed = self._disk.host.crash_count != self._crash_count
        return self.durable_position if has_host_crashed else self.written_position

    def recover(self) -> Sequence[_Record]:
        """Drop what did not survive, and return it; for the owner, when it starts again."""
        surviving = self.surviving_position
        self._crash_count = self._disk.host.crash_count
        self._destroyed_count = self._disk.destroyed_count
        self._waiting.clear()
        self._is_syncing = False
        kept_count = max(surviving - self.dropped_count, 0)
        lost = self._records[kept_count:]
        del self._records[kept_count:]
        self.lost_count += len(lost)
        # The head that a snapshot held is only gone with the snapshot.
        self.dropped_count = min(self.dropped_count, surviving)
        self.written_position = surviving
        self.durable_position = min(self.durable_position, surviving)
        if isinstance(self._policy, PeriodicSync):
            self._sync_now_and_then()
        return lost

    def statistics(self) -> LogStatistics:
        """Return what has become of the records so far."""
        return LogStatistics(
            appended_count=self.appended_count,
            lost_count=self.lost_count,
            truncated_count=self.truncated_count,
        )
