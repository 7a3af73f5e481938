"""All checks of this package, topic by topic."""

from __future__ import annotations

from ..experiment import TheoryCheck
from .dirty_reads import CHECKS as DIRTY_READS
from .doubt import CHECKS as DOUBT
from .dual_writes import CHECKS as DUAL_WRITES
from .locks import CHECKS as LOCKS

CHECKS: tuple[TheoryCheck, ...] = (*DUAL_WRITES, *LOCKS, *DOUBT, *DIRTY_READS)
"""Dual writes, locks, doubt, and what sagas see of each other."""
