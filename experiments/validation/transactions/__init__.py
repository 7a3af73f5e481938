"""Transactions over services: what a crash strikes, who finds a lock taken, and how long doubt lasts.

catalogue      all of them, in order
dual_writes    orders between their two writes when a crash comes
locks          two-phase commits that find a lock taken, and wait for it or do not
doubt          how long participants are locked while their coordinator is down
dirty_reads    steps of sagas that are judged by what another saga has changed and not decided
"""

from .catalogue import CHECKS

__all__ = ["CHECKS"]
