"""All balancing checks."""

from __future__ import annotations

from ..experiment import TheoryCheck
from . import hashing, localities, old_reports, three_choices

CHECKS: tuple[TheoryCheck, ...] = (
    *hashing.CHECKS,
    *localities.CHECKS,
    *three_choices.CHECKS,
    *old_reports.CHECKS,
)
"""In the order in which they are shown."""
