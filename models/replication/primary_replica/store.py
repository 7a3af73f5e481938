"""A store of one primary and its replicas: the primary's log is shipped to the replicas, who replay it.

What a write waits for, what a read is shown, and who takes over when the primary is gone are settings
(`ReplicationSettings`, `ReadPolicy`); how, is said where it is done: `primary`, `replica`, `monitor`,
`client`.

**When it is linearizable** (reads from the primary; `ReplicationSettings.is_linearizable`). There is a total
order of the records that are committed, by their positions:

- One epoch has one primary (the monitor writes an epoch down before anybody hears of it, and appoints one
  member in it, once), so a position in an epoch is one record; a replica takes a record only after the same
  record before it, so logs that share a record share all before it.
- A committed record is on k replicas and the primary, flushed. A later primary is chosen from what n - k
  members, or with `AllOf` and `InSync` one that certainly has all, have reported, after they had promised to
  obey no earlier one: one of them has the record, the one with the latest record has it too, and what was
  promised no crash takes back. So each later epoch's log begins with all that was committed before.
- A primary commits older records only together with one of its own epoch. So "the latest record" above cannot
  be one that was overruled.

A write takes effect when its record is committed, which is between its call and its answer; if the answer
does not come, later or never. A read takes effect when it is answered. The primary shows all that is
committed before: in its own epoch since it commits, in earlier ones since it answers nothing before it has
committed its first record. And nobody else commits meanwhile: it holds a lease, which is over, by its own
clock, before the monitor asks anybody for a promise, as long as no clock is further from the true rate than
`clock_drift_max`. Without failover there is one primary, and what it has on its disk is all there is.

It does not hold with reads from replicas, which lag; with `Told.APPENDED` or `UNASKED`; with policies that
acknowledge what is not durable; with an unclean election; with `Visibility.RECEIVED` and failover: a primary
that starts again shows what it never replicated, and another one does not have it; with `Fencing.EPOCH`: an
old primary answers reads until it hears of the new one. Nor when a disk is destroyed: what k + 1 members were
to hold, k hold.

What it holds at the beginning (`contents`) each member has on its disk as of one backup, which stands before
all records, as if it were the first: so a member that has lost it is sent a whole table, and not records that
are changes of what it does not have.

Source: PostgreSQL documentation, chapter "High Availability, Load Balancing, and Replication", and its
warning that waiting transactions are committed by a restart (stolon, issue 514, tells of a loss by it); Gray
and Cheriton, "Leases" (SOSP 1989). Leaves out: cascading replicas, delayed ones.

Without failover, a primary whose disk is destroyed is none any more: it has nothing, and its replicas, who
have what it had, would have to drop it. (PostgreSQL's do not follow a server with another system identifier.)
Nobody writes from then on, for good; what there is is shown to who reads from replicas. Promoting one is what
failover is for; restoring a backup is not modelled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator import Environment

from ...endpoint import Call
from ...infrastructure import Host
from ...network import Network
from ...request import Request
from ...storage import Disk
from ...validation import require_each, require_finite_duration, require_kind, require_name
from ..store import Store
from .acknowledged import AcknowledgedWrites
from .client import PrimaryReplicaClient
from .member import Member
from .monitor import Monitor
from .requests import SWITCH_OVER
from .settings import ReadPolicy, ReplicationFlaws, ReplicationSettings, Source

_SETTINGS = ReplicationSettings()
_NO_FLAWS = ReplicationFlaws()
_READS = ReadPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How far a member's readers are behind the primary: `record_count` records, `time` seconds.

    The time is since the first record was appended that is not applied there, of those that the primary's log
    still has: where it has dropped some it is too short, and none where it has dropped all. An old primary
    whose log is longer than the last one's is behind by nothing, though what it shows was overruled.
    """

    record_count: int
    time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimaryReplicaStatistics:
    """What has become of the writes so far, as an observer sees it who sees all members at once.

    Of `acknowledged_count` writes the last primary does not have `lost_count`; `split_brain_count` were
    acknowledged by another than the last primary. `discarded_count` records were overruled, acknowledged or
    not, when their members followed a new primary. `failover_count` primaries came after the first.
    """

    acknowledged_count: int
    lost_count: int
    split_brain_count: int
    discarded_count: int
    failover_count: int


