"""Flaws that can be planted in a quorum store, each a bug that such stores have had: for tests of checkers.

Nothing here is a setting of a real store; with none of them the store does what its settings promise.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class QuorumFlaws:
    """What is wrong with the store; by default nothing.

    `acknowledges_before_quorum`: a write is acknowledged when it has been sent, whatever the level.
    `acknowledges_before_durable`: a replica acknowledges before its log says that it may.
    `counts_hints`: a hint counts as an acknowledgement at every level, and not at ANY alone.
    `answers_first`: a read gives the first answer that it has, and not the newest.
    `forgets_tombstones`: a tombstone is dropped at once, and not after the grace.
    """

    acknowledges_before_quorum: bool = False
    acknowledges_before_durable: bool = False
    counts_hints: bool = False
    answers_first: bool = False
    forgets_tombstones: bool = False
