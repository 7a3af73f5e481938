"""The CP key-value store: on Raft, linearizable, and silent without a majority.

machine   KeyValueMachine: keys with values, as a state machine
store     RaftStore: the store
"""

from .machine import KeyValueMachine
from .store import RaftStore

__all__ = ["KeyValueMachine", "RaftStore"]
