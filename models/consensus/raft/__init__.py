"""Raft: a replicated log, and on it any state machine, which goes on while a majority of its nodes does.

cluster         RaftCluster: nodes on hosts, clients, invariants
node            RaftNode: terms and roles, what is committed, what clients are answered
elections       who asks to be leader, and who votes for whom; election_timer, role
leadership      what a leader does in its term: replication, commitment, reads, leases
following       what a node does with a leader's messages
durable_state   what is on disk: ballot, log, snapshot; entries says what is in it
messages        what nodes send each other
replica         the state machine and its clients' sessions; state_machine is the contract
client          RaftClient: finds the leader, asks again where that is safe
settings        RaftSettings: timeouts, guards, how reads are answered
flaws           RaftFlaws: bugs to plant, for tests and swarms
invariants      RaftInvariants: the observer that asserts safety at every step
election_trial  the time to a leader, as AvailSim measures it
"""

from .client import RaftClient, RaftClientSettings, RaftClientStatistics
from .cluster import RaftCluster, RaftStatistics
from .election_trial import ElectionTrial, time_to_leader
from .entries import Command
from .failures import NotLeader
from .flaws import RaftFlaws
from .invariants import Elected, RaftInvariants
from .leadership import Leadership
from .node import RaftNode
from .role import Role
from .settings import RaftSettings, Reads
from .state_machine import StateMachine

__all__ = [
    "Command",
    "Elected",
    "ElectionTrial",
    "Leadership",
    "NotLeader",
    "RaftClient",
    "RaftClientSettings",
    "RaftClientStatistics",
    "RaftCluster",
    "RaftFlaws",
    "RaftInvariants",
    "RaftNode",
    "RaftSettings",
    "RaftStatistics",
    "Reads",
    "Role",
    "StateMachine",
    "time_to_leader",
]
