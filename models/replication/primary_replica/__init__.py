"""Primary and replicas: one decides, ships its log, and the others replay it.

store           PrimaryReplicaStore: the whole; when it is linearizable, and why
settings        what can be set, and the bugs that can be planted
presets         PostgreSQL's and Kafka's rules as settings
commit_rules    how many replicas a commit waits for: none, any k, the first k, all, those in sync
primary         what a primary does: order, ship, count, hold a lease
replica         what a replica does: take in order, acknowledge, apply, be rewound
member          Member: the node that is one or the other
follower        what a primary knows of a replica
monitor         Monitor: leases, failover and switchover
client          who finds the primary, and reads where its policy says
acknowledged    an observer: acknowledged writes that are lost, split brain
messages, requests   what they say to each other
"""

from .client import PrimaryReplicaClient
from .commit_rules import AllOf, AnyOf, Asynchronous, CommitRule, FirstOf, InSync, Progress
from .member import Member
from .monitor import Monitor
from .presets import kafka, postgres
from .settings import (
    FailoverSettings,
    Fencing,
    IfBehind,
    ReadPolicy,
    ReplicationFlaws,
    ReplicationSettings,
    Source,
    Told,
    Visibility,
)
from .store import Lag, PrimaryReplicaStatistics, PrimaryReplicaStore

__all__ = [
    "AllOf",
    "AnyOf",
    "Asynchronous",
    "CommitRule",
    "FailoverSettings",
    "Fencing",
    "FirstOf",
    "IfBehind",
    "InSync",
    "Lag",
    "Member",
    "Monitor",
    "PrimaryReplicaClient",
    "PrimaryReplicaStatistics",
    "PrimaryReplicaStore",
    "Progress",
    "ReadPolicy",
    "ReplicationFlaws",
    "ReplicationSettings",
    "Source",
    "Told",
    "Visibility",
    "kafka",
    "postgres",
]
