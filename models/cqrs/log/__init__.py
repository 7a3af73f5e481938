"""The event log: what has happened, in one order, for ever.

commit           Commit: what one command has made of one stream; the answers of a log
requests         what a log is asked
streams          Streams: the rules of appending and reading, without a network
event_log        EventLog: the contract
disk_event_log   DiskEventLog: one process and its disk
raft_event_log   RaftEventLog: a majority of hosts
"""

from .commit import Batch, Commit, Conflict, StreamSlice
from .disk_event_log import DiskEventLog, DiskEventLogStatistics, EventLogNode
from .event_log import EventLog
from .raft_event_log import EventLogMachine, RaftEventLog
from .requests import (
    APPEND_COMMIT,
    FIND_COMMAND,
    READ_COMMITS,
    READ_STREAM,
    Append,
    ReadOn,
    append_commit,
    find_command,
    read_commits,
    read_stream,
)
from .streams import Streams

__all__ = [
    "APPEND_COMMIT",
    "FIND_COMMAND",
    "READ_COMMITS",
    "READ_STREAM",
    "Append",
    "Batch",
    "Commit",
    "Conflict",
    "DiskEventLog",
    "DiskEventLogStatistics",
    "EventLog",
    "EventLogMachine",
    "EventLogNode",
    "RaftEventLog",
    "ReadOn",
    "StreamSlice",
    "Streams",
    "append_commit",
    "find_command",
    "read_commits",
    "read_stream",
]
