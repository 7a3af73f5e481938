"""All checks of this package, topic by topic."""

from __future__ import annotations

from ..experiment import TheoryCheck
from .eviction import CHECKS as EVICTION
from .times_to_live import CHECKS as TIMES_TO_LIVE

CHECKS: tuple[TheoryCheck, ...] = (*EVICTION, *TIMES_TO_LIVE)
"""What is evicted, and what expires."""
