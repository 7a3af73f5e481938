"""Rejections that say which part rejects, and not only by its name.

An instance lets a `Rejected` of its own pass as it is, and makes a server error of any other that leaves its
handler. Names need not differ: without the part, the rejection by a bulkhead of the instance's name would
pass for the instance's own.
"""

from __future__ import annotations

from ..endpoint import Endpoint
from ..failures import Rejected


def rejection(part: Endpoint, reason: str) -> Rejected:
    """Return the failure of a call that `part` does not take on, for a `reason` such as "queue full"."""
    rejected = Rejected(part.name, reason)
    rejected.part = part
    return rejected
