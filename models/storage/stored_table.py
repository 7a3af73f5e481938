"""A table with its log and its snapshots on a disk: what a database server keeps, and how it starts again.

Three views, from the newest to what survives:

    latest      every record appended, acknowledged or not: what the next compare-and-set is judged by
    table       the records applied (`apply_until`): what a read is shown
    the disk    the last snapshot, and the log after it

A snapshot of the table is taken whenever `snapshot_interval` records were applied since the last; when it is
durable the log is dropped up to `retained_count` records before it, which are kept for replicas that lag. So
a restart reads at most one value per key and as many records as come between two snapshots, and not all that
was ever written; each costs the disk's `read_time`. Taking one costs a sync, and a copy in no time.

What is on the disk at the beginning (`restore`) is a snapshot, too, as of a backup that was restored.

Starting again (`recover`): what did not survive is dropped; what is written and not durable is synced, since
what is shown may not be taken back by the next crash; then all is read. The records are not applied: whoever
knows which of them count does that.

Source: ARIES' checkpoints (Mohan et al., TODS 1992), in the form of a database in memory: Redis' RDB file
with an append-only file after it. Leaves out: what a copy costs; snapshots that are taken while no record
comes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Generator, Mapping
from math import inf
from typing import Any

from simulator import Process

from ..validation import require_count
from .disk import Disk
from .durability import DurabilityPolicy
from .log import Log, Owner
from .replaced_file import ReplacedFile
from .table import NO_KEY, Record, Snapshot, Table


class StoredTable:
    """The table of `owner` on `disk`, whose log has a durability `policy`; empty.

    A snapshot is taken every `snapshot_interval` records (>= 1, or infinite: never), after which the log
    keeps `retained_count` records more than it needs.

    Example::

        position = stored.append(Record(key, value))
        yield from stored.log.commit(position)
        stored.apply_until(position)
    """

    __slots__ = (
        "_dropped_epoch",
        "_interval",
        "_owner",
        "_pending",
        "_retained_count",
        "_saving",
        "disk",
        "file",
        "log",
        "table",
    )

    def __init__(
        self,
        owner: Owner,
        disk: Disk,
        policy: DurabilityPolicy,
        *,
        snapshot_interval: float = inf,
        retained_count: int = 0,
    ) -> None:
        if snapshot_interval != inf:
            require_count("snapshot_interval", snapshot_interval)
        require_count("retained_count", retained_count, 0)
        self._owner = owner
        self._interval = snapshot_interval
        self._retained_count = retained_count
        self.disk = disk
        self.log: Log[Record] = Log(owner, disk, policy)
        self.file: ReplacedFile[Snapshot] = ReplacedFile(disk)
        self._dropped_epoch = 0  # of the last record that was dropped, if any was; at the head of the log
        self.remember()

    def remember(self) -> None:
        """Make what is in memory, empty."""
        self.table = Table()
        self._pending: dict[Any, tuple[int, Any]] = {}
        self._saving: Process | None = None

    # -- writing and reading --------------------------------------------------------------------------------

    def latest(self, key: Any) -> Any:
        """Return the value of `key` after all records that were appended, applied or not."""
        pending = self._pending.get(key)
        return self.table.value(key) if pending is None else pending[1]

    def append(self, record: Record) -> int:
        """Append `record` to the log, and return its position."""
        position = self.log.append(record)
        if record.key is not NO_KEY:
            self._pending[record.key] = (position, record.value)
        return position

    def apply_until(self, position: int) -> None:
        """Apply the records up to `position`, which are there; those that are applied already stay so."""
        table, log, pending = self.table, self.log, self._pending
        for next_position in range(table.position + 1, position + 1):
            record = log[next_position]
            table.apply(next_position, record)
            if record.key in pending and pending[record.key][0] <= next_position:
                del pending[record.key]
        self._save_now_and_then()

    def epoch_at(self, position: int) -> int | None:
        """Return the epoch of the record at `position`, `None` where that is not known (any more).

        At position 0, before all records, it is 0.
        """
        if position == 0:
            return 0
        log = self.log
        if log.dropped_count < position <= log.last_position:
            return log[position].epoch
        return self._dropped_epoch if position == log.dropped_count else None

    def end_of_epoch(self, epoch: int) -> int | None:
        """Return the position of the last record of an epoch up to `epoch`, `None` where that is not known.

        Epochs never fall from one record to the next; before all records it is 0.
        """
        log = self.log
        positions = range(log.first_position, log.last_position + 1)
        count = bisect_right(positions, epoch, key=lambda position: log[position].epoch)
        position = log.dropped_count + count
        return position if count or (self.epoch_at(position) or 0) <= epoch else None

    def truncate(self, position: int) -> list[Record]:
        """Drop the records after `position`, applied or not, and return them.

        Raises `ValueError` where a snapshot holds some of them: only another one can help then (`install`).
        """
        snapshot = self.file.content
        if position < self.log.dropped_count or (snapshot is not None and position < snapshot.position):
            raise ValueError(f"position must not be before the snapshot, got {position}")
        if position < self.log.last_position:
            self._stop_saving()
        dropped = list(self.log.truncate(position))
        applied = min(self.table.position, position)
        if self.table.position > position:
            self.table = Table(snapshot)
        self._pending.clear()
        self.apply_until(applied)
        for each in range(applied + 1, position + 1):
            record = self.log[each]
            if record.key is not NO_KEY:
                self._pending[record.key] = (each, record.value)
        return dropped

    # -- what is there at the beginning ---------------------------------------------------------------------

    def restore(self, values: Mapping[Any, Any], position: int = 0) -> None:
        """Have `values` on the disk and in the table, as of `position`; before anything is written.

        They are not copied, and nobody may change them any more.
        """
        snapshot = Snapshot(position, 0, {}, values)
        self.file = ReplacedFile(self.disk, snapshot)
        self.log.restart_after(position)
        self.table = Table(snapshot)

    # -- snapshots ------------------------------------------------------------------------------------------

    def _save_now_and_then(self) -> None:
        snapshot = self.file.content
        since = self.table.position - (0 if snapshot is None else snapshot.position)
        if since >= self._interval and self._saving is None:
            self._saving = self._owner.run(self._save(self.table.snapshot()), "snapshot")

    def _save(self, snapshot: Snapshot) -> Generator[Any, Any, None]:
        # The records first: a snapshot may not hold what the log could still lose.
        if self.log.durable_position < snapshot.position:
            yield from self.log.sync()
        yield from self.file.replace(snapshot)
        dropped = snapshot.position - self._retained_count
        if dropped > self.log.dropped_count:
            self._dropped_epoch = self.log[dropped].epoch
            self.log.drop_until(dropped)
        self._saving = None

    def _stop_saving(self) -> None:
        """Let no snapshot come of a table that is overruled."""
        if self._saving is not None:
            self._saving.kill()
            self._saving = None

    def install(self, snapshot: Snapshot) -> Generator[Any, Any, None]:
        """Take over a `snapshot` from elsewhere in the place of all that is here, when it is durable."""
        self._stop_saving()
        yield from self.file.replace(snapshot)
        self._stop_saving()
        self.log.restart_after(snapshot.position)
        self._dropped_epoch = snapshot.epoch
        self.table = Table(snapshot)
        self._pending.clear()

    # -- crash ----------------------------------------------------------------------------------------------

    def recover(self) -> Generator[Any, Any, None]:
        """Drop what did not survive, make the rest durable, read it; the table is that of the snapshot."""
        log = self.log
        log.recover()
        if log.durable_position < log.last_position:
            yield from log.sync()
        snapshot = self.file.content
        applied = 0 if snapshot is None else snapshot.position
        key_count = 0 if snapshot is None else snapshot.key_count
        yield from self.disk.read(key_count + log.last_position - applied)
        self.table = Table(snapshot)
        self._pending = {}
        for position in range(applied + 1, log.last_position + 1):
            record = log[position]
            if record.key is not NO_KEY:
                self._pending[record.key] = (position, record.value)

    def surviving(self, position: float = inf) -> dict[Any, Any]:
        """Return the values that are on the disk, by the records up to `position`; for observers."""
        table = Table(self.file.content)
        for each in range(table.position + 1, int(min(self.log.surviving_position, position)) + 1):
            table.apply(each, self.log[each])
        return table.values()
