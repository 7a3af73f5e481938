"""The stores that are compared, by name, on equal terms: the same hosts, network, disks and durability.

    single process           one node; nothing to agree about
    asynchronous             a primary that waits for nobody; reads from the nearest (PostgreSQL: local)
    asynchronous, failover   and a monitor that replaces a primary it does not hear; the old one goes on until
                             it hears of the new one (Redis Sentinel)
    asynchronous, fenced     and a lease: the old one stops by itself before there is a new one (Patroni)
    synchronous              a write waits for two of four replicas; reads from the primary; failover, fenced
    raft                     a majority of five, reads confirmed by one
    strict quorums           R = W = 3 of N = 5: each read meets each write
    sloppy quorums           R = W = 2 of N = 3: for who cannot be reached another of the five stands in
    partial quorums          R = W = 1 of N = 5: whoever answers first
    multi-primary            every node takes writes, and tells the others later; the last writer wins

Everything that is written is on disk where it is acknowledged (`GroupCommit`, 1 ms a sync). Everybody finds
out after one to four seconds that somebody is gone: leases of 3 s; heartbeats each 0.2 s, suspected at phi 8
(3.7 s); election timeouts of 1 to 2 s, over ten times a median round trip, with a heartbeat each 0.1 s. What
a store gives up by itself it gives up after `GIVES_UP` seconds, just before its users do.

The first six have one node that is special, or none but that: `HAVE_ONE`. Where it stands when the cut comes
decides what each side has. Monitors stand with the majority, which flatters those who have one: it is a
single process here, and where it is cut off from a primary with a lease, nobody takes writes.

Source of the election timeouts: etcd documentation, "Tuning".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

from models import Host
from models.consensus import RaftStore
from models.consensus.raft import RaftClientSettings, RaftSettings
from models.replication import MultiPrimaryStore, PrimaryReplicaStore, QuorumStore, SingleNodeStore, Store
from models.replication.multi_primary import MultiPrimarySettings
from models.replication.primary_replica import (
    AnyOf,
    FailoverSettings,
    Fencing,
    ReadPolicy,
    ReplicationSettings,
    Source,
    postgres,
)
from models.replication.quorums import Detection, HintedHandoff, QuorumSettings
from models.storage import GroupCommit
from simulator import Environment

from .places import Places, Side

StoreName = Literal[
    "single process",
    "asynchronous",
    "asynchronous, failover",
    "asynchronous, fenced",
    "synchronous",
    "raft",
    "strict quorums",
    "sloppy quorums",
    "partial quorums",
    "multi-primary",
]

HAVE_ONE: tuple[StoreName, ...] = (
    "single process",
    "asynchronous",
    "asynchronous, failover",
    "asynchronous, fenced",
    "synchronous",
    "raft",
)
"""Stores with one node that is special: the process, the primary, the leader."""

GIVES_UP = 0.9
"""Seconds after which a store's own driver or coordinator gives up."""

_THREADS = 1000
_DISCOVERY = 0.2
_LEASE = FailoverSettings(ttl=3.0, renewal_interval=1.0, report_wait=0.5)
_NO_LEASE = replace(_LEASE, fencing=Fencing.EPOCH)
_QUORUMS = QuorumSettings(
    replicas=5,
    read_level=3,
    write_level=3,
    write_timeout=GIVES_UP,
    read_timeout=GIVES_UP,
    detection=Detection(interval=0.2),
    hints=HintedHandoff(interval=1.0),
    durability=GroupCommit(),
    threads=_THREADS,
)
_ELECTION_WAIT = 1.0

Build = Callable[[Environment, Places, Side], Store]


def build_store(name: StoreName, env: Environment, places: Places, *, special: Side = "majority") -> Store:
    """Return the store of that `name` at `places`, with what is special about it on the `special` side.

    A Raft cluster chooses its leader by chance: there time goes by until one is where it should be.
    """
    return _BUILD[name](env, places, special)


def _single(env: Environment, places: Places, special: Side) -> Store:
    return SingleNodeStore(env, places.network, places.hosts[special][0], threads=_THREADS)


def _replicated(settings: ReplicationSettings, source: Source) -> Build:
    def build(env: Environment, places: Places, special: Side) -> Store:
        return PrimaryReplicaStore(
            env,
            places.network,
            places.hosts_from(special),
            settings=settings,
            reads=ReadPolicy(source=source),
            monitor_host=None if settings.failover is None else places.monitor,
            discovery_timeout=_DISCOVERY,
            threads=_THREADS,
        )

    return build


def _quorums(settings: QuorumSettings) -> Build:
    def build(env: Environment, places: Places, special: Side) -> Store:
        return QuorumStore(env, places.network, places.hosts_from("majority"), settings=settings)

    return build


def _multi_primary(env: Environment, places: Places, special: Side) -> Store:
    settings = MultiPrimarySettings(threads=_THREADS)
    return MultiPrimaryStore(env, places.network, places.hosts_from("majority"), settings=settings)


def _raft(env: Environment, places: Places, special: Side) -> Store:
    store = RaftStore(
        env,
        places.network,
        places.hosts_from(special),
        settings=RaftSettings(election_timeout_min=1.0, election_timeout_max=2.0, heartbeat_interval=0.1),
        client_settings=RaftClientSettings(patience=GIVES_UP, attempt_timeout=0.3),
        threads=_THREADS,
    )
    _place_leader(env, store, places.hosts[special])
    return store


def _place_leader(env: Environment, store: RaftStore, hosts: tuple[Host, ...]) -> None:
    """Let the cluster elect until its leader is on one of `hosts`, by restarting who leads elsewhere."""
    while (leader := store.cluster.leader) is None or leader.host not in hosts:
        if leader is not None:
            leader.crash()
            leader.restart()
        env.run(until=env.now + _ELECTION_WAIT)


_BUILD: Mapping[StoreName, Build] = {
    "single process": _single,
    "asynchronous": _replicated(postgres("local"), Source.NEAREST),
    "asynchronous, failover": _replicated(postgres("local", failover=_NO_LEASE), Source.NEAREST),
    "asynchronous, fenced": _replicated(postgres("local", failover=_LEASE), Source.NEAREST),
    "synchronous": _replicated(ReplicationSettings(commit_rule=AnyOf(2), failover=_LEASE), Source.PRIMARY),
    "raft": _raft,
    "strict quorums": _quorums(_QUORUMS),
    "sloppy quorums": _quorums(replace(_QUORUMS, replicas=3, read_level=2, write_level=2, sloppy=True)),
    "partial quorums": _quorums(replace(_QUORUMS, read_level=1, write_level=1)),
    "multi-primary": _multi_primary,
}

STORES: tuple[StoreName, ...] = tuple(_BUILD)
"""All names, in the order in which they are shown."""
