"""Replication: the same data on several nodes, and what that costs.

    store              Store: the contract of all stores
    operations         what they are asked: read, write, compare_and_set, append, add
    effects            effect_of: what an operation does where there is one order
    single             SingleNodeStore: one process, one disk, no replica: the measure of the others
    primary_replica/   PrimaryReplicaStore: one decides, the others replay its log
    quorums/           QuorumStore: no node is special, and as many answers as the caller asks for
    versions/          which version wins where nobody decides: by clocks, or none, and then siblings

The store that agrees by majority is `consensus.RaftStore`.
"""

from .effects import Effect, effect_of
from .operations import ADD, APPEND, COMPARE_AND_SET, READ, WRITE, add, append, compare_and_set, read, write
from .primary_replica import PrimaryReplicaStore
from .quorums import QuorumStore
from .single import SingleNodeStore
from .store import Store

__all__ = [
    "ADD",
    "APPEND",
    "COMPARE_AND_SET",
    "READ",
    "WRITE",
    "Effect",
    "PrimaryReplicaStore",
    "QuorumStore",
    "SingleNodeStore",
    "Store",
    "add",
    "append",
    "compare_and_set",
    "effect_of",
    "read",
    "write",
]
