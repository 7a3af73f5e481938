"""The quorum path: what a write and a read of a leaderless store cost, with all that keeps them safe.

    client --(network)--> coordinator, a replica --(network)--> two replicas --(network)--> back

Eight clients take turns at the three coordinators, N = 3, and ask again as soon as they are answered: half of
them write, to keys of their own, half read what these have written. A write goes to all three replicas,
each syncs its log (1 ms, one sync for all that have come meanwhile), and two acknowledgements answer it. A
read asks the coordinator's own replica for data and one other for a digest; where a write is between the two,
both for data, and who is behind is repaired first. Each way through the network is lognormal with a median of
1 ms. Heartbeats, hints and speculation are there, as by default, and find nothing to do.

Between nodes a write is four messages, and a read two where the replicas agree.
"""

from __future__ import annotations

from dataclasses import dataclass

from models import Host, Network
from models.replication import QuorumStore
from models.replication.quorums import QuorumSettings, QuorumStatistics
from models.storage import GroupCommit
from simulator import Environment

from .store_load import HOP, READERS, SYNC_TIME, WRITERS, ask

REPLICAS = 3
"""N, and the number of nodes."""

QUORUM = 2
"""R and W."""

TIMEOUT = 2.0
"""Seconds until a coordinator gives up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuorumPathRun:
    """Latencies in seconds of the writes and of the reads, in the order of their ends, and what was done."""

    writes: list[float]
    reads: list[float]
    statistics: QuorumStatistics


def quorum_path_in_gameday(
    operations: int, seed: int, *, writers: int = WRITERS, readers: int = READERS
) -> QuorumPathRun:
    """Let the clients do about so many operations, all alike."""
    env = Environment(seed=seed)
    network = Network(env, latencies=HOP)
    hosts = [Host(env, f"host-{number}") for number in range(REPLICAS)]
    settings = QuorumSettings(
        read_level=QUORUM,
        write_level=QUORUM,
        durability=GroupCommit(),
        sync_time=SYNC_TIME,
        write_timeout=TIMEOUT,
        read_timeout=TIMEOUT,
    )
    store = QuorumStore(env, network, hosts, settings=settings)
    writes, reads = ask(env, store, operations, writers, readers, reads_first=False)
    return QuorumPathRun(writes=writes, reads=reads, statistics=store.statistics())
