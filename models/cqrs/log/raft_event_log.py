"""The event log on Raft: as many hosts as one likes, of which a majority is enough.

The streams are the state machine, and appends its commands. What was told is never lost, so that there is one
epoch for ever, and no reader ever diverges. A query cannot wait: whoever asks to is answered at once, readers
poll, and choose how often (`ProjectionSettings.interval`).

A machine's snapshot is the whole log, since that is what it is for: it takes as long as it is long, and by
default none is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from simulator import Environment

from ...consensus import RaftClient, RaftCluster, RaftNode, StateMachine
from ...infrastructure import Host
from ...network import Network
from ...request import Request
from .commit import Commit
from .event_log import EventLog
from .requests import APPEND_COMMIT, FIND_COMMAND, READ_COMMITS, READ_STREAM
from .streams import Streams


class EventLogMachine(StateMachine):
    """Streams of commits, as a state machine."""

    __slots__ = ("streams",)

    commands = frozenset({APPEND_COMMIT})
    queries = frozenset({READ_COMMITS, READ_STREAM, FIND_COMMAND})

    def __init__(self) -> None:
        self.streams = Streams()

    def apply(self, request: Request) -> Any:
        """Append, or answer a query."""
        if request.operation == APPEND_COMMIT:
            return self.streams.append(request.key, request.value)
        return self.query(request)

    def query(self, request: Request) -> Any:
        """Read on, read a stream, or look for a command."""
        streams = self.streams
        if request.operation == READ_COMMITS:
            return streams.read(request.value, streams.position)
        if request.operation == READ_STREAM:
            return streams.slice(request.key, *request.value)
        return streams.find(request.key)

    def snapshot(self) -> Any:
        """Return all commits."""
        return tuple(self.streams.commits)

    def restore(self, state: Any) -> None:
        """Have those commits."""
        self.streams = Streams(state)


class RaftEventLog(EventLog):
    """An event log with one Raft node on each of `hosts`; parameters as those of `RaftCluster`.

    Example::

        log = RaftEventLog(env, network, hosts)
        client = log.client(web)
    """

    def __init__(
        self,
        env: Environment,
        network: Network,
        hosts: Iterable[Host],
        *,
        name: str = "log",
        **settings: Any,
    ) -> None:
        self.name = name
        self.is_durable = not settings.get("flaws")
        self.cluster = RaftCluster(env, network, hosts, EventLogMachine, name=name, **settings)

    @property
    def nodes(self) -> Sequence[RaftNode]:
        """The nodes, in the order of their hosts."""
        return self.cluster.nodes

    def client(self, host: Host) -> RaftClient:
        """Return a new client on `host`, with a session of its own."""
        return self.cluster.client(host)

    def commits(self) -> Sequence[Commit]:
        """Return what the node that has applied most has applied."""
        ahead = max(self.nodes, key=lambda node: node.replica.index)
        machine = ahead.replica.machine
        assert isinstance(machine, EventLogMachine)
        return machine.streams.commits
