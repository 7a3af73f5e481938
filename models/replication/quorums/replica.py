"""A node of a quorum store: a coordinator that holds data itself.

What it holds are versions by key, in memory and in a log. Rules:

1. A write is appended to the log; when the log's durability policy lets it be acknowledged, it is merged into
   the table, where reads see it, and is acknowledged. A version that brings nothing new is acknowledged at
   once. One that waits for the disk is not known yet: who sends it again has it written again, so that hints,
   repair and anti-entropy can keep a disk busy that is slower than they are.
2. A crash takes the table and what the log had not made durable. A restart makes durable what was written
   only, and reads it, which takes the disk's time for each record; only then, with table and hints as they
   were, does the node listen.
3. How the log is kept short: see `stored_replica`. How it keeps hints, stands in for others and compares
   itself with them: see `hints` and `anti_entropy`.

Source: Cassandra's write path (commit log, then memtable; in batch mode the memtable after the sync).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

from simulator import Environment

from ...infrastructure import Host
from ...network import Network
from ...request import Request
from ...storage import Disk
from ..scans import KeySet
from ..versions import Siblings
from .anti_entropy import AntiEntropySessions, LeafEntries, TreeNodes
from .cluster import Cluster
from .coordinator import Coordinator
from .hints import Hints
from .membership import Membership, SignsOfLife
from .messages import (
    ReadRequest,
    ReadResponse,
    ScanRequest,
    ScanResponse,
    WriteAcknowledgement,
    WriteRequest,
)
from .read import ReadRound
from .requests import QuorumRequest
from .scan import ScanRound
from .settings import Versioning
from .stored_replica import StoredReplica, StoredVersion
from .table import Table


class QuorumNode(Coordinator):
    """A node on `host` of the store that `cluster` describes, with a `disk` of its own."""

    def __init__(
        self, env: Environment, host: Host, network: Network, cluster: Cluster, *, name: str
    ) -> None:
        settings = cluster.settings
        self.disk = Disk(host, sync_time=settings.sync_time, read_time=settings.read_time, name=name)
        self.stored = StoredReplica(
            self,
            self.disk,
            settings.durability,
            self._empty_table,
            snapshot_interval=settings.snapshot_interval,
        )
        super().__init__(
            env,
            host,
            network,
            cluster,
            name=name,
            message_work=settings.message_work,
            threads=settings.threads,
            start_time=settings.start_time,
        )

    # -- life -----------------------------------------------------------------------------------------------

    def remember(self) -> None:
        """Hold nothing, and know nobody."""
        super().remember()
        cluster, settings = self.cluster, self.cluster.settings
        self.table = self._empty_table()
        self._issued: dict[Any, Siblings] = {}
        self.hints = None if settings.hints is None else Hints(self, settings.hints)
        self.membership: Membership | None = None
        self.sessions: AntiEntropySessions | None = None
        self.on(WriteRequest, self._take_write)
        self.on(ReadRequest, self._say)
        self.on(ScanRequest, self._say_all)
        if cluster.nodes:
            self.know_others()

    def _empty_table(self) -> Table:
        cluster = self.cluster
        grace = 0.0 if cluster.flaws.forgets_tombstones else cluster.settings.tombstone_grace
        return Table(grace, self.host.clock)

    def know_others(self) -> None:
        """Know who else there is: once all nodes are made, and at each restart."""
        settings = self.cluster.settings
        if settings.detection is not None:
            self.membership = Membership(
                self, self.cluster.nodes, settings.detection, self.cluster.draw, self._is_back
            )
            self.on(SignsOfLife, self.membership.hear)
        if settings.anti_entropy is not None:
            self.sessions = AntiEntropySessions(self, settings.anti_entropy)
            self.on(TreeNodes, self.sessions.compare)
            self.on(LeafEntries, self.sessions.take)

    def restore(self, versions: Mapping[Any, Any]) -> None:
        """Hold `versions` on the disk and in the table, before anything is written."""
        self.stored.restore(versions)
        self.table.restore(versions)

    def recover(self) -> Generator[Any, Any, None]:
        """Read the disk, and make table and hints again."""
        found = yield from self.stored.recover()
        for key, version in found.versions.items():
            self.table.merge(key, version)
        if self.hints is not None:
            for hint in found.hints.values():
                self.hints.restore(hint)

    def wake_up(self) -> None:
        """Begin to tell others that it is alive, to replay hints and to compare."""
        if self.cluster.nodes:
            self.begin()

    def begin(self) -> None:
        """Start the timers: once all nodes are made, and at each restart."""
        settings = self.cluster.settings
        if self.membership is not None:
            self.membership.beat()
        if self.hints is not None and settings.hints is not None:
            self.after(settings.hints.interval, self.hints.look_round)
        if self.sessions is not None and settings.anti_entropy is not None:
            self.after(settings.anti_entropy.interval, self.sessions.begin_in_turn)

    # -- whom it trusts -------------------------------------------------------------------------------------

    def trusts(self, peer: Coordinator) -> bool:
        """Return whether `peer` is not suspected to be down."""
        membership = self.membership
        return membership is None or peer is self or membership.detector.is_alive(peer)

    def _absent(self, replicas: Sequence[Coordinator]) -> Sequence[Coordinator]:
        if self.membership is None or self.membership.detector.suspects_nobody:
            return ()
        return [replica for replica in replicas if not self.trusts(replica)]

    def silent_since(self, peer: QuorumNode) -> float:
        """Return when `peer` was last heard of, by this host's monotonic clock."""
        assert self.membership is not None
        return self.membership.detector.silent_since(peer)

    def _is_back(self, peer: QuorumNode) -> None:
        if self.hints is not None:
            self.hints.replay(peer)

    # -- writes ---------------------------------------------------------------------------------------------

    def keeps_hints_for(self, replica: Coordinator) -> bool:
        """Return whether hints for `replica` are kept now."""
        assert isinstance(replica, QuorumNode)
        return self.hints is not None and self.hints.is_open_to(replica)

    def keep_hint(
        self, replica: Coordinator, key: Any, version: Any, then: Callable[[], object] | None = None
    ) -> None:
        """Keep a hint for `replica`, if the store keeps hints, and call `then()` when it is durable."""
        if self.hints is not None:
            assert isinstance(replica, QuorumNode)
            self.hints.keep(replica, key, version, then or _nothing)

    def _send_write(
        self, target: Coordinator, number: int, key: Any, version: Any, instead_of: Any = None
    ) -> None:
        if target is self:
            self._take(key, version, instead_of, self._acknowledge_own, number)
        else:
            super()._send_write(target, number, key, version, instead_of)

    def _acknowledge_own(self, number: int) -> None:
        awaited = self._awaited.get(number)
        if awaited is not None:
            awaited.acknowledged(self)

    def _take_write(self, message: WriteRequest) -> None:
        self._take(message.key, message.version, message.instead_of, self._acknowledge, message)

    def _acknowledge(self, message: WriteRequest) -> None:
        self.send_leg(
            message.sender,
            WriteAcknowledgement(message.number, self),
            0,
            self.cluster.legs.acknowledgement,
        )

    def _take(
        self,
        key: Any,
        version: Any,
        instead_of: QuorumNode | None,
        then: Callable[..., object],
        argument: Any,
    ) -> None:
        """Hold a version, or a hint with it, and call `then(argument)` when it may be acknowledged."""
        if self.cluster.flaws.acknowledges_before_durable:
            then(argument)
            then, argument = _nothing_of, None
        if instead_of is not None:
            if self.hints is not None:
                self.hints.keep(instead_of, key, version, then, argument)
            return
        current = self.table.get(key)
        if current is not None and current.merged(version) is current:
            then(argument)
            return
        position = self.stored.append(StoredVersion(key, version))
        self.stored.log.when_committed(position, self._hold, key, version, then, argument)

    def _hold(self, key: Any, version: Any, then: Callable[..., object], argument: Any) -> None:
        self.table.merge(key, version)
        if self._issued:
            self._forget_issued(key)
        then(argument)

    def _forget_issued(self, key: Any) -> None:
        """Forget what was issued for a key once the table knows all of it: the next dot follows from that."""
        issued = self._issued.get(key)
        if issued is not None and self.table[key].context.covers(issued.context):
            del self._issued[key]

    def take_repair(self, key: Any, version: Any) -> None:
        """Hold a version that anti-entropy has brought."""
        self._take(key, version, None, _nothing_of, None)

    def _new_version(self, request: Request) -> Any:
        cell = super()._new_version(request)
        if self.cluster.settings.versioning is not Versioning.SIBLINGS:
            return cell
        # What was issued and waits for the disk counts too: its dot must not be given again. What the table
        # has beside it says what others have replaced, which need not be sent round again. Who coordinates
        # for replicas that are away has no table of the key, and goes on from what it has issued.
        key = request.key
        known = self._issued.get(key, Siblings.none())
        current = self.table.get(key)
        if current is not None:
            known = known.merged(current)
        seen = request.seen if isinstance(request, QuorumRequest) else None
        version = known.written(f"{self.name}/{self.incarnation}", cell, seen or Siblings.none().context)
        self._issued[key] = version
        return version

    # -- reads ----------------------------------------------------------------------------------------------

    def look_up(self, key: Any) -> Any:
        """Return the version of `key` that it would answer a read with: what it keeps for others included."""
        version = self.table.get(key)
        if self.hints:
            for hint in self.hints.for_key(key):
                version = hint.version if version is None else version.merged(hint.version)
        return version

    def send_read(self, target: Coordinator, reading: ReadRound, *, is_digest: bool) -> None:
        """Ask `target`, and itself without a message."""
        if target is self:
            reading.answered(self, self.look_up(reading.key), is_digest=is_digest)
        else:
            super().send_read(target, reading, is_digest=is_digest)

    def _say(self, message: ReadRequest) -> None:
        version = self.look_up(message.key)
        size_bytes = 16 if message.is_digest or version is None else version.weight()
        self.send_leg(
            message.sender,
            ReadResponse(message.number, self, version, message.is_digest),
            size_bytes,
            self.cluster.legs.response,
        )

    def look_through(self, keys: KeySet) -> dict[Any, Any]:
        """Return the versions that `look_up` gives of all `keys`."""
        known = list(keys.among(self.table.versions))
        if self.hints:
            known += keys.among(dict.fromkeys(self.hints.keys()))
        found = {key: self.look_up(key) for key in known}
        return {key: version for key, version in found.items() if version is not None}

    def send_scan(self, target: Coordinator, scanning: ScanRound, number: int, keys: KeySet) -> None:
        """Ask `target`, and itself without a message."""
        if target is self:
            scanning.answered(self, self.look_through(keys))
        else:
            super().send_scan(target, scanning, number, keys)

    def _say_all(self, message: ScanRequest) -> None:
        versions = self.look_through(message.keys)
        self.send_leg(
            message.sender,
            ScanResponse(message.number, self, versions),
            sum(version.weight() for version in versions.values()),
            self.cluster.legs.response,
        )

    # -- for observers --------------------------------------------------------------------------------------

    def contents(self) -> Mapping[Any, Any]:
        """Return what it holds, by key, as a read there would show it; when it is down, what its disk has."""
        if self.is_awake:
            keys = list(self.table) + (self.hints.keys() if self.hints is not None else [])
            versions = {key: self.look_up(key) for key in keys}
        else:
            versions = self.stored.surviving().shown()
        return {key: version.shown() for key, version in versions.items() if version.is_dead_since() is None}


def _nothing() -> None:
    """Do nothing."""


def _nothing_of(argument: Any) -> None:
    """Do nothing."""
