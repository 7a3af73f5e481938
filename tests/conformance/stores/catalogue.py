"""The stores that keep the contract of `Store`: how to build each on three hosts, and what sets it apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models import Endpoint, Host, Network
from models.consensus import RaftStore
from models.replication import MultiPrimaryStore, PrimaryReplicaStore, QuorumStore, SingleNodeStore, Store
from models.replication.multi_primary import MultiPrimarySettings
from models.replication.primary_replica import (
    AllOf,
    AnyOf,
    Asynchronous,
    CommitRule,
    FailoverSettings,
    ReplicationSettings,
)
from models.replication.quorums import AntiEntropy, QuorumSettings
from models.sharding import ShardedStore, even_table
from models.storage import GroupCommit
from simulator import Environment

FAILOVER = FailoverSettings(ttl=3.0, renewal_interval=1.0, report_wait=0.5)

Build = Callable[[Environment, Network, Sequence[Host], Host], Store]
"""Builds a store on hosts a, b and c, with a monitor or a directory, if it has one, on the last one."""


@dataclass(frozen=True, slots=True)
class StoreKind:
    """A store: how it is built, on how many hosts, and what it has besides on a host that is no node's.

    A monitor decides about its nodes; a directory says which shard has what, and must be asked now and then.
    """

    name: str
    build: Build
    host_count: int = 3
    has_monitor: bool = False
    has_directory: bool = False

    def __str__(self) -> str:
        return self.name

    @property
    def monitor_names(self) -> list[str]:
        """The host of a monitor or directory, if there is one."""
        return ["monitor"] if self.has_monitor or self.has_directory else []

    def client(self, store: Store, host: Host) -> Endpoint:
        """Return a client that calls the node on host a first, whichever the store would choose."""
        if isinstance(store, QuorumStore):
            return store.client(host, contacts=store.nodes[:1])
        return store.client(host)


def _primary_replica(rule: CommitRule) -> Build:
    def build(env: Environment, network: Network, hosts: Sequence[Host], monitor: Host) -> Store:
        settings = ReplicationSettings(commit_rule=rule, failover=FAILOVER)
        return PrimaryReplicaStore(env, network, hosts, settings=settings, monitor_host=monitor)

    return build


def _quorums(level: int) -> Build:
    def build(env: Environment, network: Network, hosts: Sequence[Host], monitor: Host) -> Store:
        settings = QuorumSettings(
            read_level=level,
            write_level=level,
            durability=GroupCommit(),
            anti_entropy=AntiEntropy(interval=5.0),
        )
        return QuorumStore(env, network, hosts, settings=settings)

    return build


def _multi_primary(env: Environment, network: Network, hosts: Sequence[Host], monitor: Host) -> Store:
    return MultiPrimaryStore(env, network, hosts, settings=MultiPrimarySettings(exchange_interval=5.0))


def _sharded(make_shard: Build) -> Build:
    """Return how to build a store whose one shard has all ranges, with its server on the first host.

    What several shards and moves add is shown in the tests of sharding.
    """

    def build(env: Environment, network: Network, hosts: Sequence[Host], monitor: Host) -> Store:
        return ShardedStore(
            env,
            network,
            shards={"shard": make_shard(env, network, hosts, monitor)},
            servers={"shard": hosts[:1]},
            directory=SingleNodeStore(env, network, monitor, name="directory"),
            table=even_table(["shard"]),
        )

    return build


def _single(env: Environment, network: Network, hosts: Sequence[Host], monitor: Host) -> Store:
    return SingleNodeStore(env, network, hosts[0])


def _raft(env: Environment, network: Network, hosts: Sequence[Host], monitor: Host) -> Store:
    return RaftStore(env, network, hosts)


STORES: tuple[StoreKind, ...] = (
    StoreKind("single", _single, 1),
    StoreKind("asynchronous", _primary_replica(Asynchronous()), has_monitor=True),
    StoreKind("semi-synchronous", _primary_replica(AnyOf(1)), has_monitor=True),
    StoreKind("synchronous", _primary_replica(AllOf()), has_monitor=True),
    StoreKind("strict quorums", _quorums(2)),
    StoreKind("loose quorums", _quorums(1)),
    StoreKind("raft", _raft),
    StoreKind("multi-primary", _multi_primary),
    StoreKind("sharded, of single nodes", _sharded(_single), 1, has_directory=True),
    StoreKind("sharded, of rafts", _sharded(_raft), has_directory=True),
)
"""The stores, the simplest first."""
