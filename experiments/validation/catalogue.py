"""All checks that `gameday validate` runs, in the order in which it shows them.

Their expected numbers are solved for when they are imported, which takes seconds; studies and workers want a
formula of all this, or one check. So they are imported when somebody asks for them.
"""

from functools import cache

from .experiment import TheoryCheck


@cache
def all_checks() -> tuple[TheoryCheck, ...]:
    """Return all of them; their names differ, since a check's random numbers come from its name."""
    from . import availability, balancing, queueing, resilience, scaling
    from .caching import CHECKS as CACHING
    from .cqrs import CHECKS as CQRS
    from .replication.catalogue import CHECKS as REPLICATION
    from .sharding.catalogue import CHECKS as SHARDING
    from .transactions.catalogue import CHECKS as TRANSACTIONS

    return (
        *queueing.CHECKS,
        *balancing.CHECKS,
        *resilience.CHECKS,
        *availability.CHECKS,
        *scaling.CHECKS,
        *REPLICATION,
        *SHARDING,
        *CQRS,
        *TRANSACTIONS,
        *CACHING,
    )
