"""Elections: when a node asks to be leader, and whom it votes for.

States of a node that does not lead: *follower* -> *pre-candidate* (its timer has rung; asks whether it would
be elected, and changes nothing) -> *candidate* (has begun a term and voted for itself; asks for votes) ->
leader (a majority has voted for it), or *follower* again: at a higher term, or under the leader of its own.
Without pre-votes it is a candidate at once. A candidate whose timer rings begins again.

1. The timer is set again by an AppendEntries of the current leader, by granting a vote, and when the node
   itself asks. A candidate that learns of a higher term keeps its timer: it has heard no leader.
2. One vote a term, and it is durable before anybody hears of it; so is the candidate's own.
3. A vote goes to whoever's log is at least as up to date: a later last term, or the same and as long.
4. A pre-vote is granted by the same rules to one that asks about a term in which the vote is free, and binds
   nobody.
5. A node that leads, or has heard a leader within the shortest election timeout, ignores requests for
   pre-votes, and with `check_quorum` those for votes too, higher terms included: it is what a lease rests on,
   and it keeps a node that cannot hear the leader from deposing it. What a node has heard before a crash it
   does not know: under leases it takes its restart for a sign of life.

Source: Ongaro and Ousterhout 2014, section 5.2; Ongaro 2014, sections 3.4, 3.6, 4.2.3, 6.4.1, 9.6; rule 1's
last sentence after AvailSim (`step_down`); etcd's raft (`Step`) for pre-votes beside higher terms.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from .election_timer import ElectionTimer
from .messages import RequestVote, Vote
from .role import Role
from .settings import Reads

if TYPE_CHECKING:
    from .node import RaftNode


class Elections:
    """How `node` takes part in elections. `heard_at` is when, by its clock, it last heard a leader."""

    __slots__ = ("_granted", "_node", "heard_at", "timer")

    def __init__(self, node: RaftNode) -> None:
        self._node = node
        self.timer = ElectionTimer(node, self.time_out)
        self.heard_at = -inf
        self._granted: dict[RaftNode, None] = {}

    def wake_up(self) -> None:
        """Begin to wait for a leader."""
        node = self._node
        may_have_promised = node.settings.reads is Reads.LEASE
        self.heard_at = node.host.monotonic_clock() if may_have_promised else -inf
        self.timer.start()

    # -- asking ---------------------------------------------------------------------------------------------

    def time_out(self) -> None:
        """Ask to be leader: nobody leads, as far as the node knows."""
        node = self._node
        node.leader = None
        if node.settings.pre_vote:
            node.role = Role.PRE_CANDIDATE
            self.timer.start()
            self._ask(node.term + 1)
        else:
            self._campaign()

    def _campaign(self) -> None:
        node = self._node
        node.role = Role.CANDIDATE
        self.timer.start()
        term = node.term + 1
        self._vote(term, node)
        self._granted = {}
        node.durable.when_cast(self._ask_if_candidate, term)

    def _ask_if_candidate(self, term: int) -> None:
        node = self._node
        if node.role is Role.CANDIDATE and node.term == term:
            node.invariants.voted(node, term, node)
            self._ask(term)

    def _ask(self, term: int) -> None:
        node = self._node
        is_pre_vote = node.role is Role.PRE_CANDIDATE
        durable = node.durable
        self._granted = {node: None}
        for peer in node.peers:
            node.send(peer, RequestVote(node, term, durable.last_index, durable.last_term, is_pre_vote))
        self._count()

    def on_vote(self, vote: Vote) -> None:
        """Count a vote."""
        node = self._node
        if not vote.is_granted:
            node.follow_higher_term(vote.term)
        elif vote.is_pre_vote:
            if node.role is Role.PRE_CANDIDATE and vote.term == node.term + 1:
                self._granted[vote.sender] = None
                self._count()
        elif node.role is Role.CANDIDATE and vote.term == node.term:
            self._granted[vote.sender] = None
            self._count()

    def _count(self) -> None:
        node = self._node
        if len(self._granted) >= node.majority:
            if node.role is Role.PRE_CANDIDATE:
                self._campaign()
            elif node.role is Role.CANDIDATE:
                node.lead()

    # -- voting ---------------------------------------------------------------------------------------------

    def on_request(self, request: RequestVote) -> None:
        """Vote for whoever asks, or not."""
        node = self._node
        if (request.is_pre_vote or node.settings.check_quorum) and self._hears_a_leader():
            return
        is_free = self._is_free(request)
        is_up_to_date = (request.last_term, request.last_index) >= (
            node.durable.last_term,
            node.durable.last_index,
        )
        if request.is_pre_vote:
            is_granted = is_free and is_up_to_date
            term = request.term if is_granted else node.term
            node.send(request.sender, Vote(node, term, is_granted, True))
            return
        node.follow_higher_term(request.term)
        if not (is_free and is_up_to_date):
            node.send(request.sender, Vote(node, node.term, False, False))
            return
        if node.durable.vote is None:
            self._vote(request.term, request.sender)
        self.timer.hear(node.host.monotonic_clock())
        node.durable.when_cast(self._say_vote, request.term, request.sender)

    def _say_vote(self, term: int, candidate: RaftNode) -> None:
        node = self._node
        node.invariants.voted(node, term, candidate)
        node.send(candidate, Vote(node, term, True, False))

    def _hears_a_leader(self) -> bool:
        node = self._node
        silence = node.host.monotonic_clock() - self.heard_at
        return node.role is Role.LEADER or silence < node.settings.election_timeout_min

    def _is_free(self, request: RequestVote) -> bool:
        """Return whether the vote in the term of `request` is not given to somebody else."""
        node = self._node
        if request.term != node.term:
            return request.term > node.term
        return node.durable.vote in (None, request.sender.name)

    def _vote(self, term: int, candidate: RaftNode) -> None:
        node = self._node
        if node.flaws.votes_not_durable:
            if term > node.term:
                node.durable.cast(term, None)
            node.durable.remember_vote(candidate.name)
        else:
            node.durable.cast(term, candidate.name)
