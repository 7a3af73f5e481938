"""Leaderless quorums: a write goes to all replicas of its key, and who asks says how many are waited for.

store               QuorumStore: what it promises, and why it is not linearizable
settings            QuorumSettings; presets: cassandra, dynamo, wars; requests: at_level
levels              Level: ONE, QUORUM, LOCAL_QUORUM and so on, or a number
coordinator         what is done with a write and a read; write, read: one of them under way
replica             QuorumNode: a coordinator that holds data; table: the data; messages; client
stored_replica      what it has on its disk: a log, and snapshots that keep it short
preference_lists    which nodes keep a key
failure_detector    phi accrual; membership: heartbeats and gossip
hints               HintedHandoff: writes that are kept for those who are away
merkle_tree         and anti_entropy: replicas that compare what they have
speculation         asking one replica more; message_legs: latencies of the WARS model
flaws               QuorumFlaws: bugs to plant, for tests of checkers
"""

from .anti_entropy import AntiEntropy
from .flaws import QuorumFlaws
from .hints import HintedHandoff
from .levels import Level
from .membership import Detection, News
from .message_legs import MessageLegs
from .presets import cassandra, dynamo, wars
from .replica import QuorumNode
from .requests import at_level
from .settings import Coordination, QuorumSettings, ReadRepair, ReadsFrom, Versioning
from .speculation import AfterDelay, AfterPercentile, Always, Never
from .statistics import QuorumStatistics
from .store import QuorumStore

__all__ = [
    "AfterDelay",
    "AfterPercentile",
    "Always",
    "AntiEntropy",
    "Coordination",
    "Detection",
    "HintedHandoff",
    "Level",
    "MessageLegs",
    "Never",
    "News",
    "QuorumFlaws",
    "QuorumNode",
    "QuorumSettings",
    "QuorumStatistics",
    "QuorumStore",
    "ReadRepair",
    "ReadsFrom",
    "Versioning",
    "at_level",
    "cassandra",
    "dynamo",
    "wars",
]
