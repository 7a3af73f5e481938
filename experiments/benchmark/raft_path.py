"""The Raft path: what a write and a read of the store on Raft cost, with all that keeps it safe.

    client --(network)--> leader --(network)--> two followers --(network)--> back

Eight clients ask the leader of three nodes, and ask again as soon as they are answered: half of them write,
to keys of their own, half read what these have written. The leader appends a write to its log and sends it to
the followers, one message to each under way at a time, with all that has come meanwhile; each node syncs its
log (1 ms, one sync for all that waits), and a majority commits it. A read waits until a majority has answered
a heartbeat that was sent after it came, one round for all who wait. Each way through the network is lognormal
with a median of 1 ms. Elections, sessions of clients and the assertion of Raft's invariants are there, and
find nothing to do.
"""

from __future__ import annotations

from dataclasses import dataclass

from models import Host, Network
from models.consensus import RaftStore
from models.storage import Disk
from simulator import Environment

from .store_load import HOP, READERS, SYNC_TIME, WRITERS, ask

NODES = 3
"""Of which two are a majority."""

HEARTBEAT_INTERVAL = 0.05
"""Seconds, as by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RaftPathRun:
    """Latencies in seconds of writes and of reads, in the order of their ends.

    `message_count` is that of the messages between nodes.
    """

    writes: list[float]
    reads: list[float]
    message_count: int


def raft_path_in_gameday(
    operations: int, seed: int, *, writers: int = WRITERS, readers: int = READERS
) -> RaftPathRun:
    """Let the clients do about so many operations, once there is a leader."""
    env = Environment(seed=seed)
    network = Network(env, latencies=HOP)
    hosts = [Host(env, f"host-{number}") for number in range(NODES)]
    store = RaftStore(env, network, hosts, make_disk=lambda host: Disk(host, sync_time=SYNC_TIME))
    writes, reads = ask(env, store, operations, writers, readers, reads_first=True)
    return RaftPathRun(writes=writes, reads=reads, message_count=store.statistics().sent_count)
