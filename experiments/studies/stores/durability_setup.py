"""What the study `durability` compares: stores, durability policies and troubles, on the same hosts.

    zone-1   hosts 1 and 2, in the region of the clients
    zone-2   host 3, in another region
    zone-3   the clients' host, and that of the monitor of a primary and its replicas

So a copy nearby costs a fraction of a millisecond and shares its zone's fate; the one that does not costs the
way between regions. The link there is `LINK_LOAD` busy with a primary's log, and what waits for it when the
primary crashes is lost (what is under way already arrives). The messages of quorums and of Raft weigh nothing
here: what clients that ask again do to a narrow link after an outage is another question. A store of one
process is on host 1, and so is the primary. Host 3 boots last: Raft's first leader is then on host 1 or 2,
and what it does can be compared.

Troubles strike the primary, or the leader, or for quorums the first of the nodes that clients call. A process
starts again after `RESTART`, everything else is repaired after `REPAIR`. All stores have the same policy for
their logs. Where that is `PeriodicSync`, a primary ships what is not synced and its replicas acknowledge what
they have only received, as Kafka's do: two copies in memory in place of one on disk. Raft has no such mode: a
promise that is forgotten is none.

Clients wait for `PATIENCE` seconds and find a primary or leader by themselves. Where there is none to find,
with quorums, they ask the next node after a third of that, for a node that is dead does not say so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from models import Endpoint, Host, Network, System
from models.consensus import RaftClientSettings, RaftSettings, RaftStore
from models.faults import DiskLoss, Fault, HostCrash, PowerOutage, ProcessCrash
from models.network import LocalityLatencies
from models.nodes import Node
from models.replication import PrimaryReplicaStore, QuorumStore, SingleNodeStore, Store
from models.replication.primary_replica import (
    AllOf,
    AnyOf,
    Asynchronous,
    CommitRule,
    FailoverSettings,
    Progress,
    ReplicationSettings,
)
from models.replication.quorums import QuorumSettings
from models.resilience import ConstantBackoff, Retry, Timeout
from models.storage import Disk, DurabilityPolicy, GroupCommit, PeriodicSync, SyncEachWrite
from simulator import Environment
from simulator.randomness import Constant

StoreName = Literal["single", "asynchronous", "semi-synchronous", "synchronous", "quorums", "raft"]
Durability = Literal["each write", "group commit", "periodic"]
Trouble = Literal["none", "process crash", "host crash", "disk loss", "zone loss"]

SYNC_INTERVAL = 1.0
POLICIES: Mapping[str, DurabilityPolicy] = {
    "each write": SyncEachWrite(),
    "group commit": GroupCommit(),
    "periodic": PeriodicSync(interval=SYNC_INTERVAL),
}
RULES: Mapping[str, CommitRule] = {
    "asynchronous": Asynchronous(),
    "semi-synchronous": AnyOf(1),
    "synchronous": AllOf(),
}

SYNC_TIME = 0.005
"""Seconds for a sync: a disk that turns, or one across a network."""

RATE, RECORD_SIZE_BYTES, LINK_LOAD = 100.0, 2_000, 0.7
"""Writes per second in the comparison, what each weighs in a log, and how busy a link is with the log."""

PATIENCE = 1.0
"""How long a client waits for an answer, in seconds."""

RESTART, REPAIR = 2.0, 8.0
"""Seconds until a process starts again; until a host boots, a disk is replaced, a zone has power."""

FAILOVER = FailoverSettings(ttl=3.0, renewal_interval=1.0, report_wait=0.2)
LATENCIES = LocalityLatencies(
    same_zone=Constant(0.00025), same_region=Constant(0.001), other_region=Constant(0.04)
)
_BOOT_TIME = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A `store` on the hosts of a `system`, with the disks that its nodes have by their hosts."""

    system: System
    store: Store
    disks: Mapping[Host, Disk]

    def client(self) -> Endpoint:
        """Return what the users call."""
        env, client = self.system.env, self.store.client(self.system.host("clients"))
        if isinstance(self.store, QuorumStore):
            pause = ConstantBackoff(delay=0.0)
            client = Retry(env, Timeout(env, client, PATIENCE / 3), attempts=3, backoff=pause)
        return Timeout(env, client, PATIENCE)

    @property
    def front(self) -> Node:
        """The node that takes the writes now: the primary, the leader, one of those that clients call."""
        store = self.store
        if isinstance(store, PrimaryReplicaStore):
            return store.primary
        if isinstance(store, RaftStore) and store.cluster.leader is not None:
            return store.cluster.leader
        return store.nodes[0]

    def fault(self, trouble: str) -> Fault:
        """Return what is to strike now."""
        node = self.front
        if trouble == "process crash":
            return ProcessCrash(node)
        if trouble == "host crash":
            return HostCrash(node.host)
        if trouble == "disk loss":
            return DiskLoss(self.disks[node.host])
        assert node.host.zone is not None
        return PowerOutage(node.host.zone)


