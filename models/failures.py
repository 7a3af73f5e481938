"""How a call can fail: the `CallFailed` family.

A call returns a response or raises a member of this family; nothing else means success, and nothing else is
an outcome of the model. What matters to a caller is what it may conclude:

    Refused, Rejected, BreakerOpen      the work was not done, and asking again is safe
    Unavailable                         the store will not answer without its quorum; the work was not done
    ServerError                         the work was begun and failed
    TimedOut, ConnectionLost            nobody knows whether the work was done

Source: the split into "not done" and "unknown" is that of Jepsen's `:fail` and `:info`.
"""

from __future__ import annotations

from simulator import CallFailed, TimedOut

__all__ = [
    "BreakerOpen",
    "CallFailed",
    "ConnectionLost",
    "Refused",
    "Rejected",
    "ServerError",
    "TimedOut",
    "Unavailable",
]


class Refused(CallFailed):
    """Nobody listens there: the host is up, the process is down; the answer comes after one round trip."""


class ConnectionLost(CallFailed):
    """The connection broke while the answer was awaited (a reset, or too many lost packets).

    Whether the work was done is unknown.
    """


class Rejected(CallFailed):
    """A part that limits how much it takes on would not take this call.

    `by` names the part, `reason` the rule (queue full, bulkhead full, shed, rate limit). `part` is the
    instance that it has left, if any: names need not differ.
    """

    part: object = None

    def __init__(self, by: str, reason: str = "full") -> None:
        super().__init__(by, reason)
        self.by = by
        self.reason = reason

    def __str__(self) -> str:
        return f"rejected by {self.by}: {self.reason}"


class BreakerOpen(CallFailed):
    """A circuit breaker is open, so the call was not made; the argument names the breaker."""


class Unavailable(CallFailed):
    """The store will not answer, because it cannot do so consistently (no quorum)."""


class ServerError(CallFailed):
    """The server tried and failed."""
