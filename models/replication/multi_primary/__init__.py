"""Multi-primary: every node takes updates and tells the others, and conflicts are resolved afterwards.

store               MultiPrimaryStore: what it promises, and why it is not linearizable
settings            MultiPrimarySettings; failover: when a client leaves its node
resolution          what becomes of two updates of one key, one of:
  last_writer_wins    LastWriterWins: the one with the later timestamp is kept
  keep_siblings       KeepSiblings: both are, and the application merges them
  crdts               Crdts: they merge by themselves; crdt/: the data types
node                PrimaryNode: what is done with an update; client: who asks which node
holdings            what a node has: updates by their origins, versions by keys
shipping            how updates get from node to node; messages: what is sent
ledger, statistics  what has become of the updates
flaws               MultiPrimaryFlaws: bugs to plant, for tests of checkers
"""

from .crdts import Crdts, Register
from .failover import Failover
from .flaws import MultiPrimaryFlaws
from .keep_siblings import KeepSiblings
from .last_writer_wins import LastWriterWins
from .node import PrimaryNode
from .resolution import Resolution
from .settings import MultiPrimarySettings
from .statistics import Backlog, MultiPrimaryStatistics
from .store import MultiPrimaryStore

__all__ = [
    "Backlog",
    "Crdts",
    "Failover",
    "KeepSiblings",
    "LastWriterWins",
    "MultiPrimaryFlaws",
    "MultiPrimarySettings",
    "MultiPrimaryStatistics",
    "MultiPrimaryStore",
    "PrimaryNode",
    "Register",
    "Resolution",
]
