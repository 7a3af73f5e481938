"""What a Raft node is at a time."""

from __future__ import annotations

from enum import Enum


class Role(Enum):
    """The role of a node in its term; see `elections` for how one follows from another."""

    FOLLOWER = "follower"
    PRE_CANDIDATE = "pre-candidate"
    CANDIDATE = "candidate"
    LEADER = "leader"
