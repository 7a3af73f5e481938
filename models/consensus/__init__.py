"""Consensus: one order of events that a majority agrees on, and what is built on it.

raft/        a replicated log for any state machine, with its invariants asserted
key_value/   RaftStore: the CP key-value store
lock_service/
             LockService: locks with leases and fencing tokens; FencedResource, what they protect
"""

from .key_value import KeyValueMachine, RaftStore
from .lock_service import FencedResource, KeyLock, LockClient, LockService, LockSettings
from .raft import (
    NotLeader,
    RaftClient,
    RaftClientSettings,
    RaftCluster,
    RaftFlaws,
    RaftNode,
    RaftSettings,
    Reads,
    StateMachine,
)

__all__ = [
    "FencedResource",
    "KeyLock",
    "KeyValueMachine",
    "LockClient",
    "LockService",
    "LockSettings",
    "NotLeader",
    "RaftClient",
    "RaftClientSettings",
    "RaftCluster",
    "RaftFlaws",
    "RaftNode",
    "RaftSettings",
    "RaftStore",
    "Reads",
    "StateMachine",
]
