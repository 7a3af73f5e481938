"""The event log of one process on one disk: available while its host is.

1. An append is judged by all commits that there are, and answered when its own is durable by the policy; then
   it is shown to readers, in the order of the log. So nobody is told what a crash may still take. A conflict,
   and the first answer to a command that comes again, wait for what they are judged by.
2. A reader is given commits after a position, in batches. Where there are none it waits, if it asked to, for
   the next one (long polling). It holds a thread meanwhile: `threads` bounds how many readers may wait.
3. A crash ends the calls under way: of their appends nobody knows. The restart reads what survived.
4. With `PeriodicSync` the crash of a host takes commits that were told, and so does a disk that is destroyed:
   then others take their positions, of a later `epoch`. A reader says the epoch of the last commit that it
   has; where the log has another one there, or none, it is told that it has read what is no more
   (`Batch.is_diverged`).

Epochs stand for what a log draws at random at each start. Leaves out: segments, retention and compaction
(the log is kept for ever, and so are all ids of commands), and snapshots of it. Source: Kafka's high
watermark, and its leader epochs (KIP-101), for what readers are shown and how they learn of a lost tail.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

from simulator import Environment

from ...endpoint import Endpoint
from ...failures import ServerError
from ...infrastructure import Host
from ...network import Network
from ...nodes import Node
from ...request import Request
from ...storage import Disk, DurabilityPolicy, GroupCommit, Log, PeriodicSync
from ...validation import require_delay, require_kind, require_name
from ..waiting import WaitingLine
from .commit import Batch, Commit, Conflict, StreamSlice
from .event_log import EventLog
from .requests import APPEND_COMMIT, FIND_COMMAND, READ_COMMITS, READ_STREAM, Append, ReadOn
from .streams import Streams

_GROUP_COMMIT = GroupCommit()


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskEventLogStatistics:
    """What has become of the log so far.

    Of `append_count` appends `commit_count` have made a commit, `conflict_count` expected another version and
    `repeated_count` came again. `read_count` batches were read. Crashes have taken `lost_count` commits,
    `lost_shown_count` of which somebody may have been told of. Restarts have read for `recovery_time` s.
    """

    append_count: int
    commit_count: int
    conflict_count: int
    repeated_count: int
    read_count: int
    lost_count: int
    lost_shown_count: int
    recovery_time: float


class EventLogNode(Node):
    """The process of a `DiskEventLog`; `shown_position` is how far readers see."""

    __slots__ = (
        "_answers",
        "_disk",
        "_request_work",
        "_shown_at_crash",
        "_waiting",
        "append_count",
        "conflict_count",
        "log",
        "lost_shown_count",
        "read_count",
        "recovery_time",
        "repeated_count",
        "shown_position",
        "streams",
    )

    def __init__(
        self,
        env: Environment,
        host: Host,
        network: Network,
        disk: Disk,
        policy: DurabilityPolicy,
        *,
        request_work: float,
        name: str,
        **settings: Any,
    ) -> None:
        require_delay("request_work", request_work)
        if disk.host is not host:
            raise ValueError(f"disk must be one of host {host.name!r}, got that of {disk.host.name!r}")
        self._request_work = request_work
        self._disk = disk
        self.log: Log[Commit] = Log(self, disk, policy)
        self._shown_at_crash = 0  # an observer's
        self._answers: dict[str, Callable[[Request], Generator[Any, Any, Any]]] = {
            APPEND_COMMIT: self._append,
            READ_COMMITS: self._read,
            READ_STREAM: self._read_stream,
            FIND_COMMAND: self._find,
        }
        self.append_count = self.conflict_count = self.repeated_count = self.read_count = 0
        self.lost_shown_count = 0
        self.recovery_time = 0.0
        super().__init__(env, host, network, name=name, **settings)

    # -- life -----------------------------------------------------------------------------------------------

    def remember(self) -> None:
        """Know of no commit, until the disk is read."""
        self.streams = Streams()
        self.shown_position = 0
        self._waiting = WaitingLine(self.env)

    def forget(self) -> None:
        """Note how much anybody can have been told of."""
        self._shown_at_crash = self.shown_position

    def recover(self) -> Generator[Any, Any, None]:
        """Read what is left; make it durable first, as all of it is shown then."""
        start, log = self.env.now, self.log
        lost = log.recover()
        self.lost_shown_count += sum(commit.position <= self._shown_at_crash for commit in lost)
        if log.durable_position < log.last_position:
            yield from log.sync()
        yield from self._disk.read(log.last_position)
        self.streams = Streams(log.records(1))
        self.shown_position = log.last_position
        self.recovery_time += self.env.now - start

    # -- requests -------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Generator[Any, Any, Any]:
        """Do what a client asks."""
        if self._request_work:
            yield from self.work(self._request_work)
        answer = self._answers.get(request.operation)
        if answer is None:
            raise ServerError(f"{self.name}: an event log knows no operation {request.operation!r}")
        return (yield from answer(request))

    def _append(self, request: Request) -> Generator[Any, Any, Commit | Conflict]:
        asked: Append = request.value
        streams, log = self.streams, self.log
        self.append_count += 1
        answer = streams.append(request.key, asked, epoch=self.incarnation)
        if isinstance(answer, Conflict):
            self.conflict_count += 1
            yield from self._until_shown(streams.position)
        elif answer.position > log.last_position:
            log.append(answer)
            # Not `commit`, in the caller's process: what is durable is to be shown when that has gone, too.
            log.when_committed(answer.position, self._show, answer.position)
            yield from self._until_shown(answer.position)
        else:
            self.repeated_count += 1
            yield from self._until_shown(answer.position)
        return answer

    def _read(self, request: Request) -> Generator[Any, Any, Batch]:
        asked: ReadOn = request.value
        self.read_count += 1
        batch = self.streams.read(asked, self.shown_position)
        if asked.wait and not batch.commits and not batch.is_diverged:
            yield from self._waiting.wait(asked.after + 1, asked.wait / self.host.clock_rate)
            batch = self.streams.read(asked, self.shown_position)
        return batch

    def _read_stream(self, request: Request) -> Generator[Any, Any, StreamSlice]:
        found = self.streams.slice(request.key, *request.value)
        yield from self._until_shown(found.position)
        return found

    def _find(self, request: Request) -> Generator[Any, Any, Commit | None]:
        found = self.streams.find(request.key)
        yield from self._until_shown(self.streams.position if found is None else found.position)
        return found

    # -- what is shown --------------------------------------------------------------------------------------

    def _show(self, position: int) -> None:
        """Let readers see what is durable now, and wake those who wait for it."""
        self.shown_position = max(self.shown_position, position)
        self._waiting.reached(self.shown_position)

    def _until_shown(self, position: int) -> Generator[Any, Any, None]:
        if position > self.shown_position:
            yield from self._waiting.wait(position)


class DiskEventLog(EventLog):
    """An event log on `host`, with a `disk` (by default a new one) and a durability `policy`.

    `request_work` (s, >= 0) is what a request costs on a core. `settings` are those of `Node`.

    Example::

        log = DiskEventLog(env, network, host)
        client = Timeout(env, log.client(web), 0.5)
        commit = (yield from client.call(append_commit("item 7", [Restocked(7, 5)], expected=0))).value
    """

    def __init__(
        self,
        env: Environment,
        network: Network,
        host: Host,
        *,
        disk: Disk | None = None,
        policy: DurabilityPolicy = _GROUP_COMMIT,
        request_work: float = 0.0,
        name: str = "log",
        **settings: Any,
    ) -> None:
        require_name("name", name)
        require_kind("host", host, Host)
        if disk is not None:
            require_kind("disk", disk, Disk)
        self.name = name
        self.is_durable = not isinstance(policy, PeriodicSync)
        self._network = network
        self.node = EventLogNode(
            env, host, network, disk or Disk(host), policy, request_work=request_work, name=name, **settings
        )

    @property
    def nodes(self) -> Sequence[EventLogNode]:
        """The one node."""
        return (self.node,)

    def client(self, host: Host) -> Endpoint:
        """Return a connection from `host`."""
        return self._network.connect(host, self.node)

    def commits(self) -> Sequence[Commit]:
        """Return what readers are shown; of a node that is down, what is on its disk."""
        node = self.node
        if node.is_awake:
            return node.streams.commits[: node.shown_position]
        return node.log.records(1, node.log.surviving_position)

    def statistics(self) -> DiskEventLogStatistics:
        """Return what has become of it so far."""
        node = self.node
        return DiskEventLogStatistics(
            append_count=node.append_count,
            commit_count=node.log.appended_count,
            conflict_count=node.conflict_count,
            repeated_count=node.repeated_count,
            read_count=node.read_count,
            lost_count=node.log.lost_count,
            lost_shown_count=node.lost_shown_count,
            recovery_time=node.recovery_time,
        )
