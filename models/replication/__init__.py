"""Replication: the same data on several nodes, and what that costs.

    store              Store: the contract of all stores
    operations         what they are asked: read, write, compare_and_set, append, add, set_add, delete, scan
    effects            effect_of: what an operation does where there is one order
    single             SingleNodeStore: one process, one disk, no replica: the measure of the others
    primary_replica/   PrimaryReplicaStore: one decides, the others replay its log
    multi_primary/     MultiPrimaryStore: every node takes writes, and conflicts are resolved afterwards
    quorums/           QuorumStore: no node is special, and as many answers as the caller asks for
    scans/             KeySet: of which keys a scan is; Scanned: what it is told, and from where to go on
    sessions/          Session: a client that sees its own writes, on any store that tells versions
    versions/          which version wins where nobody decides: by clocks, or none, and then siblings
    unique_writes      UniqueWrites: gives what a workload writes a value of its own, for histories

The store that agrees by majority is `consensus.RaftStore`.
"""

from .effects import effect_of
from .multi_primary import MultiPrimaryStore
from .operations import (
    ADD,
    APPEND,
    COMPARE_AND_SET,
    DELETE,
    READ,
    SCAN,
    SET_ADD,
    SET_REMOVE,
    WRITE,
    add,
    append,
    compare_and_set,
    delete,
    read,
    scan,
    set_add,
    set_remove,
    write,
)
from .primary_replica import PrimaryReplicaStore
from .quorums import QuorumStore
from .single import SingleNodeStore
from .store import Store
from .unique_writes import UniqueWrites

__all__ = [
    "ADD",
    "APPEND",
    "COMPARE_AND_SET",
    "DELETE",
    "READ",
    "SCAN",
    "SET_ADD",
    "SET_REMOVE",
    "WRITE",
    "MultiPrimaryStore",
    "PrimaryReplicaStore",
    "QuorumStore",
    "SingleNodeStore",
    "Store",
    "UniqueWrites",
    "add",
    "append",
    "compare_and_set",
    "delete",
    "effect_of",
    "read",
    "scan",
    "set_add",
    "set_remove",
    "write",
]
