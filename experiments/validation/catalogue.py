"""All checks that `gameday validate` runs, in the order in which it shows them."""

from . import availability, balancing, queueing, replication, resilience, scaling
from .experiment import TheoryCheck

CHECKS: tuple[TheoryCheck, ...] = (
    *queueing.CHECKS,
    *balancing.CHECKS,
    *resilience.CHECKS,
    *availability.CHECKS,
    *scaling.CHECKS,
    *replication.CHECKS,
)
"""All of them; their names differ, since a check's random numbers come from its name."""
