"""All checks of this package, topic by topic."""

from __future__ import annotations

from ..experiment import TheoryCheck
from .chained_caches import CHECKS as CHAINED_CACHES
from .eviction import CHECKS as EVICTION
from .times_to_live import CHECKS as TIMES_TO_LIVE

CHECKS: tuple[TheoryCheck, ...] = (*EVICTION, *TIMES_TO_LIVE, *CHAINED_CACHES)
"""What is evicted, what expires, and what is behind each other."""
