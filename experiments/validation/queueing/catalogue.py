"""All queueing checks."""

from ..experiment import TheoryCheck
from . import choices, impatience, many_servers, networks, retrials, single_server

CHECKS: tuple[TheoryCheck, ...] = (
    *many_servers.CHECKS,
    *single_server.CHECKS,
    *impatience.CHECKS,
    *retrials.CHECKS,
    *networks.CHECKS,
    *choices.CHECKS,
)
"""In the order in which they are shown."""
