"""The outcome of an attempt: each ends in exactly one of these, or is still in flight when the run ends."""

from __future__ import annotations

from enum import IntEnum

from .failures import (
    BreakerOpen,
    CallFailed,
    ConnectionLost,
    Refused,
    Rejected,
    ServerError,
    TimedOut,
    Unavailable,
)
from .request import Response


class Outcome(IntEnum):
    """How an attempt ended; the value is the code that request tables hold."""

    OK = 0
    DEGRADED = 1
    TIMED_OUT = 2
    REFUSED = 3
    REJECTED = 4
    BREAKER_OPEN = 5
    UNAVAILABLE = 6
    SERVER_ERROR = 7
    CANCELLED = 8
    UNKNOWN = 9

    @property
    def is_answer(self) -> bool:
        """Whether the caller got what it asked for, if need be without its optional parts."""
        return self <= Outcome.DEGRADED


OUTCOME_NAMES = tuple(outcome.name.lower() for outcome in Outcome)
"""The names of the outcomes in the order of their codes, as `RequestTable` wants them."""

_BY_FAILURE: dict[type[CallFailed], Outcome] = {
    TimedOut: Outcome.TIMED_OUT,
    Refused: Outcome.REFUSED,
    ConnectionLost: Outcome.UNKNOWN,
    Rejected: Outcome.REJECTED,
    BreakerOpen: Outcome.BREAKER_OPEN,
    Unavailable: Outcome.UNAVAILABLE,
    ServerError: Outcome.SERVER_ERROR,
}


def outcome_of(result: Response | CallFailed) -> Outcome:
    """Return the outcome that a response or a failure stands for.

    A failure that a user has derived from a member of the family counts as that member; one derived from
    `CallFailed` itself is `UNKNOWN`, because nothing is known about it.
    """
    if isinstance(result, Response):
        return Outcome.DEGRADED if result.degraded else Outcome.OK
    for kind in type(result).__mro__:
        if kind in _BY_FAILURE:
            return _BY_FAILURE[kind]
    return Outcome.UNKNOWN
