"""What a shard is made of: one database process, or several that hold copies, on hosts of one core each.

Whatever it is made of, a shard takes as many writes a second as one process: `1/WORK`. Each copy is written
by its own host, so that copies multiply hosts and not writes.

    one process           a write works `WORK` on its host, and is synced before it is acknowledged
    primary and replica   the primary works `WORK`, the replica as long, later; it takes over when the
                          primary's lease of `TTL` is over. Asynchronous, so that a pair of which one is down
                          still takes writes; what was not shipped is lost then
    raft                  the leader of three works `WORK`, and waits for one other
    quorums               three nodes, each of which coordinates a third of the writes, and waits for two
                          copies: `WORK` where it coordinates, half of that for each message of a write; over
                          three nodes that is `WORK` for each copy. With a ring of shards around it this is
                          what the chapter describes of Cassandra

Whatever runs on a database's host has a shard server beside it (`models.sharding`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from models import Host, Network
from models.consensus import RaftClientSettings, RaftSettings, RaftStore
from models.replication import PrimaryReplicaStore, QuorumStore, SingleNodeStore, Store
from models.replication.primary_replica import Asynchronous, FailoverSettings, ReplicationSettings
from models.replication.quorums import QuorumSettings
from models.storage import GroupCommit
from simulator import Environment

ShardKind = Literal["one process", "primary and replica", "raft", "quorums"]

HOSTS: Mapping[str, int] = {"one process": 1, "primary and replica": 2, "raft": 3, "quorums": 3}
"""How many hosts a shard of each kind has."""

NEEDED: Mapping[str, int] = {"one process": 1, "primary and replica": 1, "raft": 2, "quorums": 2}
"""How many of them a shard needs, once those who are left know of each other."""

WORK = 0.02
"""Seconds that a write works on a core: a database takes 50 writes a second."""

TTL = 1.0
"""Seconds until a primary that is gone has lost its lease, and another may take over."""

_THREADS = 1000  # what waits, waits for the core
_SNAPSHOT_INTERVAL = 20  # records, which a member that has started again replays before anything else
_FAILOVER = FailoverSettings(ttl=TTL, renewal_interval=TTL / 3.0, report_wait=0.2)


def new_shard(
    env: Environment,
    network: Network,
    kind: ShardKind,
    hosts: Sequence[Host],
    name: str,
    *,
    contents: Mapping[Any, Any] | None = None,
) -> Store:
    """Return a shard of that kind on `hosts`, of which there must be `HOSTS[kind]`."""
    return _BUILDERS[kind](env, network, hosts, name, contents)


def front_host(store: Store) -> Host:
    """Return the host of the primary, of the leader, or of the first node where all are alike."""
    if isinstance(store, PrimaryReplicaStore):
        return store.primary.host
    if isinstance(store, RaftStore) and store.cluster.leader is not None:
        return store.cluster.leader.host
    return store.nodes[0].host


_Builder = Callable[[Environment, Network, Sequence[Host], str, Mapping[Any, Any] | None], Store]


def _single(
    env: Environment, network: Network, hosts: Sequence[Host], name: str, contents: Mapping[Any, Any] | None
) -> Store:
    return SingleNodeStore(
        env, network, hosts[0], contents=contents, request_work=WORK, threads=_THREADS, name=name
    )


def _pair(
    env: Environment, network: Network, hosts: Sequence[Host], name: str, contents: Mapping[Any, Any] | None
) -> Store:
    return PrimaryReplicaStore(
        env,
        network,
        hosts,
        settings=ReplicationSettings(
            commit_rule=Asynchronous(),
            request_work=WORK,
            replay_work=WORK,
            snapshot_interval=_SNAPSHOT_INTERVAL,
            failover=_FAILOVER,
        ),
        contents=contents,
        monitor_host=Host(env, f"{name} monitor"),
        discovery_timeout=0.2,
        name=name,
        threads=_THREADS,
    )


def _raft(
    env: Environment, network: Network, hosts: Sequence[Host], name: str, contents: Mapping[Any, Any] | None
) -> Store:
    return RaftStore(
        env,
        network,
        hosts,
        settings=RaftSettings(
            election_timeout_min=0.5, election_timeout_max=1.0, heartbeat_interval=0.2, command_work=WORK
        ),
        # Longer than the longest queue of the study, or what waits there would be asked again.
        client_settings=RaftClientSettings(attempt_timeout=1.0),
        contents=contents,
        name=name,
        threads=_THREADS,
    )


def _quorums(
    env: Environment, network: Network, hosts: Sequence[Host], name: str, contents: Mapping[Any, Any] | None
) -> Store:
    settings = QuorumSettings(durability=GroupCommit(), work=WORK, message_work=WORK / 2.0)
    return QuorumStore(env, network, hosts, settings=settings, contents=contents, name=name)


_BUILDERS: Mapping[str, _Builder] = {
    "one process": _single,
    "primary and replica": _pair,
    "raft": _raft,
    "quorums": _quorums,
}
