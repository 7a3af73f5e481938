"""All checks of this package, topic by topic."""

from __future__ import annotations

from ..experiment import TheoryCheck
from .data_loss import CHECKS as DATA_LOSS
from .detection import CHECKS as DETECTION
from .ejection import CHECKS as EJECTION
from .false_ejections import CHECKS as FALSE_EJECTIONS
from .false_marks import CHECKS as FALSE_MARKS
from .redundancy import CHECKS as REDUNDANCY
from .replication_lag import CHECKS as REPLICATION_LAG
from .zones import CHECKS as ZONES

CHECKS: tuple[TheoryCheck, ...] = (
    *REDUNDANCY,
    *ZONES,
    *DATA_LOSS,
    *DETECTION,
    *EJECTION,
    *FALSE_MARKS,
    *FALSE_EJECTIONS,
    *REPLICATION_LAG,
)
"""Redundancy, zones, loss of data, detection, ejection, false alarms and lagging replicas."""
