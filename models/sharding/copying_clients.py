"""Clients by whom a range is copied: they show all that was acknowledged, whatever other clients are shown.

A store may let its clients read from replicas that are behind, or from fewer replicas than would meet every
write. Then a read is stale, and the next one need not be. A copy that is made by such reads would not be
behind but wrong for ever, since what it does not show is dropped with the source: a stale read would become
a lost write. So copies are made

    primary and replicas    by reads at the primary
    quorums                 at a level that meets every write: N - W + 1 replicas, or all where W is no number
    others                  as the store's clients read

Where nobody knows who has what was acknowledged (hints in a sloppy quorum, several primaries, commits that
are not durable) no read shows it for certain, and the store does not promise to keep it.
"""

from __future__ import annotations

from ..endpoint import Endpoint
from ..infrastructure import Host
from ..replication import PrimaryReplicaStore, QuorumStore, Store
from ..replication.primary_replica import ReadPolicy
from ..replication.quorums import Level, QuorumSettings


def copying_client(store: Store, host: Host) -> Endpoint:
    """Return a client of `store` on `host` whose scans show all that was acknowledged, if it has one."""
    if isinstance(store, PrimaryReplicaStore):
        return store.client(host, reads=ReadPolicy())
    if isinstance(store, QuorumStore):
        return store.client(host, read_level=meeting_level(store.settings))
    return store.client(host)


def meeting_level(settings: QuorumSettings) -> Level | int:
    """Return the lowest read level that meets every write which was acknowledged at the store's level."""
    count = settings.replica_count
    written = {
        Level.ONE: 1,
        Level.TWO: 2,
        Level.THREE: 3,
        Level.QUORUM: count // 2 + 1,
        Level.ALL: count,
    }
    level = settings.write_level
    met = level if isinstance(level, int) else written.get(level)
    return Level.ALL if met is None or settings.sloppy else max(1, count - met + 1)
