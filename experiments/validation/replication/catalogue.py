"""All checks of this package, topic by topic."""

from __future__ import annotations

from ..experiment import TheoryCheck
from .elections import CHECKS as ELECTIONS
from .lost_writes import CHECKS as LOST_WRITES
from .partial_quorums import CHECKS as PARTIAL_QUORUMS

CHECKS: tuple[TheoryCheck, ...] = (*PARTIAL_QUORUMS, *LOST_WRITES, *ELECTIONS)
"""Partial quorums, failovers of asynchronous replicas, elections."""
