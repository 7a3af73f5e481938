"""When a client goes to another node than its own."""

from __future__ import annotations

from dataclasses import dataclass

from ...validation import require_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Failover:
    """A client whose node has failed it goes to the next nearest, and back after `return_after` s (>= 0).

    The time, which may be infinite, is by the clock of the client's host, from the last failure.
    """

    return_after: float = 30.0

    def __post_init__(self) -> None:
        """Check the time."""
        require_time("return_after", self.return_after)