def lasting(trouble: str) -> float:
    """Return how long a trouble lasts, in seconds."""
    return {"none": 0.0, "process crash": RESTART}.get(trouble, REPAIR)


def set_up(env: Environment, store: str, durability: str) -> Setup:
    """Return the store of that name with that policy, on its hosts."""
    system = System(env, network=Network(env, latencies=LATENCIES))
    here, there = system.add_region("here"), system.add_region("there")
    first, second, third = (
        system.add_zone(name, region) for name, region in zip(_ZONES, (here, there, here), strict=True)
    )
    hosts = [
        system.add_host(f"host-{number}", zone, boot_time=_BOOT_TIME, boots=zone is second)
        for number, zone in enumerate((first, first, second), 1)
    ]
    system.network.override(hosts[:2], hosts[2], bandwidth=RATE * RECORD_SIZE_BYTES / LINK_LOAD)
    system.add_host("clients", third)
    system.add_host("monitor", third)
    disks = {host: Disk(host, sync_time=SYNC_TIME) for host in hosts}
    made = _BUILDERS[store](env, system, hosts, disks, durability)
    if isinstance(made, QuorumStore):
        disks = {node.host: node.disk for node in made.nodes}
    return Setup(system=system, store=made, disks=disks)


_ZONES = ("zone-1", "zone-2", "zone-3")

_Builder = Callable[[Environment, System, list[Host], Mapping[Host, Disk], str], Store]


def _single(
    env: Environment, system: System, hosts: list[Host], disks: Mapping[Host, Disk], durability: str
) -> Store:
    return SingleNodeStore(env, system.network, hosts[0], disk=disks[hosts[0]], policy=POLICIES[durability])


def _primary_replica(rule: CommitRule) -> _Builder:
    def build(
        env: Environment, system: System, hosts: list[Host], disks: Mapping[Host, Disk], durability: str
    ) -> Store:
        in_memory = durability == "periodic"
        return PrimaryReplicaStore(
            env,
            system.network,
            hosts,
            settings=ReplicationSettings(
                commit_rule=rule,
                progress=Progress.WRITTEN if in_memory else Progress.FLUSHED,
                ships_unsynced=in_memory,
                durability=POLICIES[durability],
                record_size_bytes=RECORD_SIZE_BYTES,
                failover=FAILOVER,
            ),
            disks=list(disks.values()),
            monitor_host=system.host("monitor"),
            discovery_timeout=0.2,
            name="store",
        )

    return build


def _quorums(
    env: Environment, system: System, hosts: list[Host], disks: Mapping[Host, Disk], durability: str
) -> Store:
    settings = QuorumSettings(durability=POLICIES[durability], sync_time=SYNC_TIME)
    return QuorumStore(env, system.network, hosts, settings=settings)


def _raft(
    env: Environment, system: System, hosts: list[Host], disks: Mapping[Host, Disk], durability: str
) -> Store:
    policy = POLICIES[durability]
    assert not isinstance(policy, PeriodicSync)
    settings = RaftSettings(durability=policy)
    # A client's next attempt must not wait for a node that is dead.
    client = RaftClientSettings(attempt_timeout=0.25)
    return RaftStore(
        env,
        system.network,
        hosts,
        settings=settings,
        client_settings=client,
        make_disk=disks.__getitem__,
    )


_BUILDERS: Mapping[str, _Builder] = {
    "single": _single,
    **{name: _primary_replica(rule) for name, rule in RULES.items()},
    "quorums": _quorums,
    "raft": _raft,
}
