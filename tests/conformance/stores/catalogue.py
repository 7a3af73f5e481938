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
from models.storage import GroupCommit
from simulator import Environment

FAILOVER = FailoverSettings(ttl=3.0, renewal_interval=1.0, report_wait=0.5)

Build = Callable[[Environment, Network, Sequence[Host], Host], Store]
"""Builds a store on hosts a, b and c, with a monitor, if it has one, on the last one."""


@dataclass(frozen=True, slots=True)
class StoreKind:
    """A store: how it is built, on how many hosts, and whether it has a monitor, which is no node of it."""

    name: str
    build: Build
    host_count: int = 3
    has_monitor: bool = False

    def __str__(self) -> str:
        return self.name

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


STORES: tuple[StoreKind, ...] = (
    StoreKind("single", lambda env, network, hosts, _: SingleNodeStore(env, network, hosts[0]), 1),
    StoreKind("asynchronous", _primary_replica(Asynchronous()), has_monitor=True),
    StoreKind("semi-synchronous", _primary_replica(AnyOf(1)), has_monitor=True),
    StoreKind("synchronous", _primary_replica(AllOf()), has_monitor=True),
    StoreKind("strict quorums", _quorums(2)),
    StoreKind("loose quorums", _quorums(1)),
    StoreKind("raft", lambda env, network, hosts, _: RaftStore(env, network, hosts)),
    StoreKind("multi-primary", _multi_primary),
)
"""The stores, the simplest first."""
