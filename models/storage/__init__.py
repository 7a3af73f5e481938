"""Storage: what a crash does not take.

disk            Disk: syncs and reads, one after the other, that take time; it can be destroyed
durability      when a write counts as done: SyncEachWrite, GroupCommit, PeriodicSync
log             Log: records in order on a disk, of which a crash keeps what was durable
replaced_file   ReplacedFile: a file that is replaced as a whole, such as a snapshot or a vote
table           Table: keys with versions, made by applying records; Snapshot: a copy of it
stored_table    StoredTable: a table with its log and its snapshots, and how it starts again
"""

from .disk import Disk, DiskStatistics
from .durability import DurabilityPolicy, GroupCommit, PeriodicSync, SyncEachWrite
from .log import Log, LogStatistics
from .replaced_file import ReplacedFile
from .stored_table import StoredTable
from .table import NO_KEY, Record, Snapshot, Table, Version

__all__ = [
    "NO_KEY",
    "Disk",
    "DiskStatistics",
    "DurabilityPolicy",
    "GroupCommit",
    "Log",
    "LogStatistics",
    "PeriodicSync",
    "Record",
    "ReplacedFile",
    "Snapshot",
    "StoredTable",
    "SyncEachWrite",
    "Table",
    "Version",
]
