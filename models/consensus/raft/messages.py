"""What Raft nodes send each other: the paper's RPCs, as messages one way.

Each carries its sender and the sender's term. Times in `sent_at` are the leader's own clock; followers hand
them back as they are, and so a leader knows when those that answer still followed it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .entries import Entry, Snapshot

if TYPE_CHECKING:
    from .node import RaftNode


@dataclass(slots=True)
class RequestVote:
    """A candidate asks for a vote; with `is_pre_vote` whether it would get one, were it to begin `term`."""

    sender: RaftNode
    term: int
    last_index: int
    last_term: int
    is_pre_vote: bool


@dataclass(slots=True)
class Vote:
    """The answer; to a pre-vote that is granted, `term` is the one that was asked about."""

    sender: RaftNode
    term: int
    is_granted: bool
    is_pre_vote: bool


@dataclass(slots=True)
class AppendEntries:
    """The entries after `previous_index`, where the leader's entry is of `previous_term`.

    A heartbeat has none, and says `is_heartbeat`: what it stands behind is known to match.
    """

    sender: RaftNode
    term: int
    previous_index: int
    previous_term: int
    entries: Sequence[Entry]
    commit_index: int
    sent_at: float
    is_heartbeat: bool


@dataclass(slots=True)
class InstallSnapshot:
    """A snapshot in place of entries that the leader no longer has, in one piece."""

    sender: RaftNode
    term: int
    snapshot: Snapshot
    sent_at: float


@dataclass(slots=True)
class AppendReply:
    """The follower's log matches the leader's up to `match_index`, and is on disk so far.

    Or (`conflict_index` > 0) it does not: its entry there is the first of `conflict_term`, or, where that is
    0, its log ends before.
    """

    sender: RaftNode
    term: int
    match_index: int
    conflict_index: int
    conflict_term: int
    sent_at: float
    is_heartbeat: bool
