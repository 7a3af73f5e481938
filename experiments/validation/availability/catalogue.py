"""All checks of this package, topic by topic."""

from __future__ import annotations

from ..experiment import TheoryCheck
from .data_loss import CHECKS as DATA_LOSS
from .redundancy import CHECKS as REDUNDANCY
from .zones import CHECKS as ZONES

CHECKS: tuple[TheoryCheck, ...] = (*REDUNDANCY, *ZONES, *DATA_LOSS)
"""Redundancy, zones and loss of data."""
