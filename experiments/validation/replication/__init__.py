"""Replication: stores against what is known of them, through their real messages.

catalogue           all of them, in order
partial_quorums     how often a read misses the last write: by time (WARS), by versions
lost_writes         acknowledged writes that are gone when an asynchronous replica takes over
elections           the time to a leader, and split votes, of real Raft nodes; election_rounds has the numbers
"""

from .catalogue import CHECKS
from .election_rounds import ElectionOdds, election_odds, split_probability
from .elections import elections
from .lost_writes import lost_between_syncs, lost_on_a_busy_link
from .partial_quorums import fresh_reads, versions_behind, versions_stale_probability

__all__ = [
    "CHECKS",
    "ElectionOdds",
    "election_odds",
    "elections",
    "fresh_reads",
    "lost_between_syncs",
    "lost_on_a_busy_link",
    "split_probability",
    "versions_behind",
    "versions_stale_probability",
]
