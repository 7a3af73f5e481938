"""Replication: stores against what is known of them, through their real messages.

catalogue           all checks, in order; not shown here, since what they expect takes a second to solve for
partial_quorums     how often a read misses the last write: by time (WARS), by versions
lost_writes         acknowledged writes that are gone when an asynchronous replica takes over
elections           the time to a leader, and split votes, of real Raft nodes
random_quorums      the numbers that are expected where quorums are drawn at random
election_rounds     those that are expected of elections, by another program
"""

from .election_rounds import ElectionOdds, election_odds, split_probability
from .random_quorums import versions_stale_probability

__all__ = ["ElectionOdds", "election_odds", "split_probability", "versions_stale_probability"]