class PrimaryReplicaStore(Store):
    """A store with a member on each of `hosts` (at least one), the first of which is primary to begin with.

    `disks` are the members' (by default a new one each), which hold `contents` to begin with, values by key
    that nobody changes any more. With `settings.failover` a monitor on
    `monitor_host`, which must be given, holds leases and chooses; its disk is a new one. `reads` is the
    policy of clients that are given no other, `discovery_timeout` (s, > 0) how long a client waits for each
    whom it asks for the primary. `node_settings` are those of `Node`: a write that waits holds one of its
    `threads`, as in PostgreSQL it holds a connection, and when all wait nobody is answered.

    Example::

        store = PrimaryReplicaStore(
            env, network, hosts, settings=postgres("on", AnyOf(1)), reads=ReadPolicy(source=Source.NEAREST)
        )
        client = Timeout(env, store.client(web), 0.5)
    """

    def __init__(
        self,
        env: Environment,
        network: Network,
        hosts: Sequence[Host],
        *,
        settings: ReplicationSettings = _SETTINGS,
        flaws: ReplicationFlaws = _NO_FLAWS,
        reads: ReadPolicy = _READS,
        contents: Mapping[Any, Any] | None = None,
        disks: Sequence[Disk] | None = None,
        monitor_host: Host | None = None,
        discovery_timeout: float = 1.0,
        name: str = "replicated",
        **node_settings: Any,
    ) -> None:
        require_name("name", name)
        require_kind("settings", settings, ReplicationSettings)
        require_kind("flaws", flaws, ReplicationFlaws)
        require_kind("reads", reads, ReadPolicy)
        if contents is not None:
            require_kind("contents", contents, Mapping)
        hosts = require_each("hosts", hosts, Host)
        disks = [Disk(host) for host in hosts] if disks is None else require_each("disks", disks, Disk)
        _require_places(hosts, disks, monitor_host, settings)
        settings.commit_rule.check(len(hosts) - 1)
        require_finite_duration("discovery_timeout", discovery_timeout)
        self.env = env
        self.network = network
        self.name = name
        self.settings = settings
        self.reads = reads
        self.acknowledged = AcknowledgedWrites()
        self.is_linearizable = settings.is_linearizable and reads.source is Source.PRIMARY and not flaws
        self._discovery_timeout = discovery_timeout
        self._client_count = 0
        self._members = tuple(
            Member(
                env,
                network,
                disk,
                index,
                settings,
                flaws,
                self.acknowledged,
                name=f"{name}-{index + 1}",
                **node_settings,
            )
            for index, disk in enumerate(disks)
        )
        self.monitor = None if monitor_host is None else self._monitor(monitor_host)
        for member in self._members:
            if contents is not None:
                member.stored.restore(contents, position=1)
            member.join(self._members, self.monitor)
        if self.monitor is not None:
            self.monitor.begin(self._members)

    def _monitor(self, host: Host) -> Monitor:
        settings, name = self.settings, f"{self.name}-monitor"
        assert settings.failover is not None
        disk = Disk(host, name=name)
        count = len(self._members)
        return Monitor(
            self.env, self.network, disk, settings.failover, settings.commit_rule, count, name=name
        )

    @property
    def nodes(self) -> Sequence[Member]:
        """The members, in the order of their hosts."""
        return self._members

    @property
    def primary(self) -> Member:
        """The member that was promoted last, whether or not it is up."""
        primary = self.acknowledged.primary
        assert primary is not None
        return primary

    def client(self, host: Host, reads: ReadPolicy | None = None) -> PrimaryReplicaClient:
        """Return a new client on `host`, with a policy of its own for `reads` if one is given."""
        if reads is not None:
            require_kind("reads", reads, ReadPolicy)
        self._client_count += 1
        return PrimaryReplicaClient(
            self,
            host,
            reads or self.reads,
            discovery_timeout=self._discovery_timeout,
            name=f"{self.name}-client-{self._client_count}",
        )

    def copying_client(self, host: Host) -> PrimaryReplicaClient:
        """Return a new client on `host` that reads at the primary."""
        return self.client(host, reads=ReadPolicy())

    def switch_over(self, host: Host, heir: Member) -> Call:
        """Return a call from `host` that asks the monitor to make `heir` the primary, in good order.

        It ends when the monitor has told the primary so. Writes are `Unavailable` for the time that a choice
        takes, and none that was acknowledged is lost, whatever the commit rule. If it comes to nothing
        (`monitor` says when) the primary stays. Raises `ValueError` without failover, and for who is no
        member.
        """
        if self.monitor is None:
            raise ValueError("failover must be given for a switchover: there is no monitor")
        if heir not in self._members:
            raise ValueError(f"heir must be a member of {self.name}, got {heir!r}")
        request = Request(SWITCH_OVER, self._members.index(heir))
        return self.network.connect(host, self.monitor).call(request)

    def contents(self) -> Mapping[str, Mapping[Any, Any]]:
        """Return what each member would show, by its name.

        Of one that is down: what it showed, and still has on its disk.
        """
        return {
            member.name: member.stored.table.values()
            if member.is_awake
            else member.stored.surviving(member.shown_position)
            for member in self._members
        }

    def lag(self, member: Member) -> Lag:
        """Return how far `member` is behind the last primary's log."""
        log = self.primary.stored.log
        position = member.stored.table.position
        count = max(log.last_position - position, 0)
        first = max(position + 1, log.first_position)
        time = self.env.now - log[first].time if first <= log.last_position else 0.0
        return Lag(record_count=count, time=time)

    def statistics(self) -> PrimaryReplicaStatistics:
        """Return what has become of the writes so far."""
        return PrimaryReplicaStatistics(
            acknowledged_count=self.acknowledged.count,
            lost_count=len(self.acknowledged.lost),
            split_brain_count=self.acknowledged.split_brain_count,
            discarded_count=sum(member.discarded_count for member in self._members),
            failover_count=0 if self.monitor is None else self.monitor.failover_count,
        )


def _require_places(
    hosts: Sequence[Host], disks: Sequence[Disk], monitor_host: Host | None, settings: ReplicationSettings
) -> None:
    if not hosts or len(set(hosts)) < len(hosts):
        raise ValueError(f"hosts must be one or more, each once, got {hosts!r}")
    if monitor_host is not None:
        require_kind("monitor_host", monitor_host, Host)
    if [disk.host for disk in disks] != list(hosts):
        raise ValueError(f"disks must be one for each host, in their order, got {disks!r}")
    if (settings.failover is None) != (monitor_host is None):
        raise ValueError(
            "monitor_host must be given with failover, and only then,"
            f" got {monitor_host!r} and failover {settings.failover!r}"
        )
