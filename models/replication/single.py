"""The store of one process: a table in memory, a log on a disk, and nobody else.

What every other store is measured by: it is consistent without effort, and gone while its host is. Rules:

1. A write is judged by the newest value of its key, appended to the log, and acknowledged when the durability
   policy says so; then it is shown to reads, and not before, in the order of the log. So nobody sees what a
   crash may still take.
2. A read is answered from the table, at once; and so is a scan, as of that instant, however long it works
   (`scan_work` for each key that it tells) before it is told.
3. A crash ends the calls under way: of their writes nobody knows. The memory is gone; the disk has what was
   durable, or after the crash of the process alone what was written. The restart makes that durable, reads it
   (`Disk(read_time=...)` per record; `snapshot_interval` bounds how many), and refuses clients until then.
4. A destroyed disk takes everything, acknowledged or not: a host that is down still holds its data, this one
   does not.
5. A scan's mark is the position of the last record that is shown, and good for ever: a table remembers what
   was deleted. It ends with its disk, as positions begin anew on another; and under `PeriodicSync` with the
   process, as a record that is shown may be lost, and its position given to another.
6. What its disk holds at the beginning (`contents`) is there as of a backup that was restored: durable,
   before the first record, and read again at each restart. It is not copied, so that a million keys cost what
   they cost whoever gives them, until they are changed.

It is linearizable as long as no disk is destroyed, if it acknowledges only what is durable: each write takes
effect at the instant at which it is applied, between its call and its answer (or at the restart, if a crash
came first and it survived), each read at the instant at which it is answered; a compare-and-set that finds
another value when that value is durable. With `PeriodicSync` it does not claim it: the crash of a host takes
what was acknowledged.

Leaves out: writes of more than one key; what a scan weighs on the wire, as of a read. Source: PostgreSQL's
order of commit (flush, then visible) in `RecordTransactionCommit`.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from simulator import Environment

from ..endpoint import Endpoint
from ..failures import ServerError
from ..infrastructure import Host
from ..network import Network
from ..nodes import Node
from ..request import Request
from ..storage import Disk, DurabilityPolicy, GroupCommit, PeriodicSync, Record, StoredTable
from ..validation import require_delay, require_kind, require_name
from .effects import effect_of
from .operations import READ, SCAN
from .scans import KeySet, Scanned, items_of
from .store import Store

_GROUP_COMMIT = GroupCommit()


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleNodeStatistics:
    """What has become of the writes so far.

    Of `appended_count` records `acknowledged_count` were acknowledged; crashes have taken `lost_count`
    records, `lost_acknowledged_count` of them acknowledged: known when the process has started again.
    `recovery_time` is how long all restarts that came to their end have read their disk, in seconds.
    """

    appended_count: int
    acknowledged_count: int
    lost_count: int
    lost_acknowledged_count: int
    recovery_time: float


class SingleNode(Node):
    """The process of a `SingleNodeStore`; `request_work` and `scan_work` are what requests cost on a core."""

    __slots__ = (
        "_is_periodic",
        "_request_work",
        "_scan_work",
        "_unacknowledged",
        "acknowledged_count",
        "lost_acknowledged_count",
        "lost_count",
        "recovery_time",
        "stored",
    )

    def __init__(
        self,
        env: Environment,
        host: Host,
        network: Network,
        disk: Disk,
        policy: DurabilityPolicy,
        *,
        contents: Mapping[Any, Any] | None,
        snapshot_interval: float,
        request_work: float,
        scan_work: float,
        name: str,
        **settings: Any,
    ) -> None:
        require_delay("request_work", request_work)
        require_delay("scan_work", scan_work)
        if disk.host is not host:
            raise ValueError(f"disk must be one of host {host.name!r}, got that of {disk.host.name!r}")
        self._request_work = request_work
        self._scan_work = scan_work
        self._is_periodic = isinstance(policy, PeriodicSync)
        self.stored = StoredTable(self, disk, policy, snapshot_interval=snapshot_interval)
        # Positions of records that nobody was told of, or nobody yet; for what is counted, as all below.
        self._unacknowledged: set[int] = set()
        self.acknowledged_count = 0
        self.lost_count = 0
        self.lost_acknowledged_count = 0
        self.recovery_time = 0.0
        super().__init__(env, host, network, name=name, **settings)
        if contents is not None:
            self.stored.restore(contents)

    def remember(self) -> None:
        """Have an empty table, until the disk is read."""
        self.stored.remember()

    def recover(self) -> Generator[Any, Any, None]:
        """Read the disk, and apply all that it has: nobody else could overrule it."""
        start = self.env.now
        self._count_lost(self.stored.log.surviving_position)
        yield from self.stored.recover()
        self.stored.apply_until(self.stored.log.last_position)
        self.recovery_time += self.env.now - start

    def _count_lost(self, surviving: int) -> None:
        """Count the records after position `surviving`, those that a lost snapshot held too."""
        lost_count = self.stored.log.last_position - surviving
        kept = {position for position in self._unacknowledged if position <= surviving}
        self.lost_count += lost_count
        self.lost_acknowledged_count += lost_count - (len(self._unacknowledged) - len(kept))
        self._unacknowledged = kept

    def answer(self, request: Request) -> Generator[Any, Any, Any]:
        """Answer a read from the table, a write when it may be acknowledged."""
        if self._request_work:
            yield from self.work(self._request_work)
        stored = self.stored
        if request.operation == READ:
            return stored.table.value(request.key)
        if request.operation == SCAN:
            return (yield from self._scan(request.key, request.value))
        effect = effect_of(request, stored.latest(request.key))
        position = stored.log.last_position
        if effect.changes:
            position = stored.append(Record(request.key, effect.value, time=self.env.now))
            self._unacknowledged.add(position)
        # Where nothing changes, what it was judged by has to be safe.
        yield from stored.log.commit(position)
        stored.apply_until(position)
        if effect.changes:
            self.acknowledged_count += 1
            self._unacknowledged.discard(position)
        return effect.answer

    def _scan(self, keys: KeySet, after: Any) -> Generator[Any, Any, Scanned]:
        stored = self.stored
        history = self.incarnation if self._is_periodic else stored.disk.destroyed_count
        mark = (history, stored.table.position)
        position = None
        if after is not None:
            if not isinstance(after, tuple) or after[0] != history or after > mark:
                raise ServerError(f"{self.name} has no history with a mark {after!r}: it is at {mark}")
            position = after[1]
        items = items_of(stored, keys, position)
        if self._scan_work and items:
            yield from self.work(self._scan_work * len(items))
        return Scanned(items, mark)


class SingleNodeStore(Store):
    """A store of one process on `host`, with a `disk` (by default a new one) and a durability `policy`.

    Its disk holds `contents` to begin with, values by key that nobody changes any more.
    `snapshot_interval` (records >= 1, or infinite: never) bounds what a restart has to read, `request_work`
    (s, >= 0) is what a request costs on a core, and `scan_work` what a scan does besides for each key that it
    tells. `settings` are those of `Node`.

    Example::

        store = SingleNodeStore(env, network, host, policy=GroupCommit())
        client = Timeout(env, store.client(web), 0.5)
        yield from client.call(write("stock", 3))
    """

    def __init__(
        self,
        env: Environment,
        network: Network,
        host: Host,
        *,
        contents: Mapping[Any, Any] | None = None,
        disk: Disk | None = None,
        policy: DurabilityPolicy = _GROUP_COMMIT,
        snapshot_interval: float = inf,
        request_work: float = 0.0,
        scan_work: float = 0.0,
        name: str = "single",
        **settings: Any,
    ) -> None:
        require_name("name", name)
        require_kind("host", host, Host)
        if contents is not None:
            require_kind("contents", contents, Mapping)
        if disk is not None:
            require_kind("disk", disk, Disk)
        self.name = name
        self.is_linearizable = not isinstance(policy, PeriodicSync)
        self._network = network
        self.node = SingleNode(
            env,
            host,
            network,
            disk or Disk(host),
            policy,
            contents=contents,
            snapshot_interval=snapshot_interval,
            request_work=request_work,
            scan_work=scan_work,
            name=name,
            **settings,
        )

    @property
    def nodes(self) -> Sequence[SingleNode]:
        """The one node."""
        return (self.node,)

    def client(self, host: Host) -> Endpoint:
        """Return a connection from `host`; it remembers nothing."""
        return self._network.connect(host, self.node)

    def contents(self) -> Mapping[str, Mapping[Any, Any]]:
        """Return the values by key that a read is shown; of a node that is down, those on its disk."""
        node = self.node
        return {node.name: node.stored.table.values() if node.is_awake else node.stored.surviving()}

    def statistics(self) -> SingleNodeStatistics:
        """Return what has become of the writes so far."""
        node = self.node
        return SingleNodeStatistics(
            appended_count=node.stored.log.appended_count,
            acknowledged_count=node.acknowledged_count,
            lost_count=node.lost_count,
            lost_acknowledged_count=node.lost_acknowledged_count,
            recovery_time=node.recovery_time,
        )
