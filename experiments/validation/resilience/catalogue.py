"""All checks of this package, topic by topic."""

from __future__ import annotations

from ..experiment import TheoryCheck
from .breaker_renewal import CHECKS as BREAKER
from .collapse import CHECKS as COLLAPSE
from .contention import CHECKS as CONTENTION
from .fan_out import CHECKS as FAN_OUT
from .hedging import CHECKS as HEDGING
from .retries import CHECKS as RETRIES
from .retry_policies import CHECKS as RETRY_POLICIES

CHECKS: tuple[TheoryCheck, ...] = (
    *FAN_OUT,
    *HEDGING,
    *RETRIES,
    *RETRY_POLICIES,
    *CONTENTION,
    *COLLAPSE,
    *BREAKER,
)
"""Tail, retries, backoff, collapse and breaker."""
