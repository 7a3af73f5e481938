"""How long a read model needs that has a backlog, until it has none.

It is a queue with one server, if it reads one commit at a time, each for a time S: from n commits behind it
needs n S / (1 - rate S) on average. That is the backlog by what is left of the capacity, n / (1/S - rate).
Source: Kleinrock, "Queueing Systems", volume 1 (1975), section 5.8, on busy periods.
"""

from __future__ import annotations

from ..stability import require_stable


def catching_up_time(rate: float, *, missing: float, service_time: float) -> float:
    """Return how long it takes on average until one that lacks `missing` commits lacks none."""
    require_stable(rate * service_time)
    return missing * service_time / (1.0 - rate * service_time)
