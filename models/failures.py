"""How a call can fail: the `CallFailed` family.

A call returns a response or raises a member of this family; nothing else means success, and nothing else is
an outcome of the model. What matters to a caller is what it may conclude:

    Refused, Rejected, BreakerOpen      the work was not done, and asking again is safe
    Unavailable                         the store will not answer without its quorum; the work was not done
    ServerError                         the work was begun and failed
    TimedOut, ConnectionLost            nobody knows whether the work was done

That is what one attempt says. A call may be more than that: something asks again, sends a copy, turns to
another one, or has done a part of the work before. What it raises at last is the failure of the last attempt,
and that one says nothing of those before: after one that timed out, `Refused` does not mean that nothing was
done. So the kind of a failure is for statistics and for whoever asks again anyway; what may be concluded
about the work, `nothing_done` says. The first two lines of the table have it by their kind, and whoever
raises such a failure for a call that may have done something all the same raises it `in_doubt`. Retry, hedge
and fallback do; what makes several attempts of its own has to do so too. Nobody else needs to know what
stands inside: the failure carries it, through balancers and over networks.

Source: the split into "not done" and "unknown" is that of Jepsen's `:fail` and `:info`; "in doubt" is what a
transaction is of which nobody can say whether it was done (Gray and Reuter, "Transaction Processing", 1993).
"""

from __future__ import annotations

from copy import copy

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
    "in_doubt",
    "own_copy",
]


class Refused(CallFailed):
    """Nobody listens there: the host is up, the process is down; the answer comes after one round trip."""

    nothing_done = True


class ConnectionLost(CallFailed):
    """The connection broke while the answer was awaited (a reset, or too many lost packets).

    Whether the work was done is unknown.
    """


class Rejected(CallFailed):
    """A part that limits how much it takes on would not take this call.

    `by` names the part, `reason` the rule (queue full, bulkhead full, shed, rate limit). `part` is the
    instance that it has left, if any: names need not differ.
    """

    nothing_done = True
    part: object = None

    def __init__(self, by: str, reason: str = "full") -> None:
        super().__init__(by, reason)
        self.by = by
        self.reason = reason

    def __str__(self) -> str:
        return f"rejected by {self.by}: {self.reason}"


class BreakerOpen(CallFailed):
    """A circuit breaker is open, so the call was not made; the argument names the breaker."""

    nothing_done = True


class Unavailable(CallFailed):
    """The store will not answer, because it cannot do so consistently (no quorum)."""

    nothing_done = True


class ServerError(CallFailed):
    """The server tried and failed."""


def in_doubt(failure: CallFailed) -> CallFailed:
    """Return `failure` as that of a call which may have done something, whatever its last attempt says.

    Another object where that makes a difference: others may have been told of the same failure.

    Example::

        except CallFailed as failure:
            raise failure if before.nothing_done else in_doubt(failure)
    """
    if not failure.nothing_done:
        return failure
    doubted = own_copy(failure)
    doubted.nothing_done = False
    return doubted


def own_copy(failure: CallFailed) -> CallFailed:
    """Return the failure as a new object, without the frames of those who have seen it."""
    try:
        return copy(failure)
    except Exception:  # not every error can be made from its `args`
        return failure.with_traceback(None)
