"""What a replica has on its disk: a log of what it was told, and snapshots that keep the log short.

The log has a record for each version of a key that was news, each hint that was kept and each that is gone.
A *snapshot* is what all records up to a position come to: the newest version of each key, tombstones only
while their grace lasts, and the hints that are still kept. One is taken after every `snapshot_interval`
records, by replaying the log over the snapshot before: the very thing that a restart does, so that the two
cannot differ. When it is durable, the log before it is dropped. So neither the disk nor a restart grows with
all that was ever written, but with keys, hints and the records between two snapshots.

What is on the disk at the beginning (`restore`) is such a snapshot, of no record.

Starting again (`recover`): what did not survive is dropped; what is written and not durable is synced, since
a version that is in the table is shown to reads and acknowledged to whoever writes it again, and the next
crash may not take that back; then all is read.

Leaves out: what copying costs; several files that are compacted by turns, as in a log-structured merge tree.
Source: Cassandra's memtable flush, after which segments of the commit log are discarded, and its compaction,
which drops tombstones after `gc_grace_seconds`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from ...storage import Disk, Log, ReplacedFile
from .hints import HandedOver, Hint
from .table import Table

if TYPE_CHECKING:
    from ...storage import DurabilityPolicy
    from ...storage.log import Owner
    from ..versions import Cell, Siblings


@dataclass(slots=True, eq=False)
class StoredVersion:
    """A version of a key, as the log has it."""

    key: Any
    version: Cell | Siblings


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the records up to `position` come to: versions by key, and the hints still kept, by number."""

    position: int
    versions: Mapping[Any, Cell | Siblings]
    hints: Mapping[int, Hint]

    def shown(self) -> dict[Any, Any]:
        """Return the versions by key that a read would be answered with: with what is kept for others."""
        versions: dict[Any, Any] = dict(self.versions)
        for hint in self.hints.values():
            known = versions.get(hint.key)
            versions[hint.key] = hint.version if known is None else known.merged(hint.version)
        return versions


_EMPTY = Snapshot(0, {}, {})


class StoredReplica:
    """The log and the snapshots of `owner` on `disk`; `make_table()` returns an empty table of the owner's.

    A snapshot is taken after every `snapshot_interval` records (infinite: never).
    """

    __slots__ = ("_due", "_file", "_interval", "_make_table", "_owner", "disk", "log")

    def __init__(
        self,
        owner: Owner,
        disk: Disk,
        policy: DurabilityPolicy,
        make_table: Callable[[], Table],
        *,
        snapshot_interval: float,
    ) -> None:
        self._owner = owner
        self.disk = disk
        self._make_table = make_table
        self._interval = snapshot_interval
        self.log: Log[StoredVersion | Hint | HandedOver] = Log(owner, disk, policy)
        self._file: ReplacedFile[Snapshot] = ReplacedFile(disk)
        # At this position a snapshot is due; infinite while one is being taken.
        self._due = snapshot_interval

    def restore(self, versions: Mapping[Any, Cell | Siblings]) -> None:
        """Have `versions` on the disk, before anything is written."""
        self._file = ReplacedFile(self.disk, Snapshot(0, versions, {}))

    def append(self, record: StoredVersion | Hint | HandedOver) -> int:
        """Append `record` to the log, and return its position."""
        position = self.log.append(record)
        if position >= self._due:
            self._due = inf
            self._owner.run(self._save(position), "snapshot")
        return position

    @property
    def _last(self) -> Snapshot:
        return self._file.content or _EMPTY

    def _save(self, position: int) -> Generator[Any, Any, None]:
        snapshot = self._replayed(position)
        # The records first, with those who acknowledge them, and would else wait for the disk twice. Where
        # nobody waits, with a periodic sync, the snapshot makes them durable.
        yield from self.log.commit(position)
        yield from self._file.replace(snapshot)
        self.log.drop_until(position)
        self._due = position + self._interval

    def _replayed(self, position: int) -> Snapshot:
        """Return what snapshot and log come to, up to `position`."""
        last = self._last
        table, hints = self._make_table(), dict(last.hints)
        for key, version in last.versions.items():
            table.merge(key, version)
        _replay(self.log.records(last.position + 1, position), table, hints)
        return Snapshot(position, {key: table[key] for key in table}, hints)

    def recover(self) -> Generator[Any, Any, Snapshot]:
        """Drop what did not survive, make the rest durable, read it, and return what it comes to."""
        log = self.log
        log.recover()
        self._due = self._last.position + self._interval
        if log.durable_position < log.last_position:
            yield from log.sync()
        last = self._last
        record_count = len(last.versions) + len(last.hints) + log.last_position - last.position
        if record_count:
            yield from self.disk.read(record_count)
        return self._replayed(log.last_position)

    def surviving(self) -> Snapshot:
        """Return what there would be after a restart; for observers."""
        return self._replayed(max(self.log.surviving_position, self._last.position))


def _replay(
    records: Iterable[StoredVersion | Hint | HandedOver], table: Table, hints: dict[int, Hint]
) -> None:
    for record in records:
        if isinstance(record, StoredVersion):
            table.merge(record.key, record.version)
        elif isinstance(record, Hint):
            hints[record.number] = record
        else:
            hints.pop(record.number, None)
