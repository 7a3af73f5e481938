"""Consensus: one order of events that a majority agrees on, and what is built on it.

raft/        a replicated log for any state machine, with its invariants asserted
key_value/   RaftStore: the CP key-value store
"""

from .key_value import KeyValueMachine, RaftStore
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
    "KeyValueMachine",
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
