"""All queueing checks."""

from ..experiment import TheoryCheck
from . import backlogs, choices, impatience, many_servers, networks, retrials, single_server

CHECKS: tuple[TheoryCheck, ...] = (
    *many_servers.CHECKS,
    *single_server.CHECKS,
    *impatience.CHECKS,
    *retrials.CHECKS,
    *networks.CHECKS,
    *choices.CHECKS,
    *backlogs.CHECKS,
)
"""In the order in which they are shown."""
